import { actOf, keys, noteLessons } from './act.ts';
import type { Act } from './act.ts';
import { isKept, newAgentBaseline, newRun, startAnew } from './agent.ts';
import type { AgentBaseline, OpenRun } from './agent.ts';
import { behaviours, newSurprise, surpriseOf } from './behaviour.ts';
import { close, dispose, taskRunsOf } from './close.ts';
import { groupOf, nameTool, tenantOf } from './groups.ts';
import type { Group, Groups, Tenant } from './groups.ts';
import { admit, admitBeside, defaultBudget, evidenceOf, faded, giveBack, levelOfNext, mostEvidence } from './evidence.ts';
import type { AlertBudget } from './evidence.ts';
import { tailOf } from './calibrate.ts';
import { worse } from './finding/impact.ts';
import { hashText } from './hash.ts';
import { driftAlarm, driftNoise, learnMix, shiftsOf } from './mix-drift.ts';
import { levelOf, rankRun } from './rank.ts';
import type { ActionSeen, Observation, OutcomeSeen } from './observation.ts';
import { learnHour, minuteTail, turnMinute } from './pace.ts';
import { beginRun } from './rhythm.ts';
import type { Contribution, Score } from './score.ts';
import { settle, slowAlarm, slowOf } from './slow.ts';
import { newsOf } from './spread.ts';
import { has } from './table.ts';
import { amountTail, takeShare } from './tails.ts';

/** Everything that is remembered of the agents of one partition. Changed in place by `detect`, by the time of the stream alone. */
export interface DetectorState extends Groups {
  /** By `agentKey`. */
  readonly agents: Map<string, AgentBaseline>;
}
export const newDetector = (): DetectorState => ({ agents: new Map(), groups: new Map(), tenants: new Map() });

/** Runs of one agent that go on at the same time. */
const mostOpen = 8;
/** What is told of an agent within so long adds to its case, which costs no budget. */
export const caseMs = 3_600_000;

/** While a newly registered version settles, what only is not habit is no alert; that its level rises stays. */
const settlesIn = 3 * 86_400_000;

/**
 * Folds one observation, in constant time on average. Pure but for `state`: the same observations in the same order give the same state and the
 * same scores, bit for bit. @returns the score of an action, and of an outcome that made its run odder; undefined for what is none
 */
export const detect = (state: DetectorState, seen: Observation, budget: AlertBudget = defaultBudget): Score | undefined => {
  const agent = agentOf(state, seen.tenant, seen.agent);
  switch (seen.kind) {
    case 'started': open(state, agent, seen, hashText(seen.task) || 1); return undefined;
    case 'action': return act(state, agent, seen, budget);
    case 'outcome': return outcome(state, agent, seen, budget);
    case 'ended': {
      const at = agent.open.findIndex((run) => run.run === seen.run);
      if (at >= 0) close(state, agent, seen, agent.open.splice(at, 1)[0]!);
      return undefined;
    }
    case 'disposed': dispose(state, agent, seen); return undefined;
  }
};

/** Under what an agent is remembered: ids of different tenants are different agents. */
export const agentKey = (tenant: string, agent: string): string => `${tenant} ${agent}`;

const agentOf = (state: DetectorState, tenant: string, name: string): AgentBaseline => {
  const key = agentKey(tenant, name);
  let agent = state.agents.get(key);
  if (agent === undefined) state.agents.set(key, agent = newAgentBaseline());
  return agent;
};
const open = (state: DetectorState, agent: AgentBaseline, { tenant, run, now }: Observation, task: number): OpenRun => {
  const known = agent.open.find((one) => one.run === run);
  if (known !== undefined) return known;
  if (agent.open.length >= mostOpen) close(state, agent, { tenant, now }, agent.open.shift()!);
  const opened = newRun(run, task);
  opened.kept = agent.flagged.find((one) => one.run === run)?.as ?? null;
  agent.open.push(opened);
  return opened;
};

/** Below this a surprise of pace or spending is not worth words. */
const worthWords = 3;
/** More is not told apart. */
const mostSpent = Number.MAX_SAFE_INTEGER;

/** What an outcome adds to what its run spent and failed; judged at once, since no action may follow. @returns undefined where it made nothing odder */
const outcome = (state: DetectorState, agent: AgentBaseline, seen: OutcomeSeen, budget: AlertBudget): Score | undefined => {
  const run = agent.open.find((one) => one.run === seen.run);
  const contributions: Contribution[] = [];
  // How often an agent fails is no habit to learn from a run that was alerted about.
  if (run === undefined || !isKept(run)) {
    const usual = agent.failures.slow;
    const trouble = -Math.log(takeShare(agent.failures, seen.failed));
    if (run === undefined) return undefined;
    if (trouble > Math.max(worthWords, run.trouble)) contributions.push({ feature: 'errors', nats: trouble - run.trouble, observed: agent.failures.fast, expected: usual, peerShare: null });
    run.trouble = Math.max(run.trouble, trouble);
  }
  run.tokens = Math.min(mostSpent, run.tokens + (seen.tokens ?? 0));
  run.cost = Math.min(mostSpent, run.cost + (seen.cost ?? 0));
  const before = run.spend;
  for (const feature of ['tokens', 'cost'] as const) {
    const nats = -Math.log(amountTail(agent[feature], run[feature]));
    if (nats > Math.max(worthWords, before)) contributions.push({ feature, nats: nats - before, observed: run[feature], expected: Math.expm1(agent[feature].mean), peerShare: null });
    run.spend = Math.max(run.spend, nats);
  }
  if (contributions.length === 0 || agent.peers === '' || run.actions === 0) return undefined;
  const group = groupOf(state, agent), tenant = tenantOf(state, seen.tenant);
  for (const [i, one] of contributions.entries()) {
    const channel = one.feature === 'errors' ? 'trouble' : 'spend';
    // The share of peers' runs that were as dear, or in as much trouble, for them.
    if (group.calibrations[channel].total > 0) contributions[i] = { ...one, peerShare: tailOf(group.calibrations[channel], run[channel]) };
  }
  return judge(agent, run, group, tenant, seen.now, contributions, none, budget);
};
const none: readonly number[] = [];

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
  run.impact = worse(run.impact, seen.impact);
  run.consequential ||= seen.consequential;
  keepPace(agent, group, run, seen.now, contributions);
  noteLessons(did, run.lessons);
  learnMix(agent.mix, did.tool, !isKept(run));
  nameTool(tenant, did.tool, seen.tool);

  return judge(agent, run, group, tenant, seen.now, contributions, newsOf(did, surprise), budget);
};

/** What a run amounts to now, and whether somebody is to be told. */
const judge = (agent: AgentBaseline, run: OpenRun, group: Group, tenant: Tenant, now: number, contributions: Contribution[], news: readonly number[], budget: AlertBudget): Score => {
  rankRun(run, group, tenant, taskRunsOf(group, run.task));
  const ofHabit = run.hijack < run.familiar / 3;
  const drift = (agent.changed > 0.6 && ofHabit) || agent.strayed > driftAlarm;
  // What a registered change or a lasting one explains is a case for review, not for an alert.
  const isExplained = ofHabit && run.byBehaviour && (drift || Math.abs(now - agent.renewed) < settlesIn);
  const slow = slowOf(agent.slow) >= slowAlarm;
  let alert = false, opens = false, withheld = false;
  if (!run.alerted && !isExplained && (slow || run.pValue <= run.level)) {
    run.budgeted = admit(tenant.control, hashText(agent.owner), budget, agent.alertedOn !== tenant.control.day);
    opens = run.budgeted;
    // For whom the budget has none left, nobody is called, but where the house is looking at this agent already; it is no reason to learn it.
    if (opens || Math.abs(now - agent.alertedAt) < caseMs) run.alerted = alert = true;
    else if (run.kept === null) { run.kept = 'over_budget'; withheld = true; }
  }
  if (opens) {
    agent.alertedOn = tenant.control.day;
    agent.alertedAt = now;
    settle(agent.slow);
  }
  agent.evidence = Math.min(mostEvidence, Math.max(faded(agent, now), slow ? evidenceOf(1 / slowAlarm) : 0, evidenceOf(run.pValue)));
  agent.evidenceAt = Math.max(agent.evidenceAt, now);
  if (contributions.length > 1) contributions.sort(byNats);
  let evidence = 0;
  for (const { nats } of contributions) evidence += nats;
  return {
    pValue: run.pValue, eValue: run.eValue, evidence, contributions, level: levelOf(agent.evidence), alert, opens, withheld, slow, drift,
    shifts: drift && agent.strayed > driftNoise ? shiftsOf(agent.mix, [...tenant.tools].filter(([tool]) => has(agent.habits, keys.tool(tool)))) : [],
    news,
  };
};

/** What became of the alert of an action: it opened no case and uses no budget; and where nobody was told of it, its run takes no place from one that an analyst is asked about. */
export const openedNone = (state: DetectorState, { tenant, agent: name, run: of }: Pick<ActionSeen, 'tenant' | 'agent' | 'run'>, isTold: boolean): void => {
  const agent = agentOf(state, tenant, name);
  const run = agent.open.find(({ run }) => run === of);
  if (run === undefined) return;
  if (!isTold) run.kept ??= 'untold';
  if (!run.budgeted) return;
  run.budgeted = false;
  giveBack(tenantOf(state, tenant).control, hashText(agent.owner));
};

/** Whether the day has room to tell one more thing of an agent that is no alert: drift, spread. */
export const mayTellBeside = (state: DetectorState, tenant: string, name: string, budget: AlertBudget = defaultBudget): boolean =>
  admitBeside(tenantOf(state, tenant).control, hashText(agentOf(state, tenant, name).owner), budget);

/** The level as it stands at a time without new actions. */
export const levelAt = (agent: AgentBaseline, now: number): Score['level'] => levelOf(faded(agent, now));

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
  run.at = Math.max(run.at, now);
  const length = -Math.log(amountTail(agent.lengths, run.actions));
  if (length > worthWords) contributions.push({ feature: 'volume', nats: length, observed: run.actions, expected: Math.expm1(agent.lengths.mean), peerShare: null });
  run.volume = Math.max(run.volume, length);
  if (run.actions > 1 || run.resumed) return;
  const began = beginRun(agent.rhythm, group.season, now);
  learnHour(group.season, now);
  const silence = -Math.log(began.silence), timing = -Math.log(began.timing), clump = -Math.log(began.clump);
  if (silence > worthWords) contributions.push({ feature: 'silence', nats: silence, observed: 0, expected: began.missed, peerShare: null });
  if (timing > worthWords) contributions.push({ feature: 'timing', nats: timing, observed: 1, expected: began.timing, peerShare: null });
  if (clump > worthWords) contributions.push({ feature: 'volume', nats: clump, observed: agent.rhythm.count, expected: began.usual, peerShare: null });
  run.volume = Math.max(run.volume, clump);
  run.silence = Math.max(run.silence, silence, timing);
};
