import type { Pool } from 'pg';
import type { DifferencesView, GovernedDecided, GovernedRecord } from '@countersign/contracts';
import { differenceOf } from '../core/bundles/difference.ts';
import type { Change, Difference } from '../core/bundles/difference.ts';

export const differenceSchema = `
create table if not exists policy_difference (
  name text not null, version text not null, mode text not null, kind text not null, key text not null, same bigint not null, stricter bigint not null, looser bigint not null,
  primary key (name, version, mode, kind, key));
create table if not exists policy_difference_example (
  name text not null, version text not null, mode text not null, run text not null, action text not null, tool text not null, agent text not null, before text not null, after text not null, rules text not null,
  at timestamptz not null default now(), primary key (name, version, mode, run, action));`;

interface Row { readonly version: string; readonly mode: string; readonly kind: 'total' | 'rule' | 'tool' | 'agent'; readonly key: string; counts: Record<Change, number> }

export interface Differences {
  /** Notes a record that is about to be written; counted once `committed` says so. */
  note(record: GovernedRecord, partition: number): void;
  committed(partition: number): void;
  /** Drops what a failed transaction noted. */
  discard(partition: number): void;
  stop(): Promise<void>;
}

/** Examples kept per process and version: enough to look at. */
const mostExamples = 20;
const flushMs = 1_000;

/**
 * Counts what a version beside would have decided otherwise. The record has every one of them; these counts are for looking, and a crash
 * may lose the last second of them. Costs nothing while nothing stands beside.
 */
export const countDifferences = (pool: Pool, name: string, onError: (error: Error) => void): Differences => {
  const noted = new Map<number, (readonly [GovernedDecided, Difference])[]>();
  let rows = new Map<string, Row>();
  let examples: (readonly [GovernedDecided, Difference])[] = [];
  const shown = new Map<string, number>();
  let flushing: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const add = (difference: Difference, kind: Row['kind'], key: string): void => {
    const id = JSON.stringify([difference.version, difference.mode, kind, key]);
    const row = rows.get(id) ?? { version: difference.version, mode: difference.mode, kind, key, counts: { same: 0, stricter: 0, looser: 0 } };
    row.counts[difference.change]++;
    rows.set(id, row);
  };
  const count = (record: GovernedDecided, difference: Difference): void => {
    add(difference, 'total', '');
    if (difference.change === 'same') return;
    add(difference, 'tool', record.tool);
    add(difference, 'agent', record.agent ?? '');
    for (const rule of difference.rules) add(difference, 'rule', rule);
    const of = `${difference.version} ${difference.mode}`;
    if ((shown.get(of) ?? 0) >= mostExamples) return;
    shown.set(of, (shown.get(of) ?? 0) + 1);
    examples.push([record, difference]);
  };
  const flush = (): void => {
    timer = undefined;
    const [some, cases] = [[...rows.values()], examples];
    rows = new Map();
    examples = [];
    flushing = flushing.then(() => write(pool, name, some, cases)).catch(onError);
  };

  return {
    note: (record, partition) => {
      if (record.kind !== 'action.decided' || record.decision.beside === undefined) return;
      const difference = differenceOf(record)!;
      const list = noted.get(partition);
      if (list === undefined) noted.set(partition, [[record, difference]]); else list.push([record, difference]);
    },
    committed: (partition) => {
      const list = noted.get(partition);
      if (list === undefined) return;
      noted.delete(partition);
      for (const [record, difference] of list) count(record, difference);
      timer ??= setTimeout(flush, flushMs);
    },
    discard: (partition) => { noted.delete(partition); },
    stop: async () => {
      clearTimeout(timer);
      if (rows.size > 0) flush();
      await flushing;
    },
  };
};

const write = async (pool: Pool, name: string, rows: readonly Row[], examples: readonly (readonly [GovernedDecided, Difference])[]): Promise<void> => {
  const column = <T>(of: (row: Row) => T): T[] => rows.map(of);
  if (rows.length > 0) {
    await pool.query(
      `insert into policy_difference as kept (name, version, mode, kind, key, same, stricter, looser)
       select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[])
       on conflict (name, version, mode, kind, key) do update set same = kept.same + excluded.same, stricter = kept.stricter + excluded.stricter, looser = kept.looser + excluded.looser`,
      [name, column((row) => row.version), column((row) => row.mode), column((row) => row.kind), column((row) => row.key), column((row) => row.counts.same), column((row) => row.counts.stricter), column((row) => row.counts.looser)]);
  }
  for (const [record, { version, mode, before, after, rules }] of examples) {
    await pool.query('insert into policy_difference_example (name, version, mode, run, action, tool, agent, before, after, rules) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing',
      [name, version, mode, record.run, record.action, record.tool, record.agent ?? '', before, after, JSON.stringify(rules.slice(0, 64))]);
  }
};

/** One question: what would the version beside have decided otherwise? */
export const differencesView = async (pool: Pool, name: string, of: { readonly version: string; readonly mode: 'shadow' | 'canary' } | null): Promise<DifferencesView> => {
  const empty = { compared: 0, same: 0, stricter: 0, looser: 0 };
  if (of === null) return { name, version: null, mode: null, ...empty, byRule: [], byTool: [], byAgent: [], examples: [] };
  const { rows } = await pool.query<{ kind: string; key: string; same: string; stricter: string; looser: string }>('select kind, key, same, stricter, looser from policy_difference where name = $1 and version = $2 and mode = $3 order by stricter + looser desc, key limit 5000', [name, of.version, of.mode]);
  const found = await pool.query<{ run: string; action: string; tool: string; agent: string; before: string; after: string; rules: string }>('select run, action, tool, agent, before, after, rules from policy_difference_example where name = $1 and version = $2 and mode = $3 order by at desc limit $4', [name, of.version, of.mode, mostExamples]);
  const total = rows.find(({ kind }) => kind === 'total');
  const [same, stricter, looser] = [Number(total?.same ?? 0), Number(total?.stricter ?? 0), Number(total?.looser ?? 0)];
  const by = (wanted: string) => rows.filter(({ kind }) => kind === wanted).slice(0, 500).map((row) => ({ key: row.key, stricter: Number(row.stricter), looser: Number(row.looser) }));
  return {
    name, ...of, compared: same + stricter + looser, same, stricter, looser, byRule: by('rule'), byTool: by('tool'), byAgent: by('agent'),
    examples: found.rows.map(({ rules, ...row }) => ({ ...row, rules: JSON.parse(rules) as string[] })),
  };
};
