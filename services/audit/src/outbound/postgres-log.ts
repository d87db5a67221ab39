import { inTransaction } from '@countersign/event-store/postgres';
import { hashesPerTile } from '@countersign/tamper-log';
import type { TileRun } from '@countersign/tamper-log';
import { hash } from 'node:crypto';
import type { Pool } from 'pg';
import { Fenced } from '../app/ports.ts';
import type { Entry, LogStore } from '../app/ports.ts';
import { identityOf } from '../core/incidents.ts';
import type { Seen } from '../core/reconcile.ts';
import { sourceKey } from '../core/sequence.ts';
import type { Statement } from '../core/statement.ts';
import { bigintArray, byteaArray, textArray } from './binary-array.ts';
import { createPartitions } from './partitions.ts';

const insertEntries = `
  with rows as (select * from unnest($2::bigint[], $3::bytea[], $4::text[], $5::text[], $6::bigint[], $7::bytea[], $8::text[], $9::text[], $10::bytea[]) as r(index, leaf, run, action, said, digest, slot, key, body)),
       kept as (insert into sealed_payload (log, index, slot, key, body) select $1, index, slot, key, body from rows),
       twice as (insert into statement_due (log, kind, states) select $1, 'incident', jsonb_build_object('what', 'same_id_other_content', 'index', r.index, 'earlier', min(e.index))
                 from rows r join entry e on e.log = $1 and e.said = r.said and e.digest <> r.digest group by r.index returning 1),
       owed as (insert into statement_due (log, kind, states) select $1, kind, states from jsonb_to_recordset($11::jsonb) as s(kind text, states jsonb) returning 1),
       settled as (delete from statement_due where log = $1 and id = any($12::bigint[])),
       written as (insert into entry (log, index, leaf, run, action, said, digest) select $1, index, leaf, run, action, said, digest from rows)
  select (select count(*) from twice) + (select count(*) from owed) as due`;
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
export const createPostgresLog = (pool: Pool, log: string, publishAtOnce = true): LogStore => {
  let epoch = -1n;
  const partitions = createPartitions(pool);
  return {
    own: async () => {
      const { rows: [row] } = await pool.query<{ epoch: string; size: string; frontier: Buffer }>(
        'insert into log (id, epoch) values ($1, 1) on conflict (id) do update set epoch = log.epoch + 1 returning epoch, size, frontier', [log]);
      epoch = BigInt(row!.epoch);
      const { rows } = await pool.query<{ source: string; next: string; seen: Seen | null }>('select source, next, seen from source_offset where log = $1', [log]);
      const frontier = Array.from({ length: row!.frontier.length / 32 }, (_, i) => row!.frontier.subarray(i * 32, i * 32 + 32));
      return { edge: { size: Number(row!.size), frontier }, next: new Map(rows.map((one) => [one.source, BigInt(one.next)])), seen: new Map(rows.flatMap(({ source, seen }) => (seen ? [[source, seen]] : []))) };
    },

    append: async (first, entries, tiles, state, owes, settled) => {
      await partitions.ensure(entries.map(slotOf));
      return inTransaction(pool, async (client) => {
        const { rowCount } = await client.query('update log set size = $3, frontier = $4 where id = $1 and epoch = $2 and size = $5',
          [log, epoch, state.edge.size, Buffer.concat(state.edge.frontier), first]);
        if (rowCount !== 1) throw new Fenced();
        const { rows: [due] } = await client.query<{ due: string }>({ name: 'insert-entries', text: insertEntries, values: [...entryColumns(log, first, entries), JSON.stringify(owes), bigintArray(settled)] });
        const rows = tileRows(tiles);
        await client.query({ name: 'append-tiles', text: appendTiles, values: [log, bigintArray(rows.map((row) => row.level)), bigintArray(rows.map((row) => row.n)), byteaArray(rows.map((row) => row.hashes))] });
        const sources = [...new Set(entries.map((entry) => sourceKey(entry.source)))];
        await client.query({ name: 'advance-sources', text: advanceSources, values: [log, textArray(sources), bigintArray(sources.map((source) => state.next.get(source)!)), textArray(sources.map((source) => { const seen = state.seen.get(source); return seen ? JSON.stringify(seen) : null; }))] });
        return Number(due!.due) > 0;
      });
    },

    due: async () => {
      const { rows } = await pool.query<{ id: string; kind: string; states: Statement['states'] }>('select id, kind, states from statement_due where log = $1 order by id limit 1000', [log]);
      return rows.map(({ id, ...statement }) => ({ id: BigInt(id), ...statement }));
    },

    readTile: async (level, n) => {
      const { rows: [row] } = await pool.query<{ hashes: Buffer }>('select hashes from tile where log = $1 and level = $2 and n = $3', [log, level, n]);
      if (!row) throw new RangeError(`no tile ${level}/${n}`);
      return row.hashes;
    },

    saveCheckpoint: async (size, note, at) => {
      await pool.query('insert into checkpoint (log, size, note, at, published) values ($1, $2, $3, $4, $5) on conflict do nothing', [log, size, note, at, publishAtOnce]);
    },
  };
};

/** Where a payload lies: its retention class and the month it came in, so that what is over goes as one partition. */
const slotOf = ({ retention, source }: Entry): string => `${retention}_${new Date(source.at).toISOString().slice(0, 7).replace('-', '_')}`;

const none = Buffer.alloc(0);
/** Records are found again by the first 64 bits of a hash of topic and id; those without an id are never found. */
const saidOf = (entry: Entry): bigint | null => {
  const identity = identityOf(entry.source);
  return identity === undefined ? null : hash('sha256', identity, 'buffer').readBigInt64BE();
};

const entryColumns = (log: string, first: number, entries: readonly Entry[]): unknown[] => {
  const said = entries.map(saidOf);
  return [
    log,
    bigintArray(entries.map((_, i) => first + i)),
    byteaArray(entries.map((entry) => entry.leaf)),
    textArray(entries.map((entry) => entry.run)),
    textArray(entries.map((entry) => entry.action)),
    bigintArray(said.map((one, i) => one ?? -BigInt(first + i) - 1n)),
    byteaArray(entries.map((entry, i) => (said[i] === null ? none : entry.digest.subarray(0, 16)))),
    textArray(entries.map(slotOf)),
    textArray(entries.map((entry) => entry.payload.key)),
    byteaArray(entries.map((entry) => entry.payload.bytes)),
  ];
};
