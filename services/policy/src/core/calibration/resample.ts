import type { Interval, Outcome } from './weighted.ts';

/** mulberry32 (Tommy Ettinger, public domain): the same numbers for the same seed, in [0, 1). A report must come out the same twice. */
export const numbersFrom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
};

/** Percentile bootstrap (Efron 1979, Annals of Statistics 7): the middle 95 % of each measure over `rounds` samples drawn with replacement. */
export const bootstrap = (outcomes: readonly Outcome[], measures: readonly ((drawn: readonly Outcome[]) => number)[], { rounds = 400, seed = 1 } = {}): Interval[] => {
  if (outcomes.length === 0) return measures.map(() => ({ low: 0, high: 1 }));
  const next = numbersFrom(seed);
  const drawn = [...outcomes];
  const found = measures.map(() => new Float64Array(rounds));
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < drawn.length; i++) drawn[i] = outcomes[Math.floor(next() * outcomes.length)]!;
    measures.forEach((measure, m) => { found[m]![round] = measure(drawn); });
  }
  return found.map((values) => {
    values.sort();
    return { low: values[Math.floor(rounds * 0.025)]!, high: values[Math.min(rounds - 1, Math.ceil(rounds * 0.975))]! };
  });
};
