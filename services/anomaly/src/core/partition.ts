import type { AnomalyLevel, Finding } from '@countersign/contracts';
import type { Baseline } from './baseline.ts';
import { faded, levelAt, observe } from './observe.ts';
import type { Observation } from './observe.ts';

/** Rises whenever the same actions would fold to other state: older checkpoints are then thrown away and the topic is read again. */
export const foldVersion = 1;

/** What is remembered of one agent, and what the house was last told of it. */
export interface AgentState {
  readonly tenant: string;
  readonly baseline: Baseline;
  /** The level last written; an agent never written is normal. */
  readonly level: AnomalyLevel['level'];
  /** The findings that made the level, newest last. */
  readonly findings: readonly string[];
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

/** The state as a checkpoint gives it back. */
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

/**
 * Folds one observation.
 * @param place where it stands, `<partition>-<offset>`: ids of findings are made of it, so that a repeat says the same
 */
export const take = (state: PartitionState, seen: Observation, place: string): Told => {
  const known = state.agents.get(seen.agent);
  const observed = observe(known?.baseline, seen);
  const findings = observed.findings.map((finding, i): Finding => ({ finding: `f-${place}-${i}`, ...finding }));
  const named = [...(known?.findings ?? []), ...findings.map((finding) => finding.finding)].slice(-keptFindings);
  const before = known?.level ?? 'normal';
  const levels: AnomalyLevel[] = [];
  const touched = [seen.agent];
  const next: AgentState = { tenant: seen.tenant, baseline: observed.baseline, level: observed.level, findings: observed.level === 'normal' ? [] : named };
  state.agents.set(seen.agent, next);
  if (observed.level !== before) levels.push(say(state, seen.agent, next, place, seen.now));

  const minute = Math.floor(seen.now / 60_000);
  if (minute <= state.minute) return { levels, findings, touched };
  state.minute = minute;
  for (const agent of state.elevated) {
    const quiet = state.agents.get(agent)!;
    const level = levelAt(quiet.baseline, seen.now);
    if (agent === seen.agent || level === quiet.level) continue;
    const calmer: AgentState = { ...quiet, level, findings: level === 'normal' ? [] : quiet.findings };
    state.agents.set(agent, calmer);
    touched.push(agent);
    levels.push(say(state, agent, calmer, place, seen.now));
  }
  return { levels, findings, touched };
};

const say = (state: PartitionState, agent: string, { tenant, baseline, level, findings }: AgentState, place: string, now: number): AnomalyLevel => {
  if (level === 'normal') state.elevated.delete(agent); else state.elevated.add(agent);
  return { agent, tenant, level, score: faded(baseline, now), findings, position: place, at: now };
};
