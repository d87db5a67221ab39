import type { Pool } from 'pg';
import type { WitnessStore } from '../app/witnessing.ts';

/** What the witnesses said, beside the checkpoints they said it of. Nothing here is secret; nothing here is believed without its signature. */
export const createPostgresWitnesses = (pool: Pool, log: string): WitnessStore => ({
  signed: async () => {
    const { rows: [row] } = await pool.query<{ size: string; note: string }>('select size, note from checkpoint where log = $1 order by size desc limit 1', [log]);
    if (!row) return undefined;
    const { rows } = await pool.query<{ witness: string }>('select witness from cosignature where log = $1 and size = $2', [log, row.size]);
    return { size: Number(row.size), note: row.note, cosigned: new Set(rows.map(({ witness }) => witness)) };
  },
  seen: async (witness) => {
    const { rows: [row] } = await pool.query<{ size: string }>('select size from witness where log = $1 and witness = $2', [log, witness]);
    return Number(row?.size ?? 0);
  },
  saw: async (witness, size) => {
    await pool.query('insert into witness (log, witness, size) values ($1, $2, $3) on conflict (log, witness) do update set size = greatest(witness.size, excluded.size)', [log, witness, size]);
  },
  cosigned: async (size, witness, line, publish) => {
    await pool.query('insert into cosignature (log, size, witness, line) values ($1, $2, $3, $4) on conflict do nothing', [log, size, witness, line]);
    if (publish) await pool.query('update checkpoint set published = true where log = $1 and size = $2', [log, size]);
  },
});
