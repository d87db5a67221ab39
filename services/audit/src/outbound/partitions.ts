import type { Pool } from 'pg';

const slotPattern = /^[a-z]+_\d{4}_\d{2}$/;

/** Makes the partitions of sealed_payload that are missing: a handful a month, asked for with every batch. */
export const createPartitions = (pool: Pool) => {
  const known = new Set<string>();
  return {
    /** What was dropped since is made again when it is needed. */
    forget: (): void => known.clear(),
    ensure: async (slots: readonly string[]): Promise<void> => {
      for (const slot of new Set(slots)) {
        if (known.has(slot)) continue;
        if (!slotPattern.test(slot)) throw new RangeError(`"${slot}" is no slot`);
        // Two processes may want the same one at the same time; then it is there.
        await pool.query(`create table if not exists sealed_payload_${slot} partition of sealed_payload for values in ('${slot}') with (toast_tuple_target = 8160)`).catch((error: { code?: string }) => { if (error.code !== '42P07' && error.code !== '23505') throw error; });
        known.add(slot);
      }
    },
  };
};
