import { mix } from './hash.ts';

/** What an agent does, as shares of tools in hashed buckets: a fast window, and a slow one that is frozen once it has seen enough. */
export interface Mix { readonly fast: Float32Array; readonly slow: Float32Array; /** Actions in the slow window. */ n: number }

const buckets = 16;
/** Actions after which the slow window is frozen: only a registered change or an analyst thaws it. */
export const frozenAt = 500;
const fastRate = 1 / 100;

export const newMix = (): Mix => ({ fast: new Float32Array(buckets), slow: new Float32Array(buckets), n: 0 });

/** @param isHabit false: it is seen, and not learned */
export const learnMix = (of: Mix, tool: number, isHabit = true): void => {
  const bucket = mix(17, tool) & (buckets - 1);
  for (let i = 0; i < buckets; i++) of.fast[i]! += fastRate * ((i === bucket ? 1 : 0) - of.fast[i]!);
  if (of.n >= frozenAt || !isHabit) return;
  of.slow[bucket]! += 1;
  of.n++;
};

/** Jensen–Shannon divergence between the windows in nats, 0 to ln 2 (Lin 1991); 0 before the slow one is frozen. */
export const driftOf = (of: Mix): number => {
  if (of.n < frozenAt) return 0;
  let total = 0, sum = 0;
  for (let i = 0; i < buckets; i++) total += of.fast[i]!;
  for (let i = 0; i < buckets; i++) {
    const p = of.fast[i]! / total, q = of.slow[i]! / of.n, m = (p + q) / 2;
    if (p > 0) sum += p * Math.log(p / m) / 2;
    if (q > 0) sum += q * Math.log(q / m) / 2;
  }
  return Math.max(0, sum);
};

/** Drift worth a proposal to take the baseline anew: the fast window of some 100 actions strays by .02 to .06 when nothing changes. */
export const driftAlarm = 0.15;

/** The slow window begins anew with what is usual now. */
export const rebase = (of: Mix): void => {
  of.slow.fill(0);
  of.n = 0;
};
