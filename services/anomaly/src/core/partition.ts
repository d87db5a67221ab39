import type { AnomalyLevel, Disposition, Finding } from '@countersign/contracts';
import { agentKey, detect, levelAt, mayTellBeside, newDetector, openedNone } from './detect.ts';
import type { DetectorState } from './detect.ts';
import { faded } from './evidence.ts';
import { noticed, noticedTogether } from './finding/notice.ts';
import type { Acted } from './finding/stretch.ts';
import { disposeOf, isHeld, isOpen, openCase } from './finding/disposition.ts';
import { newFile } from './finding/file.ts';
import type { AgentFile } from './finding/file.ts';
import { isDue, overflowOf, withhold } from './finding/overflow.ts';
import { judged } from './finding/refractory.ts';
import { tenantOf } from './groups.ts';
import type { Meeting, Observation, OutcomeSeen, RunEnded, Sighting } from './observation.ts';
import { meet, newSpread, sightingsOf } from './spread.ts';
import type { Spread } from './spread.ts';

/** Rises whenever the same actions would fold to other state: older checkpoints are then thrown away and the topic is read again. */
export const foldVersion = 14;

/** What stands on anomaly.actions.v1: what agents did, what partitions tell each other of it, and what analysts say of findings. */
export type Entry = Observation | Sighting | Meeting | (Disposition & { readonly kind: 'disposition' });

/** All agents of one partition of anomaly.actions.v1. Changed in place by `take`: one owner folds it, in order. */
export interface PartitionState {
  readonly detector: DetectorState;
  /** What people were told of each agent about which there was ever something to tell, by `agentKey`. */
  readonly files: Map<string, AgentFile>;
  /** Agents whose level is not normal, by `agentKey`. */
  readonly elevated: Set<string>;
  /** The new things that belong to this partition, whoever did them. */
  readonly spread: Spread;
  /** The latest minute of the stream (epoch minutes): levels fade by the stream's time, so that a replay fades alike. */
  minute: number;
}

export const emptyPartition = (): PartitionState => ({ detector: newDetector(), files: new Map(), elevated: new Set(), spread: newSpread(), minute: 0 });

/** A partition as a checkpoint gives it back. Who is elevated follows; in the order of the files, which is that of the names. */
export const partitionOf = (detector: DetectorState, files: Map<string, AgentFile>, spread: Spread, minute: number): PartitionState =>
  ({ detector, files, spread, minute, elevated: new Set([...files].filter(([, file]) => file.level !== 'normal').map(([key]) => key)) });

export interface Told {
  readonly levels: readonly AnomalyLevel[];
  readonly findings: readonly Finding[];
  readonly dispositions: readonly Disposition[];
  /** For other partitions, and for this one, which takes them up when their turn comes. */
  readonly forwards: readonly (Sighting | Meeting)[];
  /** Agents whose state changed, by `agentKey`. */
  readonly touched: readonly string[];
}
const nothing = { levels: [], findings: [], dispositions: [], forwards: [] } as const;

/**
 * Folds one entry.
 * @param place where it stands, `<partition>-<offset>`: ids of findings are made of it, so that a repeat says the same
 */
export const take = (state: PartitionState, entry: Entry, place: string): Told => {
  if (entry.kind === 'disposition') return dispose(state, entry, place);
  if (entry.kind === 'sighting') {
    const met = meet(state.spread, entry, place);
    return { ...nothing, forwards: met === undefined ? [] : [met], touched: [] };
  }
  if (entry.kind === 'meeting') {
    const key = agentKey(entry.tenant, entry.agent);
    const { file, findings } = noticedTogether(state.files.get(key), entry, place, () => mayTellBeside(state.detector, entry.tenant, entry.agent));
    state.files.set(key, file);
    return { ...nothing, findings, touched: [key] };
  }
  const own = overflow(state, observe(state, entry, place), entry, place);
  const minute = Math.floor(entry.now / 60_000);
  if (minute <= state.minute) return own;
  state.minute = minute;
  const calmed = calm(state, entry, place);
  return { ...own, levels: [...own.levels, ...calmed], touched: [...own.touched, ...calmed.map(({ tenant, agent }) => agentKey(tenant, agent))] };
};

/** What was withheld of a tenant is told in one, as soon as its window is over and the tenant is heard of. */
const overflow = (state: PartitionState, told: Told, { tenant, now }: Observation, place: string): Told => {
  const { control } = tenantOf(state.detector, tenant);
  if (!isDue(control.withheld, now)) return told;
  const finding = overflowOf(control.withheld, now);
  control.withheld = null;
  const key = agentKey(tenant, finding.agent);
  const file = state.files.get(key) ?? newFile(tenant);
  const next: AgentFile = { ...file, cases: openCase(file.cases, finding.finding, 'overflow', finding.run, now), level: atLeastRaised(file.level), findings: [...file.findings, finding.finding].slice(-mostNamed) };
  state.files.set(key, next);
  return { ...told, findings: [...told.findings, finding], levels: isSame(file, next) ? told.levels : [...told.levels, say(state, finding.agent, next, place, now)], touched: [...told.touched, key] };
};
const mostNamed = 16;

const observe = (state: PartitionState, seen: Observation, place: string): Told => {
  const key = agentKey(seen.tenant, seen.agent);
  const renewed = state.detector.agents.get(key)?.renewed ?? 0;
  const score = detect(state.detector, seen);
  const known = state.files.get(key);
  if (seen.kind === 'ended' && known?.odd[seen.run] !== undefined) return ended(state, known, seen, place);
  if (score === undefined || (seen.kind !== 'action' && seen.kind !== 'outcome')) return { ...nothing, touched: [key] };
  const acted = seen.kind === 'action' ? seen : actedOf(state, seen);
  const { file: noted, findings, withheld } = noticed(known, acted, score, place, () => mayTellBeside(state.detector, seen.tenant, seen.agent));
  const told = findings.find(({ kind }) => kind === 'behaviour');
  if (score.alert && (told === undefined || told.case !== undefined)) openedNone(state.detector, seen, told !== undefined);
  const forwards = seen.kind === 'action' ? sightingsOf(seen, score) : [];
  if (withheld !== undefined) { const { control } = tenantOf(state.detector, seen.tenant); control.withheld = withhold(control.withheld, withheld); }
  const isRenewed = state.detector.agents.get(key)!.renewed !== renewed;
  const file = noted ?? (isRenewed ? newFile(seen.tenant) : undefined);
  if (file === undefined) return { ...nothing, forwards, touched: [key] };
  const level = held(score.level, file);
  const next = { ...file, level, findings: level === 'normal' ? [] : file.findings };
  state.files.set(key, next);
  const levels = !isRenewed && isSame(known, next) ? [] : [say(state, seen.agent, next, place, seen.now)];
  return { ...nothing, levels, findings, forwards, touched: [key] };
};

/** An outcome as what is told of: the tool's call, and the most that its run could do. */
const actedOf = ({ detector }: PartitionState, seen: OutcomeSeen): Acted => {
  const { impact, consequential } = detector.agents.get(agentKey(seen.tenant, seen.agent))!.open.find(({ run }) => run === seen.run)!;
  return { ...seen, impact, consequential, trust: 'none', from: null };
};

/** A run that is over has no level any more; what was odd in it can still be asked about. */
const ended = (state: PartitionState, known: AgentFile, { tenant, agent, run, now }: RunEnded, place: string): Told => {
  const next: AgentFile = { ...known, odd: { ...known.odd, [run]: { ...known.odd[run]!, level: 'normal' } } };
  state.files.set(agentKey(tenant, agent), next);
  return { ...nothing, levels: isSame(known, next) ? [] : [say(state, agent, next, place, now)], touched: [agentKey(tenant, agent)] };
};

/** Whether the house knows it all: the agent's level, and that of its runs. */
const isSame = (known: AgentFile | undefined, next: AgentFile): boolean => {
  if ((known?.level ?? 'normal') !== next.level) return false;
  if (known !== undefined && known.odd === next.odd) return true;
  const before = runLevels(known), after = runLevels(next);
  return before.length === after.length && before.every(({ run, level }, i) => after[i]!.run === run && after[i]!.level === level);
};

/** Levels of agents that went quiet. */
const calm = (state: PartitionState, { tenant, agent: acting, now }: Observation, place: string): readonly AnomalyLevel[] => {
  const levels: AnomalyLevel[] = [];
  for (const key of state.elevated) {
    const quiet = state.files.get(key)!;
    const level = held(levelNow(state, key, now), quiet);
    if (key === agentKey(tenant, acting) || level === quiet.level) continue;
    const calmer: AgentFile = { ...quiet, level, findings: level === 'normal' ? [] : quiet.findings };
    state.files.set(key, calmer);
    levels.push(say(state, key.slice(quiet.tenant.length + 1), calmer, place, now));
  }
  return levels;
};

/**
 * What people were told of holds the level at raised until somebody has judged it, however long that takes: that time passes is no evidence of innocence,
 * and whoever took an agent over could wait. What nobody was told of fades by itself.
 */
const held = (level: AnomalyLevel['level'], { cases }: AgentFile): AnomalyLevel['level'] => (isHeld(cases) ? atLeastRaised(level) : level);
const atLeastRaised = (level: AnomalyLevel['level']): AnomalyLevel['level'] => (level === 'normal' ? 'raised' : level);

const levelNow = (state: PartitionState, key: string, now: number): AnomalyLevel['level'] => {
  const baseline = state.detector.agents.get(key);
  return baseline === undefined ? 'normal' : levelAt(baseline, now);
};

/** An analyst's word: it is kept, and where it counts the run it is about is learned or forgotten, and the level follows. */
const dispose = (state: PartitionState, { kind: _, ...said }: Disposition & { readonly kind: 'disposition' }, place: string): Told => {
  const { finding, agent, tenant, person, verdict, at } = said;
  const key = agentKey(tenant, agent);
  const known = state.files.get(key) ?? newFile(tenant);
  const { cases, status, run } = disposeOf(known.cases, finding, person, verdict);
  if (status === undefined) return { ...nothing, touched: [] };
  let next: AgentFile = { ...known, cases };
  if (status === 'done' && (verdict === 'true' || run === null || !isOpen(cases, run))) {
    if (run !== null) detect(state.detector, { kind: 'disposed', tenant, agent, run, now: at, verdict });
    if (verdict !== 'true') {
      const { [run ?? '']: __, ...odd } = next.odd;
      next = { ...next, odd, lately: judged(next.lately), level: held(levelNow(state, key, at), next), findings: next.findings.filter((one) => one !== finding) };
    }
  }
  state.files.set(key, next);
  const levels = isSame(known, next) ? [] : [say(state, agent, next, place, at)];
  return { ...nothing, levels, dispositions: [{ ...said, status, level: next.level }], touched: [key] };
};

const mostRuns = 64;
const runLevels = (file: AgentFile | undefined): readonly { readonly run: string; readonly level: 'raised' | 'high' }[] => {
  const told: { run: string; level: 'raised' | 'high' }[] = [];
  const odd = file?.odd ?? {};
  for (const run in odd) {
    const { level } = odd[run]!;
    if (level !== 'normal') told.push({ run, level });
  }
  return told.length > mostRuns ? told.slice(-mostRuns) : told;
};

const say = (state: PartitionState, agent: string, file: AgentFile, place: string, now: number): AnomalyLevel => {
  const { tenant, level, findings } = file;
  const key = agentKey(tenant, agent);
  if (level === 'normal') state.elevated.delete(key); else state.elevated.add(key);
  const baseline = state.detector.agents.get(key);
  const runs = runLevels(file);
  return { agent, tenant, level, score: baseline === undefined ? 0 : faded(baseline, now), findings, ...(runs.length > 0 && { runs }), ...(baseline !== undefined && baseline.renewed > 0 && { renewed: baseline.renewed }), position: place, at: now };
};
