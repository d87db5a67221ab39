import type { CompletenessView } from '@countersign/contracts';
import type { Pool, PoolClient } from 'pg';
import type { ChainPart } from '../core/completeness.ts';
import { chainFaults, chainParts, countVersions, streamParts } from '../core/completeness.ts';
import type { Leaf } from '../core/entry.ts';
import { noticedOf, noticedTypes } from '../core/noticed.ts';
import type { Owed } from '../outbound/owed.ts';

interface ChainRow { run: string; agent: string | null; started: string | null; not_after: string | null; ended: string | null; closing: number | null; recorded: number; last: number; attested: number }
interface StreamRow { topic: string; stream: string; last: number; missing: number }

const addChains = `insert into chain (log, run, agent, started, not_after, ended, closing, recorded, last, attested)
  select $1, run, agent, started, "notAfter", ended, closing, recorded, last, attested
  from jsonb_to_recordset($2::jsonb) as r(run text, agent text, started bigint, "notAfter" bigint, ended bigint, closing int, recorded int, last int, attested int)
  on conflict (log, run) do update set agent = coalesce(chain.agent, excluded.agent), started = coalesce(chain.started, excluded.started), not_after = coalesce(chain.not_after, excluded.not_after),
    ended = coalesce(excluded.ended, chain.ended), closing = coalesce(excluded.closing, chain.closing), recorded = chain.recorded + excluded.recorded,
    last = greatest(chain.last, excluded.last), attested = greatest(chain.attested, excluded.attested)`;
const addStreams = `insert into stream_seen (log, topic, stream, last, missing) select $1, topic, stream, last, missing from jsonb_to_recordset($2::jsonb) as r(topic text, stream text, last int, missing int)
  on conflict (log, topic, stream) do update set last = excluded.last, missing = excluded.missing`;

/** Each hole goes on the record once, however often the index is made again. */
const freshGaps = 'insert into stream_gap (log, topic, stream, expected, found) select $1, topic, stream, expected, found from jsonb_to_recordset($2::jsonb) as r(topic text, stream text, expected int, found int) on conflict do nothing returning topic, stream, expected, found';

/** Goes on counting, within the transaction that indexes the same entries: each is counted once. @returns how many statements are owed for it now */
export const countEntries = async (client: PoolClient, log: string, lines: readonly { readonly leaf: Leaf; readonly body: unknown }[], owe: Owed['owe']): Promise<number> => {
  const chains = chainParts(lines);
  if (chains.length > 0) await client.query(addChains, [log, JSON.stringify(chains)]);
  const streams = streamParts(lines);
  if (streams.length === 0) return 0;
  const { rows } = await client.query<StreamRow>('select topic, stream, last, missing from stream_seen where log = $1 and stream = any($2)', [log, streams.map(({ stream }) => stream)]);
  const known = new Map(rows.map((row) => [`${row.topic}\0${row.stream}`, row]));
  const counted = streams.map(({ topic, stream, versions }) => ({ topic, stream, ...countVersions(known.get(`${topic}\0${stream}`) ?? { last: 0, missing: 0 }, versions) }));
  await client.query(addStreams, [log, JSON.stringify(counted)]);
  const gaps = counted.flatMap(({ topic, stream, gaps: found }) => found.map((gap) => ({ topic, stream, ...gap })));
  if (gaps.length === 0) return 0;
  const { rows: fresh } = await client.query<{ topic: string; stream: string; expected: number; found: number }>(freshGaps, [log, JSON.stringify(gaps)]);
  await owe(client, fresh.map((states) => ({ kind: 'gap', states: { ...states } })));
  return fresh.length;
};

const number = (text: string | null): number | null => (text === null ? null : Number(text));
const chainOf = ({ not_after: notAfter, ...row }: ChainRow): ChainPart => ({ ...row, started: number(row.started), ended: number(row.ended), notAfter: number(notAfter) });

/** The types stand in the text: only so is their index used. */
const noticedEntries = `select e.index, e.leaf from indexed i join entry e on e.log = i.log and e.index = i.index
  where i.log = $1 and i.type in (${noticedTypes.map((type) => `'${type}'`).join(', ')}) order by i.index desc limit 100`;

/** Of what is listed; there may be more. */
const most = 200;

/** Which runs were not closed by their runtime, lack a message or end unsigned, which streams of services have holes, and what audit put on the record about it: as far as the index has read. */
export const readCompleteness = async (pool: Pool, log: string, now: number): Promise<Omit<CompletenessView, 'completeUntil'>> => {
  const { rows: [count] } = await pool.query<{ runs: string; closed: string; open: string }>(`select count(*) as runs, count(closing) as closed, count(*) filter (where ended is null and coalesce(not_after, 0) >= $2) as open from chain where log = $1`, [log, now]);
  // The same three conditions as chainFaults, which names them.
  const { rows } = await pool.query<ChainRow>(`select run, agent, started, not_after, ended, closing, recorded, last, attested from chain where log = $1
    and (((ended is not null or not_after < $2) and (closing is null or attested < last)) or (started is not null and recorded < last + 1)) order by coalesce(started, ended) desc limit $3`, [log, now, most]);
  const { rows: statements } = await pool.query<{ index: string; leaf: Buffer }>(noticedEntries, [log]);
  const { rows: streams } = await pool.query<StreamRow>('select topic, stream, last, missing from stream_seen where log = $1 and missing > 0 order by topic, stream limit $2', [log, most]);
  return {
    runs: { all: Number(count!.runs), closed: Number(count!.closed), open: Number(count!.open) },
    faulty: rows.map(chainOf).map((chain) => ({ run: chain.run, agent: chain.agent, faults: [...chainFaults(chain, now)], messages: chain.last + 1, recorded: chain.recorded, attested: chain.attested + 1 })),
    streams,
    noticed: statements.flatMap(({ index, leaf: bytes }) => {
      const leaf = JSON.parse(bytes.toString()) as Leaf;
      const noticed = noticedOf(leaf);
      return noticed === undefined ? [] : [{ index: Number(index), at: leaf.at, kind: noticed.kind, what: noticed.what.slice(0, 1_000) }];
    }),
  };
};
