import { keys } from './act.ts';
import { flag, isKept, newRun, unflag } from './agent.ts';
import type { AgentBaseline, OpenRun } from './agent.ts';
import { evidenceOf, faded } from './evidence.ts';
import { groupOf, tenantOf } from './groups.ts';
import type { Group, Groups, Tenant } from './groups.ts';
import { mix } from './hash.ts';
import { calibrate, learnRun } from './learn.ts';
import { driftOf, rebase } from './mix-drift.ts';
import type { Disposed, Observation } from './observation.ts';
import { takeRun, withdraw } from './slow.ts';
import { rawCount } from './table.ts';
import { learnAmount } from './tails.ts';

/** Odd runs of an agent that wait for an analyst. */
const mostPending = 4;
/** As odd as one in ten is odd by habit; one in a hundred that speaks of hijack teaches no targets. */
const oddBelow = 0.1, flagged = 0.01;

/** Runs that peers have done of a task. */
export const taskRunsOf = (group: Group, task: number): number => (task === 0 ? 0 : rawCount(group.habits, mix(task, keys.run()) || 1));

/** What a run showed becomes habit, unless it was odd: then an analyst has to say what it was. */
export const close = (state: Groups, agent: AgentBaseline, { tenant: name, now }: Pick<Observation, 'tenant' | 'now'>, run: OpenRun): void => {
  if (isKept(run)) flag(agent, run, run.kept === 'attack' ? 'attack' : 'rest');
  if (run.lessons.own.length === 0) return;
  const group = groupOf(state, agent), tenant = tenantOf(state, name);
  const ofHabit = run.hijack < run.familiar / 3;
  agent.changed += 0.2 * ((run.pValue <= oddBelow && ofHabit ? 1 : 0) - agent.changed);
  agent.strayed = driftOf(agent.mix);
  takeRun(agent.slow, run.pValue, !isKept(run), now);
  if (!isKept(run)) {
    rank(run, agent, group, tenant);
    const speaksOfHijack = run.pValue <= flagged && !ofHabit;
    learnRun(speaksOfHijack ? { ...run, lessons: { ...run.lessons, targets: [] } } : run, agent, group, tenant, now);
    if (!speaksOfHijack) return;
    // That such things happen is learned, under probation; whom they went to only once an analyst has looked.
    run.lessons.own.length = run.lessons.tools.length = run.lessons.classes.length = 0;
  }
  // Nobody is going to say anything of an attack again.
  if (run.kept === 'attack') return;
  agent.pending.push(run);
  if (agent.pending.length <= mostPending) return;
  // What no finding tells of takes no place from what one does.
  const untold = agent.pending.findIndex(({ kept }) => kept !== null);
  agent.pending.splice(Math.max(0, untold), 1);
};

/** A run takes its place among those that later ones are ranked by: how odd, how long and how dear it was. */
const rank = (run: OpenRun, agent: AgentBaseline, group: Group, tenant: Tenant): void => {
  calibrate(run, group, tenant, taskRunsOf(group, run.task));
  if (run.actions > 0) learnAmount(agent.lengths, run.actions);
  if (run.tokens > 0) learnAmount(agent.tokens, run.tokens);
  if (run.cost > 0) learnAmount(agent.cost, run.cost);
};

/**
 * An analyst's word about a run takes effect at once, also where it still goes on. An attack is never learned. What was none is learned as far as it
 * went, and the rest is judged like a run that begins: who was cleared of one thing is not excused for the next.
 */
export const dispose = (state: Groups, agent: AgentBaseline, { tenant: name, run, now, verdict }: Disposed): void => {
  if (verdict === 'expected') {
    rebase(agent.mix);
    agent.strayed = agent.changed = 0;
  }
  const learn = (one: OpenRun, isRanked: boolean): void => {
    const group = groupOf(state, agent), tenant = tenantOf(state, name);
    if (!isRanked) rank(one, agent, group, tenant);
    learnRun(one, agent, group, tenant, now, verdict === 'expected');
  };
  const at = agent.pending.findIndex((one) => one.run === run);
  const [found] = at < 0 ? [] : agent.pending.splice(at, 1);
  if (verdict === 'true') flag(agent, found ?? { run, pValue: 1, at: now }, 'attack'); else unflag(agent, run);
  if (found !== undefined && verdict !== 'true') {
    learn(found, !isKept(found));
    withdraw(agent.slow, found.pValue);
  }

  const open = agent.open.findIndex((one) => one.run === run);
  const running = agent.open[open];
  if (running !== undefined && running.kept !== 'attack') {
    if (verdict === 'true') running.kept = 'attack';
    else {
      if (running.lessons.own.length > 0) learn(running, false);
      agent.open[open] = { ...newRun(run, running.task), previous: running.previous, resumed: true };
    }
  }
  if (verdict === 'true') return;
  agent.evidence = evidenceLeft(agent, now);
  agent.evidenceAt = now;
};

/** Evidence that other runs still are, at a time: what an analyst says of one run clears no other. */
const evidenceLeft = ({ open, pending, flagged }: AgentBaseline, now: number): number => {
  let most = 0;
  for (const runs of [open, pending, flagged]) for (const { pValue, at } of runs) most = Math.max(most, faded({ evidence: evidenceOf(pValue), evidenceAt: at }, now));
  return most;
};
