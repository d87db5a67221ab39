import type { Pool } from 'pg';
import type { CheckpointKeeper } from '../app/ports.ts';
import type { Statement } from '../core/statement.ts';

/**
 * Begins a log where another had to end (its database was lost and an older copy is all there is). Takes over which records the copy has, so that
 * those after it are read from the bus again, and gives the first entry: it commits to the last head that the ended log signed.
 * Undefined where this log has begun already. Rejects where no head of the ended log is known: then there is nothing to continue.
 */
export const succeed = async (pool: Pool, origin: string, ended: string, keeper: CheckpointKeeper): Promise<Statement | undefined> => {
  const begun = (await pool.query('select 1 from log where id = $1 and size > 0', [origin])).rowCount;
  if (begun) return undefined;
  const head = await keeper.last(ended);
  if (head === undefined) throw new Error(`CS_LOG_PREDECESSOR names ${ended}, of which no signed checkpoint is known here.`);
  const { rows: [copy] } = await pool.query<{ size: string }>('select size from log where id = $1', [ended]);
  await pool.query('insert into source_offset (log, source, next, seen) select $1, source, next, seen from source_offset where log = $2 and source not like \'audit.%\' on conflict do nothing', [origin, ended]);
  return { kind: 'resumed', states: { predecessor: ended, size: head.size, root: head.root, copy: Number(copy?.size ?? 0) } };
};
