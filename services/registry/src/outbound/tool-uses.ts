import type { DataSource } from 'typeorm';
import type { ToolUse, ToolUses } from '../app/permission-ports.ts';
import { dayMs, mostTargets } from '../core/unused.ts';
import type { Use } from '../core/unused.ts';

const keptDays = 400;

/** One statement whatever the number of rows: an agent, a tool and a day each. */
const countUses = `
  INSERT INTO tool_use AS kept (agent, tool, day, calls, last_at, max_minor, currency, targets) SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::int[], $5::bigint[], $6::bigint[], $7::text[], $8::jsonb[])
  ON CONFLICT (agent, tool, day) DO UPDATE SET calls = kept.calls + excluded.calls, last_at = greatest(kept.last_at, excluded.last_at), max_minor = greatest(kept.max_minor, excluded.max_minor),
    currency = coalesce(kept.currency, excluded.currency),
    targets = CASE WHEN jsonb_array_length(kept.targets) > ${mostTargets} OR kept.targets @> excluded.targets THEN kept.targets ELSE (SELECT coalesce(jsonb_agg(DISTINCT t), '[]') FROM jsonb_array_elements(kept.targets || excluded.targets) AS t) END`;

interface Row { readonly agent: string; readonly tool: string; readonly day: number; calls: number; at: number; minor: number | null; currency: string | null; readonly targets: Set<string> }

const rowsOf = (uses: readonly ToolUse[]): readonly Row[] => {
  const rows = new Map<string, Row>();
  for (const { agent, tool, at, money, targets } of uses) {
    const day = Math.floor(at / dayMs), key = `${agent} ${tool} ${day}`;
    let row = rows.get(key);
    if (row === undefined) rows.set(key, row = { agent, tool, day, calls: 0, at: 0, minor: null, currency: null, targets: new Set() });
    row.calls++;
    row.at = Math.max(row.at, at);
    if (money !== null) { row.minor = Math.max(row.minor ?? 0, money.minor); row.currency ??= money.currency; }
    for (const target of targets) if (row.targets.size <= mostTargets) row.targets.add(target.slice(0, 256));
  }
  // Always in the same order: two that count do not wait for each other in a circle.
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
};

/** Days of use by agent and tool; a record is counted once, whatever is delivered again. */
export const createToolUses = (source: DataSource): ToolUses => {
  const begun = new Set<number>();
  let forgotten = 0;
  return {
    record: async (uses) => {
      const partitions = [...new Set(uses.map(({ partition }) => partition))].sort((a, b) => a - b);
      if (partitions.length === 0) return;
      const first = partitions.filter((one) => !begun.has(one));
      if (first.length > 0) await source.query('INSERT INTO tool_use_read (partition, position) SELECT partition, -1 FROM unnest($1::int[]) AS new (partition) ON CONFLICT DO NOTHING', [first]);
      for (const one of first) begun.add(one);
      await source.transaction(async (on) => {
        const read = await on.query<{ partition: number; position: string }[]>('SELECT partition, position FROM tool_use_read WHERE partition = ANY($1::int[]) ORDER BY partition FOR UPDATE', [partitions]);
        const upTo = new Map(read.map((one) => [one.partition, Number(one.position)]));
        const fresh = uses.filter(({ partition, position }) => position > upTo.get(partition)!);
        if (fresh.length === 0) return;
        for (const { partition, position } of fresh) upTo.set(partition, Math.max(upTo.get(partition)!, position));
        const rows = rowsOf(fresh);
        await on.query(countUses, [rows.map(({ agent }) => agent), rows.map(({ tool }) => tool), rows.map(({ day }) => day), rows.map(({ calls }) => calls), rows.map(({ at }) => at), rows.map(({ minor }) => minor), rows.map(({ currency }) => currency), rows.map(({ targets }) => JSON.stringify([...targets]))]);
        await on.query('UPDATE tool_use_read AS kept SET position = read.position FROM unnest($1::int[], $2::bigint[]) AS read (partition, position) WHERE kept.partition = read.partition', [[...upTo.keys()], [...upTo.values()]]);
      });
      const before = Math.max(...uses.map(({ at }) => Math.floor(at / dayMs))) - keptDays;
      if (before <= forgotten) return;
      await source.query('DELETE FROM tool_use WHERE day < $1', [before]);
      forgotten = before;
    },
    uses: async (agent) => (await source.query<{ tool: string; day: number; calls: number; last_at: string; max_minor: string | null; currency: string | null; targets: string[] }[]>('SELECT * FROM tool_use WHERE agent = $1 ORDER BY day, tool', [agent]))
      .map((row): Use => ({ tool: row.tool, day: row.day, calls: row.calls, lastAt: Number(row.last_at), maxMinor: row.max_minor === null ? null : Number(row.max_minor), currency: row.currency, targets: row.targets.length > mostTargets ? null : row.targets })),
  };
};
