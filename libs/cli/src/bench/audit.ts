import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeAudit } from '@countersign/audit/compose';
import type { Audit } from '@countersign/audit/compose';
import { bigintArray, byteaArray, textArray } from '@countersign/audit/outbound/binary-array';
import { localCustody } from '@countersign/audit/outbound/custody';
import type { Entry } from '@countersign/audit/app/ports';
import type { BusMessage } from '@countersign/bus';
import { generateKey } from '@countersign/identity';
import pg from 'pg';
import { governedRecords } from './governed-records.ts';
import { ofRounds, percentile } from './measured.ts';
import type { Results } from './measured.ts';

const rounds = 3;
const batch = 1_000; // what the consumer of services/audit is handed at most
const sources = 4;
/** What is held ready at once: as in the service, the rest of the log does not lie around in memory while this is written. */
const slice = 10_000;
const batchesOf = <T>(items: readonly T[], size: number): T[][] => Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
const secondsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1_000;
};

/** The real log of services/audit in a database of this measure's own. */
const openLog = async (pool: pg.Pool, name: string, threads: number): Promise<{ readonly audit: Audit; close(): Promise<void> }> => {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-bench-audit-'));
  const key = generateKey('audit-1');
  const audit = await composeAudit({
    pool, origin: `bench/${name}`, tenant: 'acme', key: { privateKey: key.key, publicKey: Buffer.from(key.publicJwk.x, 'base64url') }, ...await localCustody(folder, join(folder, 'last')),
    pseudonymSecret: Buffer.alloc(32), publish: async () => undefined, now: Date.now, maxBatch: batch * 2, threads,
  });
  return { audit, close: async () => { await audit.close(); await rm(folder, { recursive: true }); } };
};

/** From prepared batches to their signed checkpoints: each partition hands in its next batch once the one before is under one. */
const sequence = async (audit: Audit, entries: readonly Entry[], batchMs: number[]): Promise<void> => {
  await Promise.all(Array.from({ length: sources }, async (_, partition) => {
    for (const part of batchesOf(entries.filter(({ source }) => source.partition === partition), batch)) batchMs.push(await secondsOf(() => audit.sequencer.add(part)) * 1_000);
  }));
};

/** The same rows, ready-made, into a plain table with a primary key: what PostgreSQL takes over one connection. */
const bareInsert = async (client: pg.PoolClient, entries: readonly Entry[], first: number): Promise<void> => {
  let index = first;
  for (const part of batchesOf(entries, batch * 2)) { // the sequencer takes two batches together
    await client.query({
      name: 'bare', text: 'insert into bare select * from unnest($1::bigint[], $2::bytea[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::bytea[])',
      values: [bigintArray(part.map(() => index++)), byteaArray(part.map((one) => one.leaf)), textArray(part.map((one) => one.run)), textArray(part.map((one) => one.action)), byteaArray(part.map((one) => one.digest)), textArray(part.map((one) => one.payload.key)), byteaArray(part.map((one) => one.payload.bytes))],
    });
  }
};
const bareTable = `
  create table if not exists bare (index bigint primary key, leaf bytea not null, run text, action text, digest bytea not null, key text not null, body bytea not null) with (toast_tuple_target = 8160);
  alter table bare alter column body set storage external;
  truncate bare`;

/** The stage before: batches of each partition one after the other, as the bus hands them over. */
const prepare = async (audit: Audit, messages: readonly BusMessage[]): Promise<Entry[]> => {
  const parts = await Promise.all(Array.from({ length: sources }, async (_, partition) => {
    const entries: Entry[] = [];
    for (const part of batchesOf(messages.filter((message) => message.partition === partition), batch)) entries.push(...await audit.prepare(part));
    return entries;
  }));
  return parts.flat();
};

/** Bytes of the log's tables with their indexes. */
const storedBytes = async (pool: pg.Pool): Promise<number> => {
  const { rows: [row] } = await pool.query<{ bytes: string }>("select sum(pg_total_relation_size(oid)) as bytes from pg_class where relkind = 'r' and (relname in ('entry', 'tile', 'checkpoint', 'source_offset') or relname like 'sealed_payload_%')");
  return Number(row!.bytes);
};

interface Round { readonly prepared: number; readonly threaded: number; readonly sequenced: number; readonly bare: number; readonly p99: number; readonly bytes: number }

/** One round: slice after slice is prepared (in this thread and in another), written bare and sequenced; per second and milliseconds. */
const measure = async (pool: pg.Pool, round: number, count: number): Promise<Round> => {
  await pool.query(bareTable);
  const here = await openLog(pool, `${round}`, 0);
  const beside = await openLog(pool, `${round}/thread`, 1);
  const client = await pool.connect();
  const spent = { prepared: 0, threaded: 0, sequenced: 0, bare: 0 };
  const batchMs: number[] = [];
  try {
    for (let first = 0; first < count; first += slice) {
      const messages = governedRecords(slice, sources, first / sources);
      let entries: readonly Entry[] = [];
      spent.threaded += await secondsOf(() => prepare(beside.audit, messages));
      spent.prepared += await secondsOf(async () => { entries = await prepare(here.audit, messages); });
      const bare = async (): Promise<void> => { spent.bare += await secondsOf(() => bareInsert(client, entries, first)); };
      const sequenced = async (): Promise<void> => { spent.sequenced += await secondsOf(() => sequence(here.audit, entries, batchMs)); };
      // The order changes, so that neither always pays for what the other left to be written.
      for (const one of (first / slice + round) % 2 === 0 ? [bare, sequenced] : [sequenced, bare]) await one();
    }
    if (here.audit.sequencer.size() !== count) throw new Error(`the log has ${here.audit.sequencer.size()} entries of ${count}`);
    const perSecond = (seconds: number): number => count / seconds;
    return { prepared: perSecond(spent.prepared), threaded: perSecond(spent.threaded), sequenced: perSecond(spent.sequenced), bare: perSecond(spent.bare), p99: percentile(batchMs.toSorted((a, b) => a - b), 0.99), bytes: await storedBytes(pool) / count };
  } finally {
    client.release();
    await here.close();
    await beside.close();
    await pool.query('truncate entry, sealed_payload, tile, bare');
  }
};

/** audit.sequencer.*: governed-like records of 2 KB in process against PostgreSQL, against a bare binary insert of the same rows, interleaved. */
export const benchAudit = async (options: { readonly postgres: string; readonly quick: boolean; readonly tell: (line: string) => void }): Promise<Results> => {
  const pool = new pg.Pool({ connectionString: options.postgres, max: 6 });
  const all: Round[] = [];
  try {
    for (let round = 0; round < (options.quick ? 1 : rounds); round += 1) {
      const one = await measure(pool, round, options.quick ? 20_000 : 60_000);
      all.push(one);
      options.tell(`audit, round ${round + 1}: prepares ${Math.round(one.prepared)}/s in the sequencer's thread, ${Math.round(one.threaded)}/s in one beside it; ${Math.round(one.sequenced)} entries/s, bare insert ${Math.round(one.bare)} rows/s, p99 of a batch ${one.p99.toFixed(0)} ms`);
    }
    const of = (name: keyof Round): number[] => all.map((one) => one[name]);
    return {
      'audit.sequencer.per_s': ofRounds(of('sequenced'), '1/s', { baseline: of('bare'), note: 'entries; baseline: the same rows ready-made by one binary unnest insert per 2,000 into a plain table' }),
      'audit.sequencer.p99_ms': ofRounds(of('p99'), 'ms', { note: `from handing in a batch of ${batch} to its signed checkpoint, ${sources} partitions at once, at full speed` }),
      'audit.workers.per_s': ofRounds(of('threaded'), '1/s', { baseline: of('prepared'), note: 'draft, sanitise, encrypt and hash, before the sequencer, in one worker thread; baseline: in the sequencer\'s own' }),
      'audit.bytes_per_entry': ofRounds(of('bytes'), 'B', { note: 'tables and indexes in PostgreSQL, of a record of 2 KB' }),
    };
  } finally {
    await pool.end();
  }
};
