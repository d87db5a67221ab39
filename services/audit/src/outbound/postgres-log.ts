import { inTransaction } from '@countersign/event-store/postgres';
import { createTurns } from '@countersign/kernel';
import { hashesPerTile } from '@countersign/tamper-log';
import type { TileRun } from '@countersign/tamper-log';
import { hash } from 'node:crypto';
import type { Pool } from 'pg';
import { Fenced } from '../app/ports.ts';
import type { Entry, LogStore } from '../app/ports.ts';
import { monthOf } from '../core/retention.ts';
import { identityOf } from '../core/incidents.ts';
import type { OwnWord } from '../core/own-word.ts';
import { sourceKey } from '../core/sequence.ts';
import type { LogState } from '../core/sequence.ts';
import type { Statement } from '../core/statement.ts';
import { bigintArray, byteaArray, textArray } from './binary-array.ts';
import { copyFormat, copyIn } from './copy-in.ts';
import { readState, textOf } from './log-state.ts';
import type { Owed } from './owed.ts';
import { createPartitions } from './partitions.ts';

/**
 * Earlier entries that go by the id of a new one and say something else. Asked before the new ones are there. `offset 0` has each looked up by itself: left to
 * choose, PostgreSQL reads the whole of a log that is new to its statistics, for every batch.
 */
const findTwice = `
  select r.index::int8, min(e.index) as earlier
  from unnest($2::bigint[], $3::bigint[], $4::bytea[]) as r(index, said, digest)
    cross join lateral (select log, index, digest from entry where said = r.said offset 0) e
  where e.log = $1 and e.digest <> r.digest group by r.index order by r.index`;
const appendTiles = `
  insert into tile (log, level, n, hashes) select $1, * from unnest($2::bigint[]::int[], $3::bigint[], $4::bytea[])
  on conflict (log, level, n) do update set hashes = tile.hashes || excluded.hashes`;
const advanceSources = `
  insert into source_offset (log, source, next, seen) select $1, source, next, seen::jsonb from unnest($2::text[], $3::bigint[], $4::text[]) as r(source, next, seen)
  on conflict (log, source) do update set next = excluded.next, seen = excluded.seen`;

/** Cuts runs of hashes at tile borders. */
const tileRows = (runs: readonly TileRun[]): { level: number; n: number; hashes: Buffer }[] =>
  runs.flatMap(({ level, start, hashes }) => {
    const rows: { level: number; n: number; hashes: Buffer }[] = [];
    for (let at = 0; at < hashes.length;) {
      const n = Math.floor((start + at) / hashesPerTile);
      const end = Math.min(hashes.length, (n + 1) * hashesPerTile - start);
      rows.push({ level, n, hashes: Buffer.concat(hashes.slice(at, end)) });
      at = end;
    }
    return rows;
  });

/** The log in PostgreSQL. The pool's database has the tables of schema.sql. @param publishAtOnce whether a signed checkpoint needs no witness to be served */
export const createPostgresLog = (pool: Pool, log: string, word: OwnWord, owed: Owed, publishAtOnce = true): LogStore => {
  let epoch = -1n;
  const macOf = (state: LogState): string => word.mac(textOf(log, state));
  const partitions = createPartitions(pool);
  /** One transaction after the other, in the order they were asked for. */
  const inTurn = createTurns();
  return {
    // In one transaction: an owner that comes meanwhile waits, or its first batch would be half of what is read.
    own: () => inTransaction(pool, async (client) => {
      const { rows: [row] } = await client.query<{ epoch: string }>('insert into log (id, epoch) values ($1, 1) on conflict (id) do update set epoch = log.epoch + 1 returning epoch', [log]);
      epoch = BigInt(row!.epoch);
      return (await readState(client, log, word))!;
    }),

    vouch: async (state) => {
      const { rowCount } = await pool.query('update log set mac = $3, holds = $5 where id = $1 and epoch = $2 and size = $4', [log, epoch, macOf(state), state.edge.size, JSON.stringify(state.holds)]);
      if (rowCount !== 1) throw new Fenced();
    },

    append: (first, entries, tiles, state, owes, settled) => {
      // Everything is brought into PostgreSQL's form at once, so that this is done while the batch before is still being written.
      const rows = rowsOf(log, first, entries, tiles, state);
      const mac = macOf(state);
      return inTurn(async () => {
        await partitions.ensure(rows.slots);
        return inTransaction(pool, async (client) => {
        const { rowCount } = await client.query('update log set size = $3, frontier = $4, mac = $6, holds = $7 where id = $1 and epoch = $2 and size = $5',
          [log, epoch, state.edge.size, Buffer.concat(state.edge.frontier), first, mac, JSON.stringify(state.holds)]);
        if (rowCount !== 1) throw new Fenced();
        const twice = await client.query<{ index: string; earlier: string }>({ name: 'find-twice', text: findTwice, values: [log, ...rows.identified] });
        const incidents = twice.rows.map(({ index, earlier }): Statement => ({ kind: 'incident', states: { what: 'same_id_other_content', index: Number(index), earlier: Number(earlier) } }));
        await owed.owe(client, [...incidents, ...owes]);
        await owed.settle(client, settled);
        await copyIn(client, 'entry (log, index, leaf, run, action, said, digest)', rows.entries);
        await copyIn(client, 'sealed_payload (log, index, slot, key, body)', rows.payloads);
        await client.query({ name: 'append-tiles', text: appendTiles, values: [log, ...rows.tiles] });
        await client.query({ name: 'advance-sources', text: advanceSources, values: [log, ...rows.sources] });
        return incidents.length + owes.length > 0;
        }).catch((error: unknown) => {
          // A month that expired was dropped, and something of it came after all: the next attempt makes it again.
          if ((error as { code?: string }).code === '23514') partitions.forget();
          throw error;
        });
      });
    },

    due: owed.due,

    signed: async () => {
      const { rows: [row] } = await pool.query<{ size: string | null }>('select max(size) as size from checkpoint where log = $1', [log]);
      return Number(row!.size ?? 0);
    },

    readTile: async (level, n) => {
      const { rows: [row] } = await pool.query<{ hashes: Buffer }>('select hashes from tile where log = $1 and level = $2 and n = $3', [log, level, n]);
      if (!row) throw new RangeError(`no tile ${level}/${n}`);
      return row.hashes;
    },

    saveCheckpoint: async (size, note, at) => {
      // What somebody else put there before is no head of this log.
      await pool.query(`insert into checkpoint (log, size, note, at, published) values ($1, $2, $3, $4, $5)
        on conflict (log, size) do update set note = excluded.note, at = excluded.at, published = excluded.published where checkpoint.note <> excluded.note`, [log, size, note, at, publishAtOnce]);
    },
  };
};

/** Where a payload lies: its retention class and the month it came in, so that what is over goes as one partition. */
const slotsOf = (): ((entry: Entry) => string) => {
  const months = new Map<number, string>();
  // Days are looked up: a batch has few of them and many entries.
  return ({ retention, source: { at } }) => {
    const day = Math.floor(at / 86_400_000);
    let month = months.get(day);
    if (month === undefined) months.set(day, month = monthOf(at));
    return `${retention}_${month}`;
  };
};

/** Records are found again by the first 64 bits of a hash of topic and id; those without an id are never found. */
const saidOf = (entry: Entry): bigint | null => {
  const identity = identityOf(entry.source);
  return identity === undefined ? null : saidHash(identity);
};
export const saidHash = (identity: string): bigint => hash('sha256', identity, 'buffer').readBigInt64BE();

/** A batch as PostgreSQL takes it. */
const rowsOf = (log: string, first: number, entries: readonly Entry[], tiles: readonly TileRun[], state: LogState) => {
  const name = Buffer.from(log);
  const slotOf = slotsOf();
  const slots = entries.map(slotOf);
  const said = entries.map(saidOf);
  const digests = entries.map((entry) => entry.digest.subarray(0, 16));
  const identified = entries.flatMap((_, i) => (said[i] === null ? [] : [i]));
  const tile = tileRows(tiles);
  const sources = [...new Set(entries.map((entry) => sourceKey(entry.source)))];
  return {
    slots,
    identified: [bigintArray(identified.map((i) => first + i)), bigintArray(identified.map((i) => said[i]!)), byteaArray(identified.map((i) => digests[i]!))],
    entries: copyFormat(entries.map((entry, i) => [name, BigInt(first + i), entry.leaf, entry.run, entry.action, said[i]!, said[i] === null ? null : digests[i]!])),
    payloads: copyFormat(entries.map((entry, i) => [name, BigInt(first + i), slots[i]!, entry.payload.key, entry.payload.bytes])),
    tiles: [bigintArray(tile.map((row) => row.level)), bigintArray(tile.map((row) => row.n)), byteaArray(tile.map((row) => row.hashes))],
    sources: [textArray(sources), bigintArray(sources.map((source) => state.next.get(source)!)), textArray(sources.map((source) => { const seen = state.seen.get(source); return seen ? JSON.stringify(seen) : null; }))],
  };
};
