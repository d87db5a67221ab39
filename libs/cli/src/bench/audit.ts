import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeAudit } from '@countersign/audit/compose';
import type { Audit } from '@countersign/audit/compose';
import { bigintArray, byteaArray, textArray } from '@countersign/audit/outbound/binary-array';
import { localCustody } from '@countersign/audit/outbound/custody';
import type { Entry } from '@countersign/audit/app/ports';
import { createRefusals } from '@countersign/audit/inbound/writers';
import type { BusMessage } from '@countersign/bus';
import { createKeySet, generateKey } from '@countersign/identity';
import pg from 'pg';
import { governedRecords } from './governed-records.ts';
import { ofRounds, percentile } from './measured.ts';
import { processorTime } from './processor-time.ts';
import type { Results } from './measured.ts';

const rounds = 3;
const batch = 250; // what services/audit hands to its sequencer at once
const bareBatch = 2_000; // the size that suits a bare insert best (FACTS 4)
const sources = 4;
/** What is held ready at once: as in the service, the rest of the log does not lie around in memory while this is written. */
const slice = 10_000;
const batchesOf = <T>(items: readonly T[], size: number): T[][] => Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
/** What something took: seconds on the clock, microseconds of processor time. */
interface Spent { seconds: number; node: number; postgres: number }
const nothing = (): Spent => ({ seconds: 0, node: 0, postgres: 0 });
const spend = async (pool: pg.Pool, spent: Spent, work: () => Promise<unknown>): Promise<void> => {
  const before = await processorTime(pool);
  const began = performance.now();
  await work();
  spent.seconds += (performance.now() - began) / 1_000;
  const after = await processorTime(pool);
  spent.node += after.node - before.node;
  spent.postgres += after.postgres - before.postgres;
};

/** The real log of services/audit in a database of this measure's own. */
const openLog = async (pool: pg.Pool, name: string, threads: number): Promise<{ readonly audit: Audit; close(): Promise<void> }> => {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-bench-audit-'));
  const key = generateKey('audit-1');
  const audit = await composeAudit({
    refusalOf: createRefusals(createKeySet([])), pool, origin: `bench/${name}`, tenant: 'acme', key: { privateKey: key.key, publicKey: Buffer.from(key.publicJwk.x, 'base64url') }, ...await localCustody(folder, join(folder, 'last')),
    pseudonymSecret: Buffer.alloc(32), publish: async () => undefined, now: Date.now, threads,
  });
  return { audit, close: async () => { await audit.close(); await rm(folder, { recursive: true }); } };
};

/** From prepared batches to their signed checkpoints: each partition hands in its next batch once the one before is under one. */
const sequence = async (audit: Audit, entries: readonly Entry[], batchMs: number[]): Promise<void> => {
  await Promise.all(Array.from({ length: sources }, async (_, partition) => {
    for (const part of batchesOf(entries.filter(({ source }) => source.partition === partition), batch)) {
      const began = performance.now();
      await audit.sequencer.add(part);
      batchMs.push(performance.now() - began);
    }
  }));
};

/** The same rows, ready-made, into a plain table with a primary key: what PostgreSQL takes over one connection. */
const bareInsert = async (client: pg.PoolClient, entries: readonly Entry[], first: number): Promise<void> => {
  let index = first;
  for (const part of batchesOf(entries, bareBatch)) {
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

interface Round { readonly prepared: Spent; readonly threaded: Spent; readonly sequenced: Spent; readonly bare: Spent; readonly p99: number; readonly bytes: number; readonly count: number }

/** One round: slice after slice is prepared (in this thread and in another), written bare and sequenced; with what each took. */
const measure = async (pool: pg.Pool, round: number, count: number): Promise<Round> => {
  await pool.query(bareTable);
  const here = await openLog(pool, `${round}`, 0);
  const beside = await openLog(pool, `${round}/thread`, 1);
  const client = await pool.connect();
  const spent = { prepared: nothing(), threaded: nothing(), sequenced: nothing(), bare: nothing() };
  const batchMs: number[] = [];
  try {
    for (let first = 0; first < count; first += slice) {
      const messages = governedRecords(slice, sources, first / sources);
      let entries: readonly Entry[] = [];
      await spend(pool, spent.threaded, () => prepare(beside.audit, messages));
      await spend(pool, spent.prepared, async () => { entries = await prepare(here.audit, messages); });
      const bare = (): Promise<void> => spend(pool, spent.bare, () => bareInsert(client, entries, first));
      const sequenced = (): Promise<void> => spend(pool, spent.sequenced, () => sequence(here.audit, entries, batchMs));
      // The order changes, so that neither always pays for what the other left to be written.
      for (const one of (first / slice + round) % 2 === 0 ? [bare, sequenced] : [sequenced, bare]) await one();
    }
    if (here.audit.sequencer.size() !== count) throw new Error(`the log has ${here.audit.sequencer.size()} entries of ${count}`);
    return { ...spent, count, p99: percentile(batchMs.toSorted((a, b) => a - b), 0.99), bytes: await storedBytes(pool) / count };
  } finally {
    client.release();
    await here.close();
    await beside.close();
    await pool.query('truncate entry, sealed_payload, tile, bare');
  }
};

type Phase = 'prepared' | 'threaded' | 'sequenced' | 'bare';
const perSecond = (round: Round, phase: Phase): number => round.count / round[phase].seconds;
const told = (round: Round, phase: Phase): string => `${Math.round(perSecond(round, phase))}/s (${(round[phase].node / round.count).toFixed(0)} µs of processor time here, ${(round[phase].postgres / round.count).toFixed(0)} in PostgreSQL)`;

/** audit.sequencer.*: governed-like records of 2 KB in process against PostgreSQL, against a bare binary insert of the same rows, interleaved. */
export const benchAudit = async (options: { readonly postgres: string; readonly quick: boolean; readonly tell: (line: string) => void }): Promise<Results> => {
  const pool = new pg.Pool({ connectionString: options.postgres, max: 6 });
  const all: Round[] = [];
  try {
    for (let round = 0; round < (options.quick ? 1 : rounds); round += 1) {
      const one = await measure(pool, round, options.quick ? 20_000 : 60_000);
      all.push(one);
      options.tell(`audit, round ${round + 1}: prepares ${told(one, 'prepared')} in the sequencer's thread, ${told(one, 'threaded')} in one beside it; writes ${told(one, 'sequenced')}, bare insert ${told(one, 'bare')}; p99 of a batch ${one.p99.toFixed(0)} ms`);
    }
    const of = (name: Phase): number[] => all.map((one) => perSecond(one, name));
    return {
      'audit.sequencer.per_s': ofRounds(of('sequenced'), '1/s', { baseline: of('bare'), note: 'entries; baseline: the same rows ready-made by one binary unnest insert per 2,000 into a plain table' }),
      'audit.sequencer.p99_ms': ofRounds(all.map(({ p99 }) => p99), 'ms', { note: `from handing in a batch of ${batch} to its signed checkpoint, ${sources} partitions at once, at full speed` }),
      'audit.workers.per_s': ofRounds(of('threaded'), '1/s', { baseline: of('prepared'), note: 'draft, sanitise, encrypt and hash, before the sequencer, in one worker thread; baseline: in the sequencer\'s own' }),
      'audit.bytes_per_entry': ofRounds(all.map(({ bytes }) => bytes), 'B', { note: 'tables and indexes in PostgreSQL, of a record of 2 KB' }),
    };
  } finally {
    await pool.end();
  }
};
