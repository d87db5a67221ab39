import type { AnomalyLevel, BehaviourView, Finding, Observation } from '@countersign/contracts';
import { inTransaction } from '@countersign/event-store/postgres';
import type { Pool } from 'pg';

export const hourMs = 3_600_000;
/** How far back a picture goes, and how much of the past its baseline is made of: the same hour of four weeks. */
const shownHours = 168, baselineWeeks = 4;
const keptMs = (baselineWeeks + 1) * 168 * hourMs;
const mostSteps = 200;
/** Runs under way whose last tool is remembered; of an older one the next step is counted as its first. */
const mostRuns = 50_000;

export interface Behaviour {
  /** Counts what a batch of one partition says, each entry once: the mark moves in the same transaction. */
  add(partition: number, entries: readonly { readonly offset: bigint; readonly seen: Observation }[]): Promise<void>;
  show(tenant: string, agent: string, now: number, about: { readonly level: AnomalyLevel['level']; readonly findings: readonly Finding[] }): Promise<BehaviourView>;
}

const addHours = `insert into behaviour_hour (tenant, agent, hour, actions, failures) select * from unnest($1::text[], $2::text[], $3::bigint[], $4::int[], $5::int[])
  on conflict (tenant, agent, hour) do update set actions = behaviour_hour.actions + excluded.actions, failures = behaviour_hour.failures + excluded.failures`;
const addSteps = `insert into behaviour_step (tenant, agent, before, tool, times, last) select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::bigint[])
  on conflict (tenant, agent, before, tool) do update set times = behaviour_step.times + excluded.times, last = greatest(behaviour_step.last, excluded.last)`;

/** What agents did by the hour and which tool followed which, for pictures: no score rests on it. */
export const createBehaviour = (pool: Pool): Behaviour => {
  const lastTool = new Map<string, string>();
  let prunedAt = 0;
  const columns = <T>(rows: readonly (readonly T[])[], width: number): T[][] => Array.from({ length: width }, (_, i) => rows.map((row) => row[i]!));

  return {
    add: (partition, entries) => inTransaction(pool, async (client) => {
      await client.query('insert into behaviour_mark (partition, next) values ($1, 0) on conflict do nothing', [partition]);
      const { rows: [mark] } = await client.query<{ next: string }>('select next from behaviour_mark where partition = $1 for update', [partition]);
      const news = entries.filter(({ offset }) => offset >= BigInt(mark!.next));
      const hours = new Map<string, [string, string, number, number, number]>(), steps = new Map<string, [string, string, string, string, number, number]>();
      for (const { seen } of news) {
        const hour = Math.floor(seen.now / hourMs);
        const key = `${seen.tenant} ${seen.agent} ${hour}`;
        const of = hours.get(key) ?? [seen.tenant, seen.agent, hour, 0, 0];
        if (seen.kind === 'outcome' && seen.failed) of[4]++;
        if (seen.kind === 'action') of[3]++;
        if (of[3] + of[4] > 0) hours.set(key, of);
        if (seen.kind === 'ended') lastTool.delete(seen.run);
        // A refused name may be anything; only what belongs to the house is worth a place in the picture.
        if (seen.kind !== 'action' || seen.denied) continue;
        const before = lastTool.get(seen.run) ?? '';
        lastTool.delete(seen.run);
        lastTool.set(seen.run, seen.tool);
        if (lastTool.size > mostRuns) lastTool.delete(lastTool.keys().next().value!);
        const step = `${seen.tenant} ${seen.agent} ${before} ${seen.tool}`;
        const so = steps.get(step) ?? [seen.tenant, seen.agent, before, seen.tool, 0, 0];
        so[4]++;
        so[5] = Math.max(so[5], seen.now);
        steps.set(step, so);
      }
      if (hours.size > 0) await client.query(addHours, columns<string | number>([...hours.values()], 5));
      if (steps.size > 0) await client.query(addSteps, columns<string | number>([...steps.values()], 6));
      const newest = news.at(-1);
      if (newest !== undefined) {
        await client.query('update behaviour_mark set next = $2 where partition = $1', [partition, newest.offset + 1n]);
        if (newest.seen.now - prunedAt > 24 * hourMs) {
          prunedAt = newest.seen.now;
          await client.query('delete from behaviour_hour where hour < $1', [Math.floor((prunedAt - keptMs) / hourMs)]);
          await client.query('delete from behaviour_step where last < $1', [prunedAt - keptMs]);
        }
      }
    }),

    show: async (tenant, agent, now, { level, findings }) => {
      const last = Math.floor(now / hourMs), first = last - shownHours + 1;
      const { rows } = await pool.query<{ hour: string; actions: number; failures: number }>('select hour, actions, failures from behaviour_hour where tenant = $1 and agent = $2 and hour > $3 order by hour', [tenant, agent, first - baselineWeeks * 168]);
      const byHour = new Map(rows.map((row) => [Number(row.hour), row]));
      const since = rows.length === 0 ? last : Number(rows[0]!.hour);
      // The mean of the same hour of the weeks before, of those that the agent has lived.
      const expected = (hour: number): number | null => {
        const lived = Array.from({ length: baselineWeeks }, (_, week) => hour - (week + 1) * 168).filter((one) => one >= since);
        return lived.length === 0 ? null : lived.reduce((sum, one) => sum + (byHour.get(one)?.actions ?? 0), 0) / lived.length;
      };
      const { rows: steps } = await pool.query<{ before: string; tool: string; times: number; last: string }>('select before, tool, times, last from behaviour_step where tenant = $1 and agent = $2 order by last desc, times desc limit $3', [tenant, agent, mostSteps]);
      return {
        agent, level, at: now,
        hours: Array.from({ length: shownHours }, (_, i) => { const row = byHour.get(first + i); return { at: (first + i) * hourMs, actions: row?.actions ?? 0, failures: row?.failures ?? 0, expected: expected(first + i) }; }),
        steps: steps.map((one) => ({ before: one.before, tool: one.tool, times: one.times, last: Number(one.last) })), findings,
      };
    },
  };
};
