import type { GovernedRecord } from '@countersign/contracts';
import { inTransaction } from '@countersign/event-store/postgres';
import type { Pool } from 'pg';
import { factOf } from '../core/run-event.ts';
import type { RunFact } from '../core/run-event.ts';
import { storableJson } from './storable-json.ts';

/** Events and the head of their partition in one statement: who reads up to a head misses nothing below it. */
const keep = `
  with said as (
    insert into run_event (partition, position, tenant, run, agent, action, tool, kind, tier, at, fact)
    select $1, r.position, r.tenant, r.run, r.agent, r.action, r.tool, r.kind, r.tier, r.at, r.fact
    from jsonb_to_recordset($2::jsonb) as r(position bigint, tenant text, run text, agent text, action text, tool text, kind text, tier int, at bigint, fact jsonb)
    on conflict do nothing)
  insert into run_event_head as h (partition, position) values ($1, $3) on conflict (partition) do update set position = greatest(h.position, excluded.position)`;

/** Supervision's own events stand in a partition of their own. */
const ownPartition = -1;

export interface RunEvents {
  /** The records of one partition, in order. */
  keep(partition: number, records: readonly GovernedRecord[]): Promise<void>;
  /** Something that supervision itself did. */
  add(tenant: string, fact: RunFact): Promise<void>;
  /** Deletes what is older than this, epoch ms. */
  forget(before: number): Promise<void>;
}

const row = (tenant: string, position: number, fact: RunFact) => {
  const { run, agent, action, tool, kind, tier, at } = fact;
  return { position, tenant, run, agent, action, tool, kind, tier, at, fact };
};

export const createRunEvents = (pool: Pool): RunEvents => ({
  keep: async (partition, records) => {
    const last = records.at(-1);
    if (last === undefined) return;
    const rows = records.flatMap((record) => { const fact = factOf(record); return fact === undefined ? [] : [row(record.tenant, record.position, fact)]; });
    await pool.query({ name: 'keep-run-events', text: keep, values: [partition, storableJson(rows), last.position] });
  },
  add: (tenant, fact) => inTransaction(pool, async (client) => {
    // The row is locked until the commit, so that positions become visible in their order.
    const { rows: [head] } = await client.query<{ position: number }>('insert into run_event_head as h (partition, position) values ($1, 0) on conflict (partition) do update set position = h.position + 1 returning position::float8 as position', [ownPartition]);
    await client.query(keep, [ownPartition, storableJson([row(tenant, head!.position, fact)]), head!.position]);
  }),
  forget: async (before) => { await pool.query('delete from run_event where (partition, position) in (select partition, position from run_event where at < $1 order by at limit 10000)', [before]); },
});
