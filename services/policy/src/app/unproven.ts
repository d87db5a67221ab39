import type { GovernedUnproven } from '@countersign/contracts';

type Count = GovernedUnproven['counts'][number];

/** Most principals named per batch; the rest is counted together, so that invented names cost nothing. */
const named = 50;

/** Counts what nobody can be held to: by claimed principal and code, with the offsets between which it lies. */
export const unprovenCounter = () => {
  const counts = new Map<string, { -readonly [K in keyof Count]: Count[K] }>();
  let total = 0;
  return {
    add(principal: string, code: string, offset: bigint): void {
      total++;
      const at = String(offset);
      const who = counts.has(`${code} ${principal}`) || counts.size < named ? principal : '(others)';
      const count = counts.get(`${code} ${who}`);
      if (count === undefined) counts.set(`${code} ${who}`, { principal: who, code, count: 1, firstOffset: at, lastOffset: at });
      else {
        count.count++;
        count.lastOffset = at;
      }
    },
    counts: (): Count[] => [...counts.values()],
    total: () => total,
    get size() { return counts.size; },
  };
};
