import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeAudit } from '@countersign/audit/compose';
import { bigintArray, byteaArray, textArray } from '@countersign/audit/outbound/binary-array';
import { createPseudonyms, createToEntry } from '@countersign/audit/outbound/to-entry';
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

/** Entries per second into the real log of services/audit: each partition hands in its next batch once the one before is under a signed checkpoint. */
const sequencer = async (pool: pg.Pool, messages: readonly BusMessage[], round: number): Promise<{ perSecond: number; batchMs: number[] }> => {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-bench-audit-'));
  const key = generateKey('audit-1');
  const audit = await composeAudit({ pool, origin: `bench/${round}`, key: { privateKey: key.key, publicKey: Buffer.from(key.publicJwk.x, 'base64url') }, keeperFile: join(folder, 'last'), pseudonymSecret: Buffer.alloc(32), publish: async () => undefined, now: Date.now });
  const batchMs: number[] = [];
  const began = performance.now();
  await Promise.all(Array.from({ length: sources }, async (_, partition) => {
    for (const part of batchesOf(messages.filter((message) => message.partition === partition), batch)) {
      const from = performance.now();
      await audit.record(part);
      batchMs.push(performance.now() - from);
    }
  }));
  const seconds = (performance.now() - began) / 1_000;
  if (audit.sequencer.size() !== messages.length) throw new Error(`the log has ${audit.sequencer.size()} entries of ${messages.length}`);
  await audit.sequencer.close();
  await rm(folder, { recursive: true });
  return { perSecond: messages.length / seconds, batchMs };
};

/** The same rows, ready-made, into a plain table with a primary key: what PostgreSQL takes over one connection. */
const bareInsert = async (pool: pg.Pool, messages: readonly BusMessage[]): Promise<number> => {
  const toEntry = createToEntry(createPseudonyms(Buffer.alloc(32)));
  const entries = messages.map((message) => toEntry({ topic: message.topic, partition: message.partition, offset: message.offset, at: message.timestamp, headers: message.headers, value: message.value! }));
  await pool.query('create table if not exists bare (index bigint primary key, leaf bytea not null, run text, action text, salt bytea not null, body bytea not null)');
  await pool.query('truncate bare');
  const client = await pool.connect();
  try {
    const began = performance.now();
    let index = 0;
    for (const part of batchesOf(entries, batch * 2)) { // the sequencer takes two batches together
      await client.query({
        name: 'bare', text: 'insert into bare select * from unnest($1::bigint[], $2::bytea[], $3::text[], $4::text[], $5::bytea[], $6::bytea[])',
        values: [bigintArray(part.map(() => index++)), byteaArray(part.map((one) => one.leaf)), textArray(part.map((one) => one.run)), textArray(part.map((one) => one.action)), byteaArray(part.map((one) => one.salt)), byteaArray(part.map((one) => one.source.value))],
      });
    }
    return entries.length / ((performance.now() - began) / 1_000);
  } finally {
    client.release();
  }
};

/** audit.sequencer.*: governed-like records of 2 KB in process against PostgreSQL, against a bare binary insert of the same rows, interleaved. */
export const benchAudit = async (options: { readonly postgres: string; readonly quick: boolean; readonly tell: (line: string) => void }): Promise<Results> => {
  const pool = new pg.Pool({ connectionString: options.postgres, max: 4 });
  const speeds: number[] = [];
  const bare: number[] = [];
  const p99: number[] = [];
  try {
    for (let round = 0; round < (options.quick ? 1 : rounds); round += 1) {
      const messages = governedRecords(options.quick ? 20_000 : 60_000, sources, round);
      // The first batches pay for connections and prepared statements; both begin warm from the second round on, and the order changes.
      const measureBare = async (): Promise<void> => { bare.push(await bareInsert(pool, messages)); };
      const measureSequencer = async (): Promise<void> => {
        const { perSecond, batchMs } = await sequencer(pool, messages, round);
        speeds.push(perSecond);
        p99.push(percentile(batchMs.toSorted((a, b) => a - b), 0.99));
      };
      for (const measure of round % 2 === 0 ? [measureBare, measureSequencer] : [measureSequencer, measureBare]) await measure();
      await pool.query('truncate entry, payload, tile, bare');
      options.tell(`audit, round ${round + 1}: ${Math.round(speeds.at(-1)!)} entries/s, bare insert ${Math.round(bare.at(-1)!)} rows/s, p99 of a batch ${p99.at(-1)!.toFixed(0)} ms`);
    }
    return {
      'audit.sequencer.per_s': ofRounds(speeds, '1/s', { baseline: bare, note: 'entries; baseline: the same rows ready-made by one binary unnest insert per 2,000 into a plain table' }),
      'audit.sequencer.p99_ms': ofRounds(p99, 'ms', { note: `from handing in a batch of ${batch} to its signed checkpoint, ${sources} partitions at once, at full speed` }),
    };
  } finally {
    await pool.end();
  }
};
