import type { GovernedRecord } from '@countersign/contracts';
import type { Pool } from 'pg';
import type { Instruction } from '../core/events.ts';

export const instructionSchema = 'create table if not exists instruction (run text primary key, told text not null);';

/** One question: what was a run told to do? Kept while it lives; the evidence of what it asks for keeps it on. Text, not jsonb: others' words stand in it. */
export const createInstructions = (pool: Pool) => ({
  /** Of the runs that began; safe to repeat. */
  began: async (records: readonly GovernedRecord[]): Promise<void> => {
    const those = records.flatMap((record) => (record.kind === 'run.started' && record.run !== null
      ? [{ run: record.run, told: JSON.stringify({ text: record.message.instruction.text, by: record.instruction.attestedBy } satisfies Instruction) }] : []));
    if (those.length > 0) await pool.query('insert into instruction (run, told) select * from unnest($1::text[], $2::text[]) on conflict do nothing', [those.map(({ run }) => run), those.map(({ told }) => told)]);
  },
  ended: async (records: readonly GovernedRecord[]): Promise<void> => {
    const runs = records.flatMap((record) => (record.kind === 'run.ended' && record.run !== null ? [record.run] : []));
    if (runs.length > 0) await pool.query('delete from instruction where run = any($1)', [runs]);
  },
  /** Those of these runs that have begun and not ended. */
  living: async (runs: readonly string[]): Promise<ReadonlySet<string>> => new Set((await pool.query<{ run: string }>('select run from instruction where run = any($1)', [runs])).rows.map(({ run }) => run)),
  of: async (run: string): Promise<Instruction | undefined> => {
    const { rows } = await pool.query<{ told: string }>('select told from instruction where run = $1', [run]);
    return rows[0] && JSON.parse(rows[0].told) as Instruction;
  },
});
