import { actOf, keys, noteLessons, start } from './act.ts';
import type { Act } from './act.ts';
import { newAgentBaseline, startAnew } from './agent.ts';
import type { AgentBaseline, OpenRun } from './agent.ts';
import { behaviours, newSurprise, surpriseOf } from './behaviour.ts';
import { newGroup, newTenant } from './groups.ts';
import type { Group, Tenant } from './groups.ts';
import { admit, bet, defaultBudget, giveBack, levelOfNext, slowAlarm } from './evidence.ts';
import type { AlertBudget } from './evidence.ts';
import { hashText, mix } from './hash.ts';
import { calibrate, learnRun } from './learn.ts';
import { driftOf, driftAlarm, learnMix, rebase } from './mix-drift.ts';
import { levelOf, rankRun } from './rank.ts';
import type { ActionSeen, Disposed, Observation, OutcomeSeen } from './observation.ts';
import { learnHour, minuteTail, turnMinute } from './pace.ts';
import { beginRun } from './rhythm.ts';
import type { Contribution, Score } from './score.ts';
import { newSpread, spreadOf } from './spread.ts';
import type { Spread } from './spread.ts';
import { rawCount } from './table.ts';
import { amountTail, learnAmount, takeShare } from './tails.ts';

/** Everything that is remembered of the agents of one partition. Changed in place by `detect`, by the time of the stream alone. */
export interface DetectorState {
  readonly agents: Map<string, AgentBaseline>;
  /** By tenant and roles. */
  readonly groups: Map<string, Group>;
  readonly tenants: Map<string, Tenant>;
  readonly spread: Spread;
}
export const newDetector = (): DetectorState => ({ agents: new Map(), groups: new Map(), tenants: new Map(), spread: newSpread() });

/** Runs of one agent that go on at the same time, and odd ones that wait for an analyst. */
const mostOpen = 8;
const mostPending = 4;
/** As odd as one in ten is odd by habit; one in a hundred that speaks of hijack teaches no targets. */
const oddBelow = 0.1, flagged = 0.01;

/** While a newly registered version settles, what only is not habit is no alert; that its level rises stays. */
const settlesIn = 3 * 86_400_000;

/**
 * Folds one observation, in constant time on average. Pure but for `state`: the same observations in the same order give the same state and the
 * same scores, bit for bit. @returns the score of an action; undefined for what is none
 */
export const detect = (state: DetectorState, seen: Observation, budget: AlertBudget = defaultBudget): Score | undefined => {
  const agent = agentOf(state, seen.agent);
  switch (seen.kind) {
    case 'started': open(state, agent, seen, hashText(seen.task) || 1); return undefined;
    case 'action': return act(state, agent, seen, budget);
    case 'outcome': outcome(agent, seen); return undefined;
    case 'ended': {
      const at = agent.open.findIndex((run) => run.run === seen.run);
      if (at >= 0) close(state, agent, seen, agent.open.splice(at, 1)[0]!);
      return undefined;
    }
    case 'disposed': dispose(state, agent, seen); return undefined;
  }
};

const agentOf = (state: DetectorState, name: string): AgentBaseline => {
  let agent = state.agents.get(name);
  if (agent === undefined) state.agents.set(name, agent = newAgentBaseline());
  return agent;
};
const groupOf = (state: DetectorState, { peers }: AgentBaseline): Group => {
  let found = state.groups.get(peers);
  if (found === undefined) state.groups.set(peers, found = newGroup());
  return found;
};
const tenantOf = (state: DetectorState, name: string): Tenant => {
  let found = state.tenants.get(name);
  if (found === undefined) state.tenants.set(name, found = newTenant());
  return found;
};

const open = (state: DetectorState, agent: AgentBaseline, { tenant, run, now }: Observation, task: number): OpenRun => {
  const known = agent.open.find((one) => one.run === run);
  if (known !== undefined) return known;
  if (agent.open.length >= mostOpen) close(state, agent, { tenant, now }, agent.open.shift()!);
  const opened: OpenRun = {
    run, task, previous: start, lessons: { own: [], tools: [], classes: [], targets: [] }, fresh: 0, familiar: 0, volume: 0, silence: 0, spend: 0, trouble: 0, hijack: 0,
    level: 0, pValue: 1, eValue: 0.5, byBehaviour: true, ranked: -1, alerted: false, budgeted: false, kept: null, actions: 0, tokens: 0, cost: 0,
  };
  agent.open.push(opened);
  return opened;
};

/** What a run showed becomes habit, unless it was odd: then an analyst has to say what it was. */
const close = (state: DetectorState, agent: AgentBaseline, { tenant: name, now }: Pick<Observation, 'tenant' | 'now'>, run: OpenRun): void => {
  if (run.lessons.own.length === 0) return;
  const group = groupOf(state, agent), tenant = tenantOf(state, name);
  const ofHabit = run.hijack < run.familiar / 3;
  agent.changed += 0.2 * ((run.pValue <= oddBelow && ofHabit ? 1 : 0) - agent.changed);
  agent.strayed = driftOf(agent.mix);
  agent.slow = bet(agent.slow, run.eValue);
  if (!isKept(run)) {
    calibrate(run, group, tenant, taskRunsOf(group, run.task));
    learnAmounts(agent, run);
    const speaksOfHijack = run.pValue <= flagged && !ofHabit;
    learnRun(speaksOfHijack ? { ...run, lessons: { ...run.lessons, targets: [] } } : run, agent, group, tenant, now);
    if (!speaksOfHijack) return;
    // That such things happen is learned, under probation; whom they went to only once an analyst has looked.
    run.lessons.own.length = run.lessons.tools.length = run.lessons.classes.length = 0;
  }
  // Nobody is going to say anything of an attack again; what no finding tells of takes no place from what one does.
  if (run.kept === 'attack' || (isKept(run) && !run.alerted && agent.pending.length >= mostPending)) return;
  agent.pending.push(run);
  if (agent.pending.length > mostPending) agent.pending.shift();
};

/** Nothing of such a run is learned until an analyst says what it was. */
const isKept = ({ alerted, kept }: OpenRun): boolean => alerted || kept !== null;

const learnAmounts = (agent: AgentBaseline, run: OpenRun): void => {
  if (run.actions > 0) learnAmount(agent.lengths, run.actions);
  if (run.tokens > 0) learnAmount(agent.tokens, run.tokens);
  if (run.cost > 0) learnAmount(agent.cost, run.cost);
};

const taskRunsOf = (group: Group, task: number): number => (task === 0 ? 0 : rawCount(group.habits, mix(task, keys.run()) || 1));

const dispose = (state: DetectorState, agent: AgentBaseline, { tenant: name, run, now, verdict }: Disposed): void => {
  const at = agent.pending.findIndex((one) => one.run === run);
  const running = agent.open.find((one) => one.run === run);
  if (verdict !== 'true') {
    agent.evidence = 0;
    agent.slow = 0;
    if (running !== undefined) running.pValue = 1;
  } else if (running !== undefined) running.kept = 'attack';
  if (verdict === 'expected') {
    rebase(agent.mix);
    agent.strayed = 0;
  }
  if (at < 0) return;
  const [found] = agent.pending.splice(at, 1);
  if (verdict === 'true') return;
  const group = groupOf(state, agent), tenant = tenantOf(state, name);
  if (isKept(found!)) {
    calibrate(found!, group, tenant, taskRunsOf(group, found!.task));
    learnAmounts(agent, found!);
  }
  learnRun(found!, agent, group, tenant, now, verdict === 'expected');
};

const outcome = (agent: AgentBaseline, { run: name, failed, tokens, cost }: OutcomeSeen): void => {
  const run = agent.open.find((one) => one.run === name);
  // How often an agent fails is no habit to learn from a run that was alerted about.
  if (run === undefined || !isKept(run)) {
    const trouble = -Math.log(takeShare(agent.failures, failed));
    if (run === undefined) return;
    run.trouble = Math.max(run.trouble, trouble);
  }
  run.tokens += tokens ?? 0;
  run.cost += cost ?? 0;
  run.spend = Math.max(run.spend, -Math.log(amountTail(agent.tokens, run.tokens)), -Math.log(amountTail(agent.cost, run.cost)));
};

const surprise = newSurprise();
const byNats = (a: Contribution, b: Contribution): number => b.nats - a.nats;
/** From this one on behaviours speak of hijack: the ones before only of what is not habit. */
const firstOfHijack = behaviours.indexOf('provenance');

const act = (state: DetectorState, agent: AgentBaseline, seen: ActionSeen, budget: AlertBudget): Score => {
  if (agent.version !== seen.version && agent.version !== 0 && seen.version !== 0) startAnew(agent, seen.now);
  agent.version = seen.version || agent.version;
  if (agent.group !== seen.group || agent.peers === '') {
    agent.group = seen.group;
    agent.peers = `${seen.tenant} ${seen.group}`;
  }
  agent.owner = seen.owner;
  const group = groupOf(state, agent), tenant = tenantOf(state, seen.tenant);
  const run = open(state, agent, seen, 0);
  // A run that does nothing is no test: starting runs is free, and each test makes the next ones harder to pass.
  if (run.actions === 0) run.level = levelOfNext(tenant.control, Math.floor(seen.now / 86_400_000), budget);
  const taskRuns = taskRunsOf(group, run.task);
  const did: Act = actOf(seen, run.previous);
  surpriseOf(did, { tenant: tenant.habits, group: group.habits, agent: agent.habits, task: run.task, taskRuns }, surprise);
  const contributions: Contribution[] = [];
  let hijack = 0;
  for (let i = 0; i < behaviours.length; i++) {
    const nats = surprise.nats[i]!;
    if (nats <= 0) continue;
    if (i >= firstOfHijack) hijack += nats;
    contributions.push({ feature: behaviours[i]!, nats, observed: 1, expected: surprise.expected[i]!, peerShare: surprise.peers[i]! });
  }
  if (surprise.known > run.familiar) run.hijack = hijack;
  run.fresh = Math.max(run.fresh, surprise.fresh);
  run.familiar = Math.max(run.familiar, surprise.known);
  run.previous = did.tool;
  keepPace(agent, group, run, seen.now, contributions);
  noteLessons(did, run.lessons);
  learnMix(agent.mix, did.tool, !isKept(run));

  rankRun(run, group, tenant, taskRuns);
  const ofHabit = run.hijack < run.familiar / 3;
  const drift = (agent.changed > 0.6 && ofHabit) || agent.strayed > driftAlarm;
  // What a registered change or a lasting one explains is a case for review, not for an alert.
  const isExplained = ofHabit && run.byBehaviour && (drift || Math.abs(seen.now - agent.renewed) < settlesIn);
  const slow = agent.slow >= slowAlarm;
  let alert = false;
  if (!run.alerted && !isExplained && (slow || run.pValue <= run.level)) {
    run.budgeted = !slow && admit(tenant.control, hashText(agent.owner), budget, agent.alertedOn !== tenant.control.day);
    // For whom the budget has none left, nobody is called; it is no reason to learn it.
    if (slow || run.budgeted) run.alerted = alert = true; else run.kept ??= 'over_budget';
  }
  if (alert) {
    agent.alertedOn = tenant.control.day;
    agent.slow = 0;
  }
  agent.evidence = Math.max(faded(agent, seen.now), slow ? 1.5 * Math.log10(slowAlarm) : 0, -1.5 * Math.log10(run.pValue));
  agent.evidenceAt = Math.max(agent.evidenceAt, seen.now);
  if (contributions.length > 1) contributions.sort(byNats);
  let evidence = 0;
  for (const { nats } of contributions) evidence += nats;
  return {
    pValue: run.pValue, eValue: run.eValue, evidence, contributions, level: levelOf(agent.evidence), alert, drift,
    spread: spreadOf(state.spread, seen, did, surprise),
  };
};

/** The alert of an action was told to nobody: it uses no budget. */
export const untold = (state: DetectorState, { tenant, agent: name, run: of }: ActionSeen): void => {
  const agent = agentOf(state, name);
  const run = agent.open.find(({ run }) => run === of);
  if (run?.budgeted !== true) return;
  run.budgeted = false;
  giveBack(tenantOf(state, tenant).control, hashText(agent.owner));
};

/** Evidence halves every ten minutes. */
const halfLifeMs = 600_000;
/** Evidence left at a time. */
export const faded = (agent: AgentBaseline, now: number): number => agent.evidence === 0 ? 0 : agent.evidence * 0.5 ** (Math.max(0, now - agent.evidenceAt) / halfLifeMs);
/** The level as it stands at a time without new actions. */
export const levelAt = (agent: AgentBaseline, now: number): Score['level'] => levelOf(faded(agent, now));

/** Below this a surprise of pace is not worth words. */
const worthWords = 3;

const keepPace = (agent: AgentBaseline, group: Group, run: OpenRun, now: number, contributions: Contribution[]): void => {
  const { pace } = agent;
  const minute = Math.floor(now / 60_000);
  turnMinute(pace, minute);
  // Runs of an agent arrive over several partitions, after a pause far out of step: a late action is not a burst of the minute at hand.
  if (minute === pace.minute) {
    pace.count++;
    const nats = -Math.log(minuteTail(pace, pace.count));
    if (nats > worthWords) {
      contributions.push({ feature: 'volume', nats, observed: pace.count, expected: pace.shape / pace.minutes, peerShare: null });
      pace.told = minute;
    }
    run.volume = Math.max(run.volume, nats);
  }
  run.actions++;
  const length = -Math.log(amountTail(agent.lengths, run.actions));
  if (length > worthWords) contributions.push({ feature: 'volume', nats: length, observed: run.actions, expected: Math.expm1(agent.lengths.mean), peerShare: null });
  run.volume = Math.max(run.volume, length);
  if (run.actions > 1) return;
  const began = beginRun(agent.rhythm, group.season, now);
  learnHour(group.season, now);
  const silence = -Math.log(began.silence), timing = -Math.log(began.timing), clump = -Math.log(began.clump);
  if (silence > worthWords) contributions.push({ feature: 'silence', nats: silence, observed: 0, expected: began.missed, peerShare: null });
  if (timing > worthWords) contributions.push({ feature: 'timing', nats: timing, observed: 1, expected: began.timing, peerShare: null });
  if (clump > worthWords) contributions.push({ feature: 'volume', nats: clump, observed: agent.rhythm.count, expected: began.usual, peerShare: null });
  run.volume = Math.max(run.volume, clump);
  run.silence = Math.max(run.silence, silence, timing);
};
