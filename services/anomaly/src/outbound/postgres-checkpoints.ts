import type { Pool } from 'pg';
import type { Checkpoint, CheckpointStore } from '../app/ports.ts';
import { readState, writeState } from './state-json.ts';

const advance = `
  insert into checkpoint (partition, fold, next, minute) values ($1, $2, $3, $4)
  on conflict (partition) do update set fold = excluded.fold, next = excluded.next, minute = excluded.minute
  where checkpoint.fold <> excluded.fold or checkpoint.next < excluded.next`;
const keepParts = `
  insert into state_part (partition, fold, part, state) select $1, $2, * from unnest($3::text[], $4::json[])
  on conflict (partition, fold, part) do update set state = excluded.state`;

/** Checkpoints in PostgreSQL: the changed parts and the offset in one transaction, which an owner who is behind cannot make. */
export const createPostgresCheckpoints = (pool: Pool, fold: number): CheckpointStore => {
  const inTransaction = async <T>(isolation: string, work: (query: (text: string, values: unknown[]) => Promise<{ rows: Record<string, string>[]; rowCount: number | null }>) => Promise<T>): Promise<T> => {
    const client = await pool.connect();
    try {
      await client.query(`begin isolation level ${isolation}`);
      const result = await work((text, values) => client.query(text, values));
      await client.query('commit');
      return result;
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      throw error;
    } finally {
      client.release();
    }
  };

  return {
    // One snapshot for both tables: an older owner may still be saving.
    load: (partition) => inTransaction('repeatable read', async (query): Promise<Checkpoint | undefined> => {
      const { rows: [row] } = await query('select next, minute from checkpoint where partition = $1 and fold = $2', [partition, fold]);
      if (row === undefined) return undefined;
      const { rows } = await query('select part, state::text as state from state_part where partition = $1 and fold = $2 order by part', [partition, fold]);
      return { next: BigInt(row['next']!), minute: Number(row['minute']), parts: new Map(rows.map((one) => [one['part']!, readState(one['state']!)])) };
    }),

    save: (partition, { next, minute, parts }) => inTransaction('read committed', async (query) => {
      const { rowCount } = await query(advance, [partition, fold, next, minute]);
      if (rowCount !== 1) return false;
      await query('delete from state_part where partition = $1 and fold <> $2', [partition, fold]);
      await query(keepParts, [partition, fold, [...parts.keys()], [...parts.values()].map(writeState)]);
      return true;
    }),

    forget: (partition) => inTransaction('read committed', async (query) => {
      await query('delete from state_part where partition = $1', [partition]);
      await query('delete from checkpoint where partition = $1', [partition]);
    }),
  };
};
