import { inTransaction } from '@countersign/event-store/postgres';
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
  return {
    // One snapshot for both tables: an older owner may still be saving.
    load: (partition) => inTransaction(pool, async (client): Promise<Checkpoint | undefined> => {
      const { rows: [row] } = await client.query<{ next: string; minute: string }>('select next, minute from checkpoint where partition = $1 and fold = $2', [partition, fold]);
      if (row === undefined) return undefined;
      const { rows } = await client.query<{ part: string; state: string }>('select part, state::text as state from state_part where partition = $1 and fold = $2 order by part', [partition, fold]);
      return { next: BigInt(row.next), minute: Number(row.minute), parts: new Map(rows.map((one) => [one.part, readState(one.state)])) };
    }, 'repeatable read'),

    save: (partition, { next, minute, parts }) => inTransaction(pool, async (client) => {
      const { rowCount } = await client.query(advance, [partition, fold, next, minute]);
      if (rowCount !== 1) return false;
      await client.query('delete from state_part where partition = $1 and fold <> $2', [partition, fold]);
      await client.query(keepParts, [partition, fold, [...parts.keys()], [...parts.values()].map(writeState)]);
      return true;
    }),

    forget: (partition) => inTransaction(pool, async (client) => {
      await client.query('delete from state_part where partition = $1', [partition]);
      await client.query('delete from checkpoint where partition = $1', [partition]);
    }),
  };
};
