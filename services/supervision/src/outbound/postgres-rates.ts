import type { GovernedRecord } from '@countersign/contracts';
import { inTransaction } from '@countersign/event-store/postgres';
import type { Pool } from 'pg';
import type { BudgetUsed, Rates } from '../app/breakers.ts';
import { addUp, countOf, slotOf } from '../core/breaker.ts';
import type { Count } from '../core/breaker.ts';

const addRates = `
  insert into rate as kept (tenant, agent, tool, slot, partition, ended, failed, decided, denied, spend)
  select $1, r.agent, r.tool, r.slot, $2, r.ended, r.failed, r.decided, r.denied, r.spend
  from jsonb_to_recordset($3::jsonb) as r(agent text, tool text, slot bigint, ended int, failed int, decided int, denied int, spend jsonb)
  on conflict (tenant, agent, tool, slot, partition) do update
  set ended = kept.ended + excluded.ended, failed = kept.failed + excluded.failed, decided = kept.decided + excluded.decided, denied = kept.denied + excluded.denied,
      spend = (select coalesce(jsonb_object_agg(c, coalesce((kept.spend ->> c)::numeric, 0) + coalesce((excluded.spend ->> c)::numeric, 0)), '{}'::jsonb) from (select jsonb_object_keys(kept.spend) as c union select jsonb_object_keys(excluded.spend)) as currencies)`;
const addBudgets = `
  insert into budget_use as kept (account, budget, unit, used, until) select * from jsonb_to_recordset($1::jsonb) as r(account text, budget text, unit text, used bigint, until bigint)
  on conflict (account) do update set used = kept.used + excluded.used`;

/** What the actions that a batch grants reserve of budgets wider than their run, as policy wrote it down; an action is granted once. */
const budgetsOf = (records: readonly GovernedRecord[]): readonly BudgetUsed[] => {
  const used = records.flatMap((record) => (record.kind === 'action.decided' && (record.decision.decision === 'allow' || record.decision.decision === 'modify') ? record.budgets ?? [] : []));
  return [...Map.groupBy(used, ({ account }) => account).values()].map((group) => ({ account: group[0]!.account, budget: group[0]!.budget, unit: group[0]!.unit, until: group[0]!.until, used: group.reduce((sum, { amount }) => sum + amount, 0) }));
};

/** Counts of what agents and tools did, by slots of time, shared by all instances: each partition's records count once, however often they are delivered. */
export const createRates = (pool: Pool, tenant: string): Rates => ({
  keep: async (partition, records) => {
    const last = records.at(-1);
    if (last === undefined || records.every(({ kind }) => kind !== 'action.decided' && kind !== 'action.outcome')) return;
    await inTransaction(pool, async (client) => {
      await client.query('insert into rate_head (partition, position) values ($1, -1) on conflict do nothing', [partition]);
      const { rows: [head] } = await client.query<{ position: string }>('select position from rate_head where partition = $1 for update', [partition]);
      const news = records.filter(({ position, tenant: of }) => position > Number(head!.position) && of === tenant);
      const counts = addUp(news.flatMap((record) => countOf(record) ?? [])), budgets = budgetsOf(news);
      if (counts.length > 0) await client.query({ name: 'add-rates', text: addRates, values: [tenant, partition, JSON.stringify(counts)] });
      if (budgets.length > 0) await client.query({ name: 'add-budgets', text: addBudgets, values: [JSON.stringify(budgets)] });
      await client.query('update rate_head set position = greatest(position, $2) where partition = $1', [partition, last.position]);
    });
  },
  since: async (at) => (await pool.query<Count>(
    'select agent, tool, slot::float8 as slot, sum(ended)::float8 as ended, sum(failed)::float8 as failed, sum(decided)::float8 as decided, sum(denied)::float8 as denied, coalesce(jsonb_agg(spend) filter (where spend <> \'{}\'), \'[]\') as spend from rate where tenant = $1 and slot >= $2 group by agent, tool, slot', [tenant, slotOf(at)]))
    .rows.map(({ spend, ...one }) => ({ ...one, spend: summed(spend as unknown as readonly Record<string, number>[]) })),
  budgets: async (now) => (await pool.query<BudgetUsed>('select account, budget, unit, used::float8 as used, until::float8 as until from budget_use where until > $1 order by budget, account limit 10000', [now])).rows,
  forget: async (before) => {
    await pool.query('delete from rate where slot < $1', [slotOf(before)]);
    await pool.query('delete from budget_use where until < $1', [before]);
  },
});

const summed = (all: readonly Readonly<Record<string, number>>[]): Record<string, number> => {
  const sum: Record<string, number> = {};
  for (const one of all) for (const [currency, minor] of Object.entries(one)) sum[currency] = (sum[currency] ?? 0) + minor;
  return sum;
};
