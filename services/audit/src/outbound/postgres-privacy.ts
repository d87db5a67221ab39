import { inTransaction } from '@countersign/event-store/postgres';
import type { Pool } from 'pg';
import type { Erasure, Hold, HoldScope, PrivacyStore, Slot } from '../app/privacy.ts';
import { retentionMs } from '../core/retention.ts';
import type { RetentionClass } from '../core/retention.ts';

interface HoldRow { id: string; scope: HoldScope; what: string | null; by: string; at: string; reason: string }
interface ErasureRow { id: string; scope: 'run' | 'person'; what: string; subjects: string[]; keys: string[]; by: string }

const forgetWords = 'update indexed set people = \'{}\', words = \'\'';

/** Holds, erasures and retention slots of one log. @param forget empties what an index says of these entries */
export const createPostgresPrivacy = (pool: Pool, log: string, forget: (indices: readonly number[]) => Promise<void>): PrivacyStore => {
  const texts = async (sql: string, values: readonly unknown[]): Promise<string[]> => (await pool.query<{ text: string }>(sql, [...values])).rows.map(({ text }) => text);
  const tableOf = ({ slot }: Slot): string => `sealed_payload_${slot}`;
  return {
    holds: async () => (await pool.query<HoldRow>('select id, scope, what, by, at, reason from legal_hold where log = $1 and released is null order by id', [log])).rows
      .map(({ id, what, at, ...hold }): Hold => ({ ...hold, hold: Number(id), id: what, at: Number(at) })),
    hold: async ({ scope, id, by, at, reason }) => { await pool.query('insert into legal_hold (log, scope, what, by, at, reason) values ($1, $2, $3, $4, $5, $6)', [log, scope, id, by, at, reason]); },
    release: async (hold, at, by, reason) => (await pool.query('update legal_hold set released = $3, released_by = $4, released_reason = $5 where log = $1 and id = $2 and released is null', [log, hold, at, by, reason])).rowCount === 1,
    streamsOf: (runs) => texts('select distinct stream as text from indexed where log = $1 and run = any($2) and stream is not null', [log, runs]),
    agentsOf: (runs) => texts('select distinct agent as text from indexed where log = $1 and run = any($2) and agent is not null', [log, runs]),
    plan: async ({ scope, what, subjects, keys, by }, at, reason) => {
      const { rows: [row] } = await pool.query<{ id: string }>('insert into erasure (log, scope, what, subjects, keys, by, at, reason) values ($1, $2, $3, $4, $5, $6, $7, $8) returning id', [log, scope, what, subjects, keys, by, at, reason]);
      return Number(row!.id);
    },
    planned: async () => (await pool.query<ErasureRow>('select id, scope, what, subjects, keys, by from erasure where log = $1 and not done order by id', [log])).rows
      .map(({ id, ...erasure }): Erasure => ({ ...erasure, erasure: Number(id) })),
    drop: async ({ subjects, keys }) => {
      // By key, but among the entries of its subjects first: keys have no index of their own.
      const runs = subjects.flatMap((subject) => (subject.startsWith('run:') ? [subject.slice('run:'.length)] : []));
      const { rows } = await pool.query<{ index: string }>(`delete from sealed_payload where log = $1 and key = any($2)
        and index in (select index from entry where log = $1 and run = any($3) union select index from indexed where log = $1 and (stream = any($4) or run = any($3) or agent = any($5))) returning index`,
      [log, keys, runs, subjects, subjects.flatMap((subject) => (subject.startsWith('agent:') ? [subject.slice('agent:'.length)] : []))]);
      await forget(rows.map(({ index }) => Number(index)));
      return rows.length;
    },
    done: async (erasure) => { await pool.query('update erasure set done = true where id = $1', [erasure]); },
    slots: async () => (await texts('select relid::text as text from pg_partition_tree(\'sealed_payload\') where isleaf', [])).flatMap((table) => {
      const [, slot, retention, month] = /^sealed_payload_(([a-z]+)_(\d{4}_\d{2}))$/.exec(table) ?? [];
      return slot !== undefined && retention! in retentionMs ? [{ slot, retention: retention as RetentionClass, month: month! }] : [];
    }),
    covers: async (slot, { scope, id }) => {
      // A person's part in what was said is not known to the tables, so a hold on a person holds everything.
      if (scope === 'all' || scope === 'person') return true;
      const { rowCount } = scope === 'run'
        ? await pool.query(`select 1 from entry e join ${tableOf(slot)} p using (log, index) where e.log = $1 and e.run = $2 limit 1`, [log, id])
        : await pool.query(`select 1 from indexed i join ${tableOf(slot)} p using (log, index) where i.log = $1 and i.agent = $2 limit 1`, [log, id]);
      return rowCount !== 0;
    },
    expire: (slot) => inTransaction(pool, async (client) => {
      await client.query(`${forgetWords} where log = $1 and index in (select index from ${tableOf(slot)} where log = $1)`, [log]);
      await client.query(`insert into statement_due (log, kind, states) select log, 'expired', jsonb_build_object('slot', $1::text, 'entries', count(*), 'first', min(index), 'last', max(index)) from ${tableOf(slot)} group by log`, [slot.slot]);
      await client.query(`drop table ${tableOf(slot)}`);
    }),
  };
};
