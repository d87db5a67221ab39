import type { AnomalyLevel, Finding } from '@countersign/contracts';
import type { Baseline } from './baseline.ts';
import { findingOf } from './finding/finding.ts';
import { tellOnce } from './finding/refractory.ts';
import type { Lately } from './finding/refractory.ts';
import { contributionsOf, stretchWith } from './finding/stretch.ts';
import type { Stretch } from './finding/stretch.ts';
import type { ActionSeen, Observation } from './observation.ts';
import { faded, levelAt, observe } from './observe.ts';

/** Rises whenever the same actions would fold to other state: older checkpoints are then thrown away and the topic is read again. */
export const foldVersion = 2;

/** What is remembered of one agent, and what the house was last told of it. */
export interface AgentState {
  readonly tenant: string;
  readonly baseline: Baseline;
  /** The level last written; an agent never written is normal. */
  readonly level: AnomalyLevel['level'];
  /** The findings that made the level, newest last. */
  readonly findings: readonly string[];
  /** What was told of it lately, so that it is told once. */
  readonly lately: Lately;
  /** Runs in which something was odd, by run, newest last. */
  readonly odd: Readonly<Record<string, Stretch>>;
}

/** All agents of one partition of anomaly.actions.v1. Changed in place by `take`: one owner folds it, in order. */
export interface PartitionState {
  readonly agents: Map<string, AgentState>;
  /** Agents whose level is not normal. */
  readonly elevated: Set<string>;
  /** The latest minute of the stream (epoch minutes): levels fade by the stream's time, so that a replay fades alike. */
  minute: number;
}

export const emptyPartition = (): PartitionState => ({ agents: new Map(), elevated: new Set(), minute: 0 });

/** A partition as a checkpoint gives it back. */
export const partitionOf = (agents: Map<string, AgentState>, minute: number): PartitionState =>
  ({ agents, minute, elevated: new Set([...agents].filter(([, agent]) => agent.level !== 'normal').map(([name]) => name)) });

export interface Told {
  readonly levels: readonly AnomalyLevel[];
  readonly findings: readonly Finding[];
  /** Agents whose state changed. */
  readonly touched: readonly string[];
}

/** Findings named beside a level. */
const keptFindings = 16;
/** Odd runs remembered per agent. */
const keptRuns = 32;

/**
 * Folds one observation.
 * @param place where it stands, `<partition>-<offset>`: ids of findings are made of it, so that a repeat says the same
 */
export const take = (state: PartitionState, seen: Observation, place: string): Told => {
  const own = seen.kind === 'action' ? act(state, seen, place) : { levels: [], findings: [], touched: [] };
  const minute = Math.floor(seen.now / 60_000);
  if (minute <= state.minute) return own;
  state.minute = minute;
  const calmed = calm(state, seen, place);
  return { ...own, levels: [...own.levels, ...calmed], touched: [...own.touched, ...calmed.map(({ agent }) => agent)] };
};

const act = (state: PartitionState, seen: ActionSeen, place: string): Told => {
  const known = state.agents.get(seen.agent);
  const { baseline, score } = observe(known?.baseline, seen);
  let stretch = stretchWith(known?.odd[seen.run], seen, score);
  let lately = known?.lately ?? {};
  let named = known?.findings ?? [];
  const findings: Finding[] = [];
  if (score.alert && stretch !== undefined) {
    const { events, since, impact, consequential } = stretch;
    const finding = findingOf(`f-${place}`, { tenant: seen.tenant, agent: seen.agent, run: seen.run, at: seen.now }, { contributions: contributionsOf(stretch), pValue: score.pValue, eValue: score.eValue, kind: 'behaviour', impact, consequential, events, since });
    const outcome = tellOnce(lately, finding);
    lately = outcome.lately;
    if (outcome.told) findings.push(outcome.told);
    named = [...named.filter((one) => one !== outcome.as), outcome.as].slice(-keptFindings);
    stretch = { ...stretch, finding: outcome.as };
  }
  const before = known?.level ?? 'normal';
  const next: AgentState = { tenant: seen.tenant, baseline, level: score.level, findings: score.level === 'normal' ? [] : named, lately, odd: withRun(known?.odd ?? {}, seen.run, stretch) };
  state.agents.set(seen.agent, next);
  return { levels: score.level === before ? [] : [say(state, seen.agent, next, place, seen.now)], findings, touched: [seen.agent] };
};

/** Levels of agents that went quiet. */
const calm = (state: PartitionState, { agent: acting, now }: Observation, place: string): readonly AnomalyLevel[] => {
  const levels: AnomalyLevel[] = [];
  for (const agent of state.elevated) {
    const quiet = state.agents.get(agent)!;
    const level = levelAt(quiet.baseline, now);
    if (agent === acting || level === quiet.level) continue;
    const calmer: AgentState = { ...quiet, level, findings: level === 'normal' ? [] : quiet.findings };
    state.agents.set(agent, calmer);
    levels.push(say(state, agent, calmer, place, now));
  }
  return levels;
};

const withRun = (odd: AgentState['odd'], run: string, stretch: Stretch | undefined): AgentState['odd'] => {
  if (stretch === undefined || stretch === odd[run]) return odd;
  const entries = Object.entries(odd).filter(([one]) => one !== run);
  return Object.fromEntries([...entries.slice(-(keptRuns - 1)), [run, stretch]]);
};

const say = (state: PartitionState, agent: string, { tenant, baseline, level, findings }: AgentState, place: string, now: number): AnomalyLevel => {
  if (level === 'normal') state.elevated.delete(agent); else state.elevated.add(agent);
  return { agent, tenant, level, score: faded(baseline, now), findings, position: place, at: now };
};
