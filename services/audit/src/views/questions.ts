import { inTransaction } from '@countersign/event-store/postgres';
import { isDeepStrictEqual } from 'node:util';
import type { Pool, PoolClient } from 'pg';
import type { Leaf } from '../core/entry.ts';
import { indexedOf, underLeaf } from '../core/indexed.ts';
import type { IndexedEntry } from '../core/indexed.ts';
import type { Owed } from '../outbound/owed.ts';
import { countEntries } from './completeness.ts';
import { addLines, replaceLines } from './index-lines.ts';
import { jsonOf } from './json.ts';
import { createPortion, mostAtOnce } from './payloads.ts';
import type { Opened } from './payloads.ts';

/** What is asked for; every condition has to hold. Times are the broker's, epoch ms, `to` excluded. */
export interface Question {
  readonly run?: string | undefined;
  readonly agent?: string | undefined;
  readonly action?: string | undefined;
  readonly tool?: string | undefined;
  readonly person?: string | undefined;
  readonly rule?: string | undefined;
  readonly decision?: string | undefined;
  readonly outcome?: string | undefined;
  readonly trace?: string | undefined;
  readonly type?: string | undefined;
  readonly tier?: number | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Words, "phrases", -without: PostgreSQL's web search. */
  readonly text?: string | undefined;
}

export interface Found extends Omit<IndexedEntry, 'text'> { readonly index: number }

export interface Questions {
  /** Takes the next entries of the log into the index; how many. One at a time: where it says 0, all that was begun before is in. */
  step(most?: number): Promise<number>;
  /** Entries after `after`, oldest first. Those of a run include what people said about its approvals. */
  ask(question: Question, page: { readonly after: number; readonly limit: number }): Promise<readonly Found[]>;
  /** Next index that is not yet in it. */
  reached(): Promise<number>;
  /** Empties what entries say of people: their names and words. What the log itself holds is not touched. */
  forget(indices: readonly number[]): Promise<void>;
}

interface Row { index: string; at: string; type: string; run: string | null; agent: string | null; action: string | null; tool: string | null; stream: string | null; decision: string | null; tier: number | null; code: string | null; outcome: string | null; trace: string | null; rules: string[]; people: string[] }

/** Entries of a run that its lines in the index do not have, below what was read: somebody took the line away, or altered it. */
const lost = `select e.index, e.leaf from entry e left join indexed i on i.log = e.log and i.index = e.index
  where e.log = $1 and e.run = $2 and e.index < (select next from indexed_to where log = $1) and i.run is distinct from e.run order by e.index limit 1000`;
const columns = 'index, at, type, run, agent, action, tool, stream, decision, tier, code, outcome, trace, rules, people';

/**
 * @param open payloads by index; one that was erased is missing @param record takes a hole that is to be put on the record, and is told that there is one
 * @param changed told of lines of the index that are not what their leaf says
 */
export const createQuestions = (pool: Pool, log: string, open: (indices: readonly number[]) => Promise<ReadonlyMap<number, Opened>>, record: { readonly owe: Owed['owe']; readonly owing: () => Promise<void> }, changed: (index: number, why: string) => void): Questions => {
  const portion = createPortion(pool, log);
  const take = async (client: PoolClient, most: number): Promise<{ readonly taken: number; readonly owed: number }> => {
    await client.query('insert into indexed_to (log, next) values ($1, 0) on conflict do nothing', [log]);
    const { rows: [at] } = await client.query<{ next: string }>('select next from indexed_to where log = $1 for update', [log]);
    if (!at) return { taken: 0, owed: 0 };
    const next = Number(at.next);
    const { rows } = await client.query<{ index: string; leaf: Buffer }>('select index, leaf from entry where log = $1 and index >= $2 and index < (select coalesce(max(size), 0) from checkpoint where log = $1 and published) order by index limit $3', [log, next, most]);
    if (rows.length === 0) return { taken: 0, owed: 0 };
    rows.splice((await portion(rows.map(({ index }) => Number(index)), mostAtOnce)).length);
    const payloads = await open(rows.map(({ index }) => Number(index)));
    const read = rows.map(({ index, leaf }) => ({ index: Number(index), leaf: JSON.parse(leaf.toString()) as Leaf, body: jsonOf(payloads.get(Number(index))?.body) }));
    const lines = read.map(({ index, leaf, body }) => ({ index, ...indexedOf(leaf, body) }));
    // Made again from the beginning: so is what is counted.
    if (next === 0) for (const table of ['chain', 'stream_seen']) await client.query(`delete from ${table} where log = $1`, [log]);
    await addLines(client, log, lines);
    const owed = await countEntries(client, log, read, record.owe);
    await client.query('update indexed_to set next = $2 where log = $1', [log, next + rows.length]);
    return { taken: rows.length, owed };
  };

  /** Makes lines of a run again that are gone: an answer about a run leaves out nothing that its entries are filed under. */
  const restore = async (run: string): Promise<void> => {
    const { rows } = await pool.query<{ index: string; leaf: Buffer }>(lost, [log, run]);
    const read = rows.map(({ index, leaf }) => ({ index: Number(index), leaf: JSON.parse(leaf.toString()) as Leaf })).filter(({ leaf }) => leaf.run === run);
    if (read.length === 0) return;
    for (const { index } of read) changed(index, 'its line in the index was taken away or altered; it is made again');
    for (let left = read; left.length > 0;) {
      const count = (await portion(left.map(({ index }) => index), mostAtOnce)).length;
      const part = left.slice(0, count);
      left = left.slice(count);
      const payloads = await open(part.map(({ index }) => index));
      await replaceLines(pool, log, part.map(({ index, leaf }) => ({ index, ...indexedOf(leaf, jsonOf(payloads.get(index)?.body)) })));
    }
  };

  return {
    step: async (most = 500) => {
      const { taken, owed } = await inTransaction(pool, (client) => take(client, most));
      if (owed > 0) await record.owing();
      return taken;
    },

    ask: async (question, { after, limit }) => {
      if (question.run !== undefined) await restore(question.run);
      const values: unknown[] = [log, after];
      const conditions = ['log = $1', 'index > $2'];
      const where = (sql: (place: string) => string, value: unknown): void => { if (value !== undefined) conditions.push(sql(`$${values.push(value)}`)); };
      for (const name of ['run', 'agent', 'action', 'tool', 'decision', 'outcome', 'trace', 'type', 'tier'] as const) where((place) => `${name} = ${place}`, question[name]);
      where((place) => `people @> array[${place}::text]`, question.person);
      where((place) => `rules @> array[${place}::text]`, question.rule);
      where((place) => `at >= ${place}`, question.from);
      where((place) => `at < ${place}`, question.to);
      where((place) => `words @@ websearch_to_tsquery('simple', ${place})`, question.text);
      const { rows } = await pool.query<Row & { leaf: Buffer }>(`select i.*, e.leaf from (select ${columns} from indexed where ${conditions.join(' and ')} order by index limit $${values.push(limit)}) i
        join entry e on e.log = $1 and e.index = i.index order by i.index`, values);
      return rows.map(({ leaf, ...row }) => {
        const line = { ...row, index: Number(row.index), at: Number(row.at) };
        const said = underLeaf(line, JSON.parse(leaf.toString()) as Leaf);
        if (!isDeepStrictEqual(line, said)) changed(line.index, 'its line in the index is not what its leaf says');
        return said;
      });
    },

    reached: async () => Number((await pool.query<{ next: string }>('select next from indexed_to where log = $1', [log])).rows[0]?.next ?? 0),

    forget: async (indices) => {
      await pool.query(`update indexed set people = '{}', words = '' where log = $1 and index = any($2::bigint[])`, [log, indices]);
    },
  };
};
