import { encodeBundle, formatProof, hashesAtLevel, hashesPerTile, inclusionProof } from '@countersign/tamper-log';
import type { Encodings, ReadTile, TileAddress } from '@countersign/tamper-log';
import type { Pool } from 'pg';
import type { Leaf } from '../core/entry.ts';
import { createPortion, mostAtOnce } from './payloads.ts';
import type { Opened, OpenPayloads } from './payloads.ts';

/** What anyone may read: never beyond the size of the last signed checkpoint (C2SP tlog-tiles). */
export interface PublishedLog {
  /** The signed note with the cosignatures it has; undefined before the first one. */
  checkpoint(): Promise<string | undefined>;
  /** Bytes of a tile or entry bundle; undefined where the published tree has none of that width. */
  tile(address: TileAddress): Promise<Buffer | undefined>;
  /** C2SP tlog-proof of one entry under the last checkpoint; undefined beyond it. */
  proof(index: number): Promise<string | undefined>;
  /** Proofs of several under one and the same checkpoint; undefined where one is beyond it. */
  proofs(indices: readonly number[]): Promise<{ readonly note: string; readonly proofs: readonly string[] } | undefined>;
  /** The payload that an entry commits to. */
  payload(index: number): Promise<Opened | undefined>;
  /** Several of them; those that are gone are missing. */
  payloads(indices: readonly number[]): Promise<ReadonlyMap<number, Opened>>;
  /** Those of these indices, from the first on, whose payloads may be opened at once. */
  portion(indices: readonly number[], most?: number): Promise<readonly number[]>;
  /** Exact leaves by index, as far as they are published. */
  leaves(indices: readonly number[]): Promise<ReadonlyMap<number, Buffer>>;
  /** Indices of the entries of a run or action, oldest first, at most `limit`. */
  find(filter: { readonly run?: string | undefined; readonly action?: string | undefined }, limit: number): Promise<readonly { readonly index: number; readonly leaf: Buffer }[]>;
}

export const createPublishedLog = (pool: Pool, log: string, encodings: Encodings, readTile: ReadTile, payloads: OpenPayloads): PublishedLog => {
  const portion = createPortion(pool, log);
  const latest = async () => {
    const { rows: [row] } = await pool.query<{ size: string; note: string }>(`
      select size, note || coalesce((select string_agg(line, '' order by witness) from cosignature c where c.log = checkpoint.log and c.size = checkpoint.size), '') as note
      from checkpoint where log = $1 and published order by size desc limit 1`, [log]);
    return row && { size: Number(row.size), note: row.note };
  };
  return {
    checkpoint: async () => (await latest())?.note,

    tile: async ({ level, n, width }) => {
      const published = hashesAtLevel(level, (await latest())?.size ?? 0) - n * hashesPerTile;
      if (width > published) return undefined;
      if (level !== 'entries') return Buffer.from((await readTile(level, n)).subarray(0, width * 32));
      const first = n * hashesPerTile;
      const { rows } = await pool.query<{ leaf: Buffer }>('select leaf from entry where log = $1 and index >= $2 and index < $3 order by index', [log, first, first + width]);
      return Buffer.from(encodeBundle(rows.map((row) => row.leaf)));
    },

    proof: async (index) => {
      const head = await latest();
      if (!head || index >= head.size) return undefined;
      return formatProof(encodings, index, await inclusionProof(encodings.sha256, readTile, index, head.size), head.note);
    },

    proofs: async (indices) => {
      const head = await latest();
      if (!head || indices.some((index) => index >= head.size)) return undefined;
      const { size, note } = head;
      return { note, proofs: await Promise.all(indices.map(async (index) => formatProof(encodings, index, await inclusionProof(encodings.sha256, readTile, index, size), note))) };
    },

    payload: async (index) => (await payloads([index])).get(index),
    payloads,
    portion: (indices, most = mostAtOnce) => portion(indices, most),

    leaves: async (indices) => {
      const { rows } = await pool.query<{ index: string; leaf: Buffer }>('select index, leaf from entry where log = $1 and index = any($2::bigint[]) and index < (select coalesce(max(size), 0) from checkpoint where log = $1 and published)', [log, indices]);
      return new Map(rows.map(({ index, leaf }) => [Number(index), leaf]));
    },

    find: async ({ run, action }, limit) => {
      const { rows } = await pool.query<{ index: string; leaf: Buffer }>(
        `select index, leaf from entry where log = $1 and ($2::text is null or run = $2) and ($3::text is null or action = $3)
         and index < (select coalesce(max(size), 0) from checkpoint where log = $1 and published) order by index limit $4`, [log, run ?? null, action ?? null, limit]);
      // The columns only find them: what an entry is about stands in its leaf.
      return rows.map((row) => ({ index: Number(row.index), leaf: row.leaf })).filter(({ leaf }) => {
        const about = JSON.parse(leaf.toString()) as Leaf;
        return (run === undefined || about.run === run) && (action === undefined || about.action === action);
      });
    },
  };
};
