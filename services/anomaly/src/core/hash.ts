/** FNV-1a (Fowler, Noll, Vo) over the code units of a text, 32 bits, finished like `mix` so that near texts fall far apart. */
export const hashText = (text: string, seed = 0x811c9dc5): number => {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return finish(hash);
};

/** One key out of two: the finaliser of MurmurHash3 (Appleby) over their combination. Order matters. */
export const mix = (a: number, b: number): number => finish(Math.imul(a, 0x9e3779b1) ^ b);

const finish = (hash: number): number => {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};

/** A key of several parts; never 0, which marks an empty slot. */
export const keyOf = (kind: number, a: number, b = 0): number => mix(mix(kind, a), b) || 1;
