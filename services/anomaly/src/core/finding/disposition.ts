import type { Disposition, Finding } from '@countersign/contracts';

export type Verdict = Disposition['verdict'];

/** What analysts said of one finding so far. Plain data, part of the checkpoint. */
export interface Case {
  readonly kind: Finding['kind'];
  readonly run: string | null;
  readonly at: number;
  /** The last word of each analyst. */
  readonly said: Readonly<Record<string, Verdict>>;
  readonly closed: Verdict | null;
}

/** Findings of one agent that can still be disposed of, newest last. */
export type Cases = Readonly<Record<string, Case>>;

const mostCases = 64;
/** Analysts who must say the same before a level falls or something odd becomes habit. One is enough to confirm an attack. */
export const analystsFor = (verdict: Verdict): 1 | 2 => (verdict === 'true' ? 1 : 2);

export const openCase = (cases: Cases, finding: string, kind: Finding['kind'], run: string | null, at: number): Cases => {
  const entries = Object.entries(cases);
  const kept = entries.length < mostCases ? cases : Object.fromEntries(entries.slice(-(mostCases - 1)));
  return { ...kept, [finding]: { kind, run, at, said: {}, closed: null } };
};

export interface Disposed {
  readonly cases: Cases;
  /** Undefined: the same person said the same before; nothing is told. */
  readonly status: 'waiting' | 'done' | 'late' | undefined;
  readonly run: string | null;
}

/** Takes one analyst's word. Pure: the stream decides whose word was the second. */
export const disposeOf = (cases: Cases, finding: string, person: string, verdict: Verdict): Disposed => {
  const found = Object.hasOwn(cases, finding) ? cases[finding] : undefined;
  if (found === undefined || found.closed !== null) return { cases, status: found?.said[person] === verdict ? undefined : 'late', run: null };
  if (found.said[person] === verdict) return { cases, status: undefined, run: found.run };
  const said = { ...found.said, [person]: verdict };
  const agreed = Object.values(said).filter((one) => one === verdict).length;
  const done = agreed >= analystsFor(verdict);
  return { cases: { ...cases, [finding]: { ...found, said, closed: done ? verdict : null } }, status: done ? 'done' : 'waiting', run: found.run };
};

/** Whether people were told of something that nobody has judged yet: time alone clears nobody. */
export const isHeld = (cases: Cases): boolean => Object.values(cases).some(({ kind, closed }) => (kind === 'behaviour' || kind === 'overflow') && closed === null);

/** Whether something else that was told of a run's behaviour still waits to be judged: no run is cleared of what nobody has looked at. */
export const isOpen = (cases: Cases, run: string): boolean => Object.values(cases).some((one) => one.kind === 'behaviour' && one.run === run && one.closed === null);
