import { inTransaction } from '@countersign/event-store/postgres';
import { emptyEdge } from '@countersign/tamper-log';
import type { Pool } from 'pg';
import type { CheckpointKeeper } from '../app/ports.ts';
import type { OwnWord } from '../core/own-word.ts';
import { statementSource } from '../core/statement.ts';
import type { Statement } from '../core/statement.ts';
import { hashesIn, readSources, textOf } from './postgres-log.ts';

interface Copy { size: string; frontier: Buffer; mac: string | null }

/**
 * Begins a log where another had to end (its database was lost and an older copy is all there is, or somebody wrote to it). Takes over which records the copy
 * has, so that those after it are read from the bus again, and gives the first entry: it commits to the last head that the ended log signed.
 * What of the copy audit did not say itself is not believed: then everything that the bus has is read again.
 * Undefined where this log has begun already. Rejects where no head of the ended log is known: then there is nothing to continue.
 */
export const succeed = async (pool: Pool, origin: string, ended: string, keeper: CheckpointKeeper, word: OwnWord): Promise<Statement | undefined> => {
  const begun = (await pool.query('select 1 from log where id = $1 and size > 0', [origin])).rowCount;
  if (begun) return undefined;
  const head = await keeper.last(ended);
  if (head === undefined) throw new Error(`CS_LOG_PREDECESSOR names ${ended}, of which no signed checkpoint is known here.`);
  return inTransaction(pool, async (client) => {
    const { rows: [copy] } = await client.query<Copy>('select size, frontier, mac from log where id = $1', [ended]);
    const own = copy !== undefined && word.holds(textOf(ended, { ...await readSources(client, ended), edge: { size: Number(copy.size), frontier: hashesIn(copy.frontier) } }), copy.mac);
    await client.query('delete from source_offset where log = $1', [origin]);
    if (own) await client.query('insert into source_offset (log, source, next, seen) select $1, source, next, seen from source_offset where log = $2 and not starts_with(source, $3)', [origin, ended, statementSource]);
    await client.query('insert into log (id, mac) values ($1, $2) on conflict (id) do update set mac = excluded.mac', [origin, word.mac(textOf(origin, { ...await readSources(client, origin), edge: emptyEdge }))]);
    return { kind: 'resumed', states: { predecessor: ended, size: head.size, root: head.root, copy: own ? Number(copy.size) : 0 } };
  });
};
