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
const batchesOf = <T>(items: readonly T[], size: number): T[][] => Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

/** The real log of services/audit in a database of this measure's own. */
const openLog = async (pool: pg.Pool, round: number): Promise<{ readonly audit: Audit; close(): Promise<void> }> => {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-bench-audit-'));
  const key = generateKey('audit-1');
  const audit = await composeAudit({
    pool, origin: `bench/${round}`, tenant: 'acme', key: { privateKey: key.key, publicKey: Buffer.from(key.publicJwk.x, 'base64url') }, ...await localCustody(folder, join(folder, 'last')),
    pseudonymSecret: Buffer.alloc(32), publish: async () => undefined, now: Date.now, maxBatch: batch * 2,
  });
  return { audit, close: async () => { await audit.sequencer.close(); await rm(folder, { recursive: true }); } };
};

/** Entries per second from prepared batches to their signed checkpoints: each partition hands in its next batch once the one before is under one. */
const sequencer = async (audit: Audit, entries: readonly Entry[]): Promise<{ perSecond: number; batchMs: number[] }> => {
  const batchMs: number[] = [];
  const began = performance.now();
  await Promise.all(Array.from({ length: sources }, async (_, partition) => {
    for (const part of batchesOf(entries.filter(({ source }) => source.partition === partition), batch)) {
      const from = performance.now();
      await audit.sequencer.add(part);
      batchMs.push(performance.now() - from);
    }
  }));
  const seconds = (performance.now() - began) / 1_000;
  if (audit.sequencer.size() !== entries.length) throw new Error(`the log has ${audit.sequencer.size()} entries of ${entries.length}`);
  return { perSecond: entries.length / seconds, batchMs };
};

/** The same rows, ready-made, into a plain table with a primary key: what PostgreSQL takes over one connection. */
const bareInsert = async (pool: pg.Pool, entries: readonly Entry[]): Promise<number> => {
  await pool.query('create table if not exists bare (index bigint primary key, leaf bytea not null, run text, action text, digest bytea not null, key text not null, body bytea not null) with (toast_tuple_target = 8160)');
  await pool.query('alter table bare alter column body set storage external');
  await pool.query('truncate bare');
  const client = await pool.connect();
  try {
    const began = performance.now();
    let index = 0;
    for (const part of batchesOf(entries, batch * 2)) { // the sequencer takes two batches together
      await client.query({
        name: 'bare', text: 'insert into bare select * from unnest($1::bigint[], $2::bytea[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::bytea[])',
        values: [bigintArray(part.map(() => index++)), byteaArray(part.map((one) => one.leaf)), textArray(part.map((one) => one.run)), textArray(part.map((one) => one.action)), byteaArray(part.map((one) => one.digest)), textArray(part.map((one) => one.payload.key)), byteaArray(part.map((one) => one.payload.bytes))],
      });
    }
    return entries.length / ((performance.now() - began) / 1_000);
  } finally {
    client.release();
  }
};

/** Entries per second of the stage before: draft, sanitise, encrypt, hash, on one thread. */
const prepared = async (audit: Audit, messages: readonly BusMessage[]): Promise<{ readonly entries: readonly Entry[]; readonly perSecond: number }> => {
  const began = performance.now();
  const entries: Entry[] = [];
  for (const part of batchesOf(messages, batch)) entries.push(...await audit.prepare(part));
  return { entries, perSecond: messages.length / ((performance.now() - began) / 1_000) };
};

/** Bytes of the log's tables with their indexes. */
const storedBytes = async (pool: pg.Pool): Promise<number> => {
  const { rows: [row] } = await pool.query<{ bytes: string }>("select sum(pg_total_relation_size(oid)) as bytes from pg_class where relkind = 'r' and (relname in ('entry', 'tile', 'checkpoint', 'source_offset') or relname like 'sealed_payload_%')");
  return Number(row!.bytes);
};

/** audit.sequencer.*: governed-like records of 2 KB in process against PostgreSQL, against a bare binary insert of the same rows, interleaved. */
export const benchAudit = async (options: { readonly postgres: string; readonly quick: boolean; readonly tell: (line: string) => void }): Promise<Results> => {
  const pool = new pg.Pool({ connectionString: options.postgres, max: 4 });
  const speeds: number[] = [];
  const bare: number[] = [];
  const p99: number[] = [];
  const workers: number[] = [];
  let bytesPerEntry = 0;
  try {
    for (let round = 0; round < (options.quick ? 1 : rounds); round += 1) {
      const messages = governedRecords(options.quick ? 20_000 : 60_000, sources);
      const { audit, close } = await openLog(pool, round);
      const { entries, perSecond: preparing } = await prepared(audit, messages);
      workers.push(preparing);
      // The first batches pay for connections and prepared statements; both begin warm from the second round on, and the order changes.
      const measureBare = async (): Promise<void> => { bare.push(await bareInsert(pool, entries)); };
      const measureSequencer = async (): Promise<void> => {
        const { perSecond, batchMs } = await sequencer(audit, entries);
        speeds.push(perSecond);
        p99.push(percentile(batchMs.toSorted((a, b) => a - b), 0.99));
      };
      for (const measure of round % 2 === 0 ? [measureBare, measureSequencer] : [measureSequencer, measureBare]) await measure();
      bytesPerEntry = await storedBytes(pool) / entries.length;
      await close();
      await pool.query('truncate entry, sealed_payload, tile, bare');
      options.tell(`audit, round ${round + 1}: prepares ${Math.round(preparing)}/s on one thread, ${Math.round(speeds.at(-1)!)} entries/s, bare insert ${Math.round(bare.at(-1)!)} rows/s, p99 of a batch ${p99.at(-1)!.toFixed(0)} ms`);
    }
    return {
      'audit.sequencer.per_s': ofRounds(speeds, '1/s', { baseline: bare, note: 'entries; baseline: the same rows ready-made by one binary unnest insert per 2,000 into a plain table' }),
      'audit.sequencer.p99_ms': ofRounds(p99, 'ms', { note: `from handing in a batch of ${batch} to its signed checkpoint, ${sources} partitions at once, at full speed` }),
      'audit.workers.per_s': ofRounds(workers, '1/s', { note: 'draft, sanitise, encrypt and hash, before the sequencer, one thread' }),
      'audit.bytes_per_entry': ofRounds([bytesPerEntry], 'B', { note: 'tables and indexes in PostgreSQL, of a record of 2 KB' }),
    };
  } finally {
    await pool.end();
  }
};
