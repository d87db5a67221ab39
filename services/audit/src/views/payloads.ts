import type { Pool } from 'pg';
import type { SubjectKeys } from '../app/keys.ts';
import type { Leaf } from '../core/entry.ts';
import { commit, unseal } from '../outbound/seal.ts';

/** A payload as it was committed to. */
export interface Opened { readonly salt: Buffer; readonly body: Buffer }

/** Payloads by index. One whose key was destroyed, or whose time is over, is missing. */
export type OpenPayloads = (indices: readonly number[]) => Promise<ReadonlyMap<number, Opened>>;

/** What is read at once, so that large payloads do not fill the memory: bytes as they are stored. */
export const mostAtOnce = 16 * 1024 * 1024;

/** So many of these indices, from the first on, as have payloads of at most `most` bytes together; one at least. */
export type Portion = (indices: readonly number[], most: number) => Promise<readonly number[]>;

export const createPortion = (pool: Pool, log: string): Portion => async (indices, most) => {
  const { rows } = await pool.query<{ index: string; bytes: number }>('select index, octet_length(body) as bytes from sealed_payload where log = $1 and index = any($2::bigint[])', [log, indices]);
  const bytes = new Map(rows.map((row) => [Number(row.index), row.bytes]));
  let sum = 0;
  const over = indices.findIndex((index, i) => (sum += bytes.get(index) ?? 0) > most && i > 0);
  return over < 0 ? indices : indices.slice(0, over);
};

/** Opens payloads and holds each against what its leaf commits to: one that was changed is never shown. @param changed told of each such index */
export const createPayloads = (pool: Pool, log: string, keys: SubjectKeys, changed: (index: number, why: string) => void): OpenPayloads => async (indices) => {
  const { rows } = await pool.query<{ index: string; key: string; body: Buffer; leaf: Buffer }>(
    'select p.index, p.key, p.body, e.leaf from sealed_payload p join entry e on e.log = p.log and e.index = p.index where p.log = $1 and p.index = any($2::bigint[])', [log, indices]);
  const opened = new Map<number, Opened>();
  for (const row of rows) {
    const key = await keys.open(row.key);
    if (key === undefined) continue;
    const leaf = JSON.parse(row.leaf.toString()) as Leaf;
    const index = Number(row.index);
    try {
      const payload = unseal(key, leaf.id, leaf.tenant, row.body);
      if (commit(payload.salt, payload.body) !== leaf.payload) throw new Error('it is not what the leaf commits to');
      opened.set(index, payload);
    } catch (error) {
      changed(index, (error as Error).message);
    }
  }
  return opened;
};
