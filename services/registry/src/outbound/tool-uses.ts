import type { DataSource } from 'typeorm';
import type { ToolUses } from '../app/permission-ports.ts';
import { dayMs, mostTargets } from '../core/unused.ts';
import type { Use } from '../core/unused.ts';

const keptDays = 400;

/** Days of use by agent and tool; a record is counted once, whatever is delivered again. */
export const createToolUses = (source: DataSource): ToolUses => ({
  record: async (partition, uses) => {
    if (uses.length === 0) return;
    await source.transaction(async (on) => {
      await on.query('INSERT INTO tool_use_read (partition, position) VALUES ($1, -1) ON CONFLICT DO NOTHING', [partition]);
      const [{ position }] = await on.query<[{ position: string }]>('SELECT position FROM tool_use_read WHERE partition = $1 FOR UPDATE', [partition]);
      const fresh = uses.filter((use) => use.position > Number(position));
      if (fresh.length === 0) return;
      const rows = new Map<string, { agent: string; tool: string; day: number; calls: number; at: number; minor: number | null; currency: string | null; targets: Set<string> }>();
      for (const { agent, tool, at, money, targets } of fresh) {
        const day = Math.floor(at / dayMs), key = `${agent} ${tool} ${day}`;
        let row = rows.get(key);
        if (row === undefined) rows.set(key, row = { agent, tool, day, calls: 0, at: 0, minor: null, currency: null, targets: new Set() });
        row.calls++;
        row.at = Math.max(row.at, at);
        if (money !== null) { row.minor = Math.max(row.minor ?? 0, money.minor); row.currency ??= money.currency; }
        for (const target of targets) if (row.targets.size <= mostTargets) row.targets.add(target.slice(0, 256));
      }
      for (const row of [...rows.values()].sort((a, b) => (`${a.agent} ${a.tool}` < `${b.agent} ${b.tool}` ? -1 : 1))) {
        await on.query(
          `INSERT INTO tool_use AS kept (agent, tool, day, calls, last_at, max_minor, currency, targets) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
           ON CONFLICT (agent, tool, day) DO UPDATE SET calls = kept.calls + excluded.calls, last_at = greatest(kept.last_at, excluded.last_at), max_minor = greatest(kept.max_minor, excluded.max_minor),
             currency = coalesce(kept.currency, excluded.currency),
             targets = CASE WHEN jsonb_array_length(kept.targets) > ${mostTargets} THEN kept.targets ELSE (SELECT coalesce(jsonb_agg(DISTINCT t), '[]') FROM jsonb_array_elements(kept.targets || excluded.targets) AS t) END`,
          [row.agent, row.tool, row.day, row.calls, row.at, row.minor, row.currency, JSON.stringify([...row.targets])]);
      }
      await on.query('UPDATE tool_use_read SET position = $2 WHERE partition = $1', [partition, fresh.at(-1)!.position]);
      await on.query('DELETE FROM tool_use WHERE day < $1 AND agent = ANY($2)', [Math.floor(fresh.at(-1)!.at / dayMs) - keptDays, [...new Set(fresh.map(({ agent }) => agent))]]);
    });
  },
  uses: async (agent) => (await source.query<{ tool: string; day: number; calls: number; last_at: string; max_minor: string | null; currency: string | null; targets: string[] }[]>('SELECT * FROM tool_use WHERE agent = $1 ORDER BY day, tool', [agent]))
    .map((row): Use => ({ tool: row.tool, day: row.day, calls: row.calls, lastAt: Number(row.last_at), maxMinor: row.max_minor === null ? null : Number(row.max_minor), currency: row.currency, targets: row.targets.length > mostTargets ? null : row.targets })),
});
