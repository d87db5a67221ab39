/** A small seeded generator (mulberry32, public domain): the same seed, the same fleet. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  below(n: number): number;
  pick<T>(list: readonly T[]): T;
  /** Standard normal (Box–Muller). */
  normal(): number;
}

export const random = (seed: number): Random => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (n: number): number => Math.floor(next() * n);
  return { next, below, pick: (list) => list[below(list.length)]!, normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()) };
};
