import { mix } from './hash.ts';

/** What an agent does, as shares of tools in hashed buckets: a fast window, and a slow one that is frozen once it has seen enough. */
export interface Mix { readonly fast: Float32Array; readonly slow: Float32Array; /** Actions in the slow window. */ n: number }

const buckets = 16;
/** Actions after which the slow window is frozen: only a registered change or an analyst thaws it. */
export const frozenAt = 500;
const fastRate = 1 / 100;

export const newMix = (): Mix => ({ fast: new Float32Array(buckets), slow: new Float32Array(buckets), n: 0 });

const bucketOf = (tool: number): number => mix(17, tool) & (buckets - 1);

/** @param isHabit false: it is seen, and not learned */
export const learnMix = (of: Mix, tool: number, isHabit = true): void => {
  const bucket = bucketOf(tool);
  for (let i = 0; i < buckets; i++) of.fast[i]! += fastRate * ((i === bucket ? 1 : 0) - of.fast[i]!);
  if (of.n >= frozenAt || !isHabit) return;
  of.slow[bucket]! += 1;
  of.n++;
};

const totalOf = (of: Mix): number => {
  let total = 0;
  for (let i = 0; i < buckets; i++) total += of.fast[i]!;
  return total;
};

/** What one bucket adds to the divergence: never less than 0 (log sum inequality). */
const partOf = (p: number, q: number): number => {
  const m = (p + q) / 2;
  return ((p > 0 ? p * Math.log(p / m) : 0) + (q > 0 ? q * Math.log(q / m) : 0)) / 2;
};

/** Jensen–Shannon divergence between the windows in nats, 0 to ln 2 (Lin 1991); 0 before the slow one is frozen. */
export const driftOf = (of: Mix): number => {
  if (of.n < frozenAt) return 0;
  const total = totalOf(of);
  let sum = 0;
  for (let i = 0; i < buckets; i++) sum += partOf(of.fast[i]! / total, of.slow[i]! / of.n);
  return sum;
};

/** Tools whose share of what an agent does has changed. Those that fall into one bucket are not told apart. */
export interface Shift {
  readonly tools: readonly string[];
  /** Its share lately, and in the frozen window. */
  readonly observed: number;
  readonly expected: number;
  /** Its part of the divergence times the actions of the fast window: nats of evidence that the mix is another. */
  readonly nats: number;
}
const mostShifts = 8;
const leastShift = 0.1;

/** What the divergence is made of, greatest first. @param used the tools that the agent is known to use, by hash and name */
export const shiftsOf = (of: Mix, used: readonly (readonly [number, string])[]): readonly Shift[] => {
  if (of.n < frozenAt) return [];
  const total = totalOf(of);
  const shifts: Shift[] = [];
  for (let i = 0; i < buckets; i++) {
    const observed = of.fast[i]! / total, expected = of.slow[i]! / of.n, nats = partOf(observed, expected) / fastRate;
    if (nats >= leastShift) shifts.push({ tools: used.filter(([tool]) => bucketOf(tool) === i).map(([, name]) => name).sort(), observed, expected, nats });
  }
  return shifts.sort((a, b) => b.nats - a.nats).slice(0, mostShifts);
};

/** The fast window of some 100 actions strays by .02 to .06 when nothing changes. */
export const driftNoise = 0.06;
/** Drift worth a proposal to take the baseline anew. */
export const driftAlarm = 0.15;

/** The slow window begins anew with what is usual now. */
export const rebase = (of: Mix): void => {
  of.slow.fill(0);
  of.n = 0;
};
