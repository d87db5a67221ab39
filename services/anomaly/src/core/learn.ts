import type { AgentBaseline, OpenRun } from './agent.ts';
import { keys } from './act.ts';
import { agentProbation, familiarFrom, peerProbation } from './behaviour.ts';
import { record } from './calibrate.ts';
import type { Group, Tenant } from './groups.ts';
import { hashText, keyOf, mix } from './hash.ts';
import { add, establish, fade, has, rawCount } from './table.ts';
import type { Probation, Table } from './table.ts';

/** Young keys that a baseline takes up in a day: what is more is not learned that day. */
const allowance = { agent: 500, group: 50_000 } as const;
/** Runs after which habits fade by half. */
const fadeAfter = { agent: 200, group: 5_000 } as const;
/** One owner's agents make at most this share of a peer prior, or this many runs while it is young. */
const ownerShare = 0.2;
const ownerRuns = 40;
const everybody = keyOf(100, 0);
const justRun = [keys.run()];
/** Owners are counted as they come. */
const none: Probation = { runs: 0, days: 0, principals: 0 };

/** Whether an owner's agents have had their share of the group's prior. */
const isOverShare = (owners: Table, owner: number): boolean =>
  rawCount(owners, owner) + 1 > Math.max(ownerRuns, ownerShare * (rawCount(owners, everybody) + 1));

/** Each key once, in order of size. Valid until the next call: runs are learned one after the other. */
const distinct = (...lists: readonly (readonly number[])[]): Uint32Array => {
  let n = 0;
  for (const list of lists) for (let i = 0; i < list.length; i++) scratch[n++] = list[i]!;
  const sorted = scratch.subarray(0, n).sort();
  let kept = 0;
  for (let i = 0; i < n; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[kept++] = sorted[i]!;
  return scratch.subarray(0, kept);
};
const scratch = new Uint32Array(8_192);

/** The same for a few, without order. */
const each = (list: readonly number[], take: (one: number) => void): void => {
  for (let i = 0; i < list.length; i++) if (list.indexOf(list[i]!) === i) take(list[i]!);
};

const turnDay = (table: Table, day: number): void => {
  if (day <= table.day) return;
  table.day = day;
  table.moved = 0;
};

/** A finished run becomes habit, each thing once however often the run did it: of the agent, of its peers, of those who do the same task. @param announced an analyst said that this is how it is now */
export const learnRun = (run: OpenRun, agent: AgentBaseline, group: Group, tenant: Tenant, now: number, announced = false): void => {
  const day = Math.floor(now / 86_400_000);
  const owner = hashText(agent.owner) || 1;
  // What is left of a run that was learned but for its targets is no second run.
  const isRun = run.lessons.own.length > 0;
  const own = distinct(isRun ? justRun : [], run.lessons.own, run.lessons.classes);
  turnDay(agent.habits, day);
  const takeUp = (key: number): void => (announced ? establish(agent.habits, key, 1, owner, agentProbation) : add(agent.habits, key, 1, owner, agentProbation, allowance.agent));
  for (const key of own) takeUp(key);
  eachTarget(run, takeUp);
  if (isRun && ++agent.habits.runs >= fadeAfter.agent) fade(agent.habits);

  if (isOverShare(group.owners, owner)) return;
  add(group.owners, owner, isRun ? 1 : 0, owner, none, Number.POSITIVE_INFINITY);
  add(group.owners, everybody, isRun ? 1 : 0, owner, none, Number.POSITIVE_INFINITY);
  const { habits } = group;
  turnDay(habits, day);
  turnDay(tenant.habits, day);
  const teach = (key: number): void => add(habits, key, 1, owner, peerProbation, allowance.group);
  const ofTask = run.task === 0 ? undefined : (key: number): void => teach(mix(run.task, key) || 1);
  if (run.task === 0 || !has(habits, mix(run.task, keys.run()) || 1)) teach(keys.tasks());
  each(run.lessons.tools, (tool) => { if (!has(habits, keys.tool(tool))) teach(keys.tools()); });
  for (const key of own) {
    teach(key);
    ofTask?.(key);
  }
  eachTarget(run, (key, count) => {
    if (!has(habits, key)) teach(count);
    teach(key);
    if (ofTask === undefined) return;
    if (!has(habits, mix(run.task, key) || 1)) ofTask(count);
    ofTask(key);
  });
  each(run.lessons.classes, (key) => add(tenant.habits, key, 1, owner, peerProbation, allowance.group));
  if (isRun && ++habits.runs >= fadeAfter.group) { fade(habits); fade(group.owners); }
  if (isRun && ++tenant.habits.runs >= fadeAfter.group) fade(tenant.habits);
};

const eachTarget = (run: OpenRun, take: (key: number, distinctKey: number) => void): void => {
  const { targets } = run.lessons;
  for (let i = 0; i < targets.length; i += 2) {
    let known = false;
    for (let j = 0; j < i && !known; j += 2) known = targets[j] === targets[i] && targets[j + 1] === targets[i + 1];
    if (!known) take(keys.target(targets[i]!, targets[i + 1]!), keys.distinct(targets[i]!));
  }
};

/** Runs of a group before its scores say anything about later ones. */
const habitsFrom = 20;

/** A run that was as usual takes its place among those that later ones are ranked by. */
export const calibrate = (run: OpenRun, group: Group, tenant: Tenant, taskRuns: number): void => {
  if (group.habits.runs < habitsFrom) return;
  for (const { calibrations } of [group, tenant]) {
    record(calibrations.fresh, run.fresh);
    if (taskRuns >= familiarFrom) record(calibrations.familiar, run.familiar);
    record(calibrations.volume, run.volume);
    record(calibrations.silence, run.silence);
    record(calibrations.spend, run.spend);
    record(calibrations.trouble, run.trouble);
  }
};
