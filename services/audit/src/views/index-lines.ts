import type { Pool, PoolClient } from 'pg';
import { inTransaction } from '@countersign/event-store/postgres';
import type { IndexedEntry } from '../core/indexed.ts';

/** A line of the index, with the words that it is found by. */
export type IndexLine = IndexedEntry & { readonly index: number };

const recordset = 'jsonb_to_recordset($2::jsonb) as r(index bigint, at bigint, type text, run text, agent text, action text, tool text, stream text, decision text, tier int, code text, outcome text, trace text, rules jsonb, people jsonb, text text)';
const rules = 'array(select jsonb_array_elements_text(r.rules))';
const people = 'array(select jsonb_array_elements_text(r.people))';
const words = 'to_tsvector(\'simple\', r.text)';

const insert = `insert into indexed (log, index, at, type, run, agent, action, tool, stream, decision, tier, code, outcome, trace, rules, people, words)
  select $1, index, at, type, run, agent, action, tool, stream, decision, tier, code, outcome, trace, ${rules}, ${people}, ${words} from ${recordset} on conflict do nothing`;
/** A vote says which approval it belongs to; the question before it, in the same partition, said of which run. */
const inherit = `update indexed i set run = q.run, action = q.action, agent = q.agent, tool = q.tool from indexed q
  where i.log = $1 and i.index >= $2 and i.run is null and i.stream is not null and q.log = $1 and q.stream = i.stream and q.run is not null`;
/** Lines that are missing or say something else. What a line may have from elsewhere (`inherit`) is compared only where it says it itself. */
const differing = `select r.index, i.index is null
    or (i.at, i.type, i.stream, i.decision, i.tier, i.code, i.outcome, i.trace) is distinct from (r.at, r.type, r.stream, r.decision, r.tier, r.code, r.outcome, r.trace)
    or r.run is not null and i.run is distinct from r.run or r.agent is not null and i.agent is distinct from r.agent
    or r.action is not null and i.action is distinct from r.action or r.tool is not null and i.tool is distinct from r.tool or i.rules is distinct from ${rules} as line,
    i.people is distinct from ${people} or i.words is distinct from ${words} as found_by
  from ${recordset} left join indexed i on i.log = $1 and i.index = r.index`;

export const addLines = async (client: PoolClient, log: string, lines: readonly IndexLine[]): Promise<void> => {
  await client.query(insert, [log, JSON.stringify(lines)]);
  if (lines.some(({ stream, run }) => stream !== null && run === null)) await client.query(inherit, [log, Math.min(...lines.map(({ index }) => index))]);
};

/** Makes lines again that are gone or were altered. */
export const replaceLines = (pool: Pool, log: string, lines: readonly IndexLine[]): Promise<void> => inTransaction(pool, async (client) => {
  await client.query('delete from indexed where log = $1 and index = any($2::bigint[])', [log, lines.map(({ index }) => index)]);
  await addLines(client, log, lines);
});

/** @returns `line`: indices whose line is missing or contradicts its entry; `words`: those that are only found by other people or words than their payload has */
export const differingLines = async (pool: Pool, log: string, lines: readonly IndexLine[]): Promise<{ readonly line: readonly number[]; readonly words: readonly number[] }> => {
  const { rows } = await pool.query<{ index: string; line: boolean; found_by: boolean }>(differing, [log, JSON.stringify(lines)]);
  return { line: rows.filter((row) => row.line).map(({ index }) => Number(index)), words: rows.filter((row) => !row.line && row.found_by).map(({ index }) => Number(index)) };
};
