import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { hash, sign } from 'node:crypto';
import { bigintArray, byteaArray } from '@countersign/audit/outbound/binary-array';
import { createDraft, createPseudonyms } from '@countersign/audit/outbound/to-entry';
import { nothingHidden } from '@countersign/audit/core/sanitise';
import { encodings, generateKey } from '@countersign/identity';
import { appendLeaves, checkpointBody, emptyEdge, encodeBundle, formatNote, hashesPerTile, inclusionProof, leafHash, noteKeyId, rootOf, tilePath, verifierKey, verifyInclusion } from '@countersign/tamper-log';
import type { TileRun, TreeEdge } from '@countersign/tamper-log';
import pg from 'pg';
import { fromFolder, verifyLog } from '../audit/verify.ts';
import { governedRecords } from './governed-records.ts';
import { ofRounds, percentile } from './measured.ts';
import type { Results } from './measured.ts';

const { sha256 } = encodings;
const origin = 'bench/verify';

/** An export of so many entries as the log would write them, positions dense in one partition; returns its key. */
const writeExport = async (folder: string, count: number): Promise<string> => {
  const [message] = governedRecords(1, 1);
  const draft = createDraft(createPseudonyms(Buffer.alloc(32)), () => nothingHidden)({ ...message!, at: message!.timestamp, value: message!.value! });
  const [before, after] = JSON.stringify({ ...draft.leaf, position: 987_654_321 }).split('987654321') as [string, string];
  const save = async (path: string, bytes: Uint8Array | string): Promise<void> => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  };
  let edge: TreeEdge = emptyEdge;
  let level1: Uint8Array[] = [];
  for (let n = 0; n * hashesPerTile < count; n++) {
    const width = Math.min(hashesPerTile, count - n * hashesPerTile);
    const entries = Array.from({ length: width }, (_, i) => Buffer.from(`${before}${n * hashesPerTile + i}${after}`));
    const hashes = entries.map((entry) => leafHash(sha256, entry));
    const appended = appendLeaves(sha256, edge, hashes);
    edge = appended.edge;
    await save(tilePath({ level: 'entries', n, width }), encodeBundle(entries));
    await save(tilePath({ level: 0, n, width }), Buffer.concat(hashes));
    level1.push(...appended.tiles.find(({ level }) => level === 1)?.hashes ?? []);
    const last = (n + 1) * hashesPerTile >= count;
    if (level1.length === hashesPerTile || last && level1.length > 0) {
      await save(tilePath({ level: 1, n: Math.floor(n / hashesPerTile), width: level1.length }), Buffer.concat(level1));
      level1 = [];
    }
  }
  const key = generateKey('audit-1');
  const publicKey = Buffer.from(key.publicJwk.x, 'base64url');
  const body = checkpointBody(encodings, { origin, size: count, root: rootOf(sha256, edge) });
  await save('checkpoint', formatNote(encodings, body, [{ name: origin, keyId: noteKeyId(encodings, origin, publicKey), signature: sign(null, Buffer.from(body), key.key) }]));
  return verifierKey(encodings, origin, publicKey);
};

const verifying = async (count: number): Promise<number> => {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-bench-verify-'));
  try {
    const key = await writeExport(folder, count);
    const began = performance.now();
    const verified = await verifyLog(fromFolder(folder), key);
    if (!verified.ok || verified.entries !== count) throw new Error(`the export does not verify: ${JSON.stringify(verified)}`);
    return (performance.now() - began) / 1_000;
  } finally {
    await rm(folder, { recursive: true });
  }
};

/** Fills the tiles of a tree of generated leaves into PostgreSQL and proves entries of it at random. Milliseconds per proof. */
const proving = async (pool: pg.Pool, leaves: number): Promise<number[]> => {
  await pool.query('create table bench_tile (level int not null, n bigint not null, hashes bytea not null, primary key (level, n))');
  try {
    const leafAt = (index: number): Uint8Array => hash('sha256', `leaf ${index}`, 'buffer');
    const open = new Map<string, Uint8Array[]>();
    const write = async (tiles: readonly (readonly [string, Uint8Array])[]): Promise<void> => {
      const at = tiles.map(([name]) => name.split('/').map(Number));
      await pool.query('insert into bench_tile select l::int, n, h from unnest($1::bigint[], $2::bigint[], $3::bytea[]) as t(l, n, h)', [bigintArray(at.map(([level]) => level!)), bigintArray(at.map(([, n]) => n!)), byteaArray(tiles.map(([, bytes]) => bytes))]);
    };
    const keep = ({ level, start, hashes }: TileRun): void => hashes.forEach((one, i) => {
      const name = `${level}/${Math.floor((start + i) / hashesPerTile)}`;
      const tile = open.get(name);
      if (tile) tile.push(one);
      else open.set(name, [one]);
    });
    let edge: TreeEdge = emptyEdge;
    for (let first = 0; first < leaves; first += 1 << 16) {
      const appended = appendLeaves(sha256, edge, Array.from({ length: Math.min(1 << 16, leaves - first) }, (_, i) => leafAt(first + i)));
      edge = appended.edge;
      for (const run of appended.tiles) keep(run);
      const full = [...open].filter(([, hashes]) => hashes.length === hashesPerTile);
      for (const [name] of full) open.delete(name);
      await write(full.map(([name, hashes]) => [name, Buffer.concat(hashes)] as const));
    }
    await write([...open].map(([name, hashes]) => [name, Buffer.concat(hashes)] as const));
    const read = async (level: number, n: number): Promise<Uint8Array> => (await pool.query<{ hashes: Buffer }>({ name: 'tile', text: 'select hashes from bench_tile where level = $1 and n = $2', values: [level, n] })).rows[0]!.hashes;
    const root = rootOf(sha256, edge);
    const times: number[] = [];
    for (let i = 0; i < 500; i++) {
      const index = Math.floor(Math.random() * leaves);
      const began = performance.now();
      const path = await inclusionProof(sha256, read, index, leaves);
      times.push(performance.now() - began);
      if (!verifyInclusion(sha256, index, leaves, leafAt(index), path, root)) throw new Error(`the proof of ${index} does not hold`);
    }
    return times;
  } finally {
    await pool.query('drop table bench_tile');
  }
};

/** audit.verify_1m.s, audit.proof_10m.p99_ms: what an auditor waits for. */
export const benchAuditVerify = async (options: { readonly postgres: string; readonly quick: boolean; readonly tell: (line: string) => void }): Promise<Results> => {
  const [entries, leaves] = options.quick ? [100_000, 1_000_000] : [1_000_000, 10_000_000];
  const seconds = await verifying(entries);
  options.tell(`audit verify: ${entries} entries of an export in ${seconds.toFixed(1)} s`);
  const pool = new pg.Pool({ connectionString: options.postgres, max: 2 });
  try {
    const times = (await proving(pool, leaves)).toSorted((a, b) => a - b);
    options.tell(`audit proof: at ${leaves} leaves p50 ${percentile(times, 0.5).toFixed(2)} ms, p99 ${percentile(times, 0.99).toFixed(2)} ms`);
    return {
      'audit.verify_1m.s': ofRounds([seconds * 1_000_000 / entries], 's', { note: `${entries} entries of an export, read from disk${entries === 1_000_000 ? '' : ', scaled'}` }),
      'audit.proof_10m.p99_ms': ofRounds([percentile(times, 0.99)], 'ms', { note: `500 inclusion proofs at random among ${leaves} generated leaves, tiles in PostgreSQL` }),
    };
  } finally {
    await pool.end();
  }
};
