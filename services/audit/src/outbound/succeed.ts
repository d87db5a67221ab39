import { inTransaction } from '@countersign/event-store/postgres';
import type { Pool, PoolClient } from 'pg';
import type { CheckpointKeeper } from '../app/ports.ts';
import { inForce } from '../core/holds.ts';
import type { HeldOnRecord, HoldScope } from '../core/holds.ts';
import type { OwnWord } from '../core/own-word.ts';
import { statementSource } from '../core/statement.ts';
import type { Statement } from '../core/statement.ts';
import { readState, textOf } from './log-state.ts';

interface HoldRow { hold: number; scope: HoldScope; id: string | null; by: string; at: string }

/** Holds of the ended log go on under new numbers: those of its rows, and those on its record that no row has any more. In doubt one too many is in force. */
const takeHolds = async (client: PoolClient, origin: string, ended: string, onRecord: readonly HeldOnRecord[]): Promise<readonly HeldOnRecord[]> => {
  const { rows } = await client.query<HoldRow & { reason: string }>('select id::int as hold, scope, what as id, by, at, reason from legal_hold where log = $1 and released is null order by id', [ended]);
  const taken: HeldOnRecord[] = [];
  for (const { scope, id, by, at, reason } of inForce(rows.map((row) => ({ ...row, at: Number(row.at) })), onRecord).holds) {
    const { rows: [row] } = await client.query<{ hold: number }>('insert into legal_hold (log, scope, what, by, at, reason) values ($1, $2, $3, $4, $5, $6) returning id::int as hold', [origin, scope, id, by, at, reason]);
    taken.push({ hold: row!.hold, scope, id, by, at });
  }
  return taken;
};

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
    const copy = await readState(client, ended, word);
    const own = copy?.word === 'holds';
    await client.query('delete from source_offset where log = $1', [origin]);
    if (own) await client.query('insert into source_offset (log, source, next, seen) select $1, source, next, seen from source_offset where log = $2 and not starts_with(source, $3)', [origin, ended, statementSource]);
    const holds = await takeHolds(client, origin, ended, copy?.state.holds ?? []);
    await client.query('insert into log (id, holds) values ($1, $2) on conflict (id) do update set holds = excluded.holds', [origin, JSON.stringify(holds)]);
    const { state } = (await readState(client, origin, word))!;
    await client.query('update log set mac = $2 where id = $1', [origin, word.mac(textOf(origin, state))]);
    return { kind: 'resumed', states: { predecessor: ended, size: head.size, root: head.root, copy: own ? copy.state.edge.size : 0, holds: holds.length } };
  });
};
