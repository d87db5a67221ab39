import { inTransaction } from '@countersign/event-store/postgres';
import type { Pool } from 'pg';
import type { Erasure, PrivacyStore, Slot } from '../app/privacy.ts';
import type { Hold, HoldScope } from '../core/holds.ts';
import { retentionMs } from '../core/retention.ts';
import type { RetentionClass } from '../core/retention.ts';
import { erasureText } from '../core/own-word.ts';
import type { OwnWord } from '../core/own-word.ts';
import { readState } from './log-state.ts';
import type { Owed } from './owed.ts';

interface HoldRow { id: string; scope: HoldScope; what: string | null; by: string; at: string; reason: string }
interface ErasureRow { id: string; scope: 'run' | 'person'; what: string; subjects: string[]; keys: string[]; by: string; at: string; reason: string; mac: string | null }

const forgetWords = 'update indexed set people = \'{}\', words = \'\'';

/**
 * What a hold holds, as an erasure would find it: runs, and streams in which something was said about them; of an agent all it ran, and what was said about it.
 * An entry that the index has no line for may belong to anybody.
 */
const streamsAbout = 'streams as (select distinct stream from indexed where log = $1 and stream is not null and (run in (select run from runs)';
const held = {
  run: `with runs as (select $2::text as run), ${streamsAbout}))`,
  agent: `with runs as (select distinct run from indexed where log = $1 and agent = $2 and run is not null), ${streamsAbout} or agent = $2 or stream = 'agent:' || $2))`,
} as const;

/** Holds, erasures and retention slots of one log. @param forget empties what an index says of these entries */
export const createPostgresPrivacy = (pool: Pool, log: string, word: OwnWord, owed: Owed, forget: (indices: readonly number[]) => Promise<void>): PrivacyStore => {
  const texts = async (sql: string, values: readonly unknown[]): Promise<string[]> => (await pool.query<{ text: string }>(sql, [...values])).rows.map(({ text }) => text);
  const tableOf = ({ slot }: Slot): string => `sealed_payload_${slot}`;
  return {
    holds: async () => (await pool.query<HoldRow>('select id, scope, what, by, at, reason from legal_hold where log = $1 and released is null order by id', [log])).rows
      .map(({ id, what, at, ...hold }): Hold => ({ ...hold, hold: Number(id), id: what, at: Number(at) })),
    hold: async ({ scope, id, by, at, reason }, taken) => {
      let hold: number;
      do hold = Number((await pool.query<{ id: string }>('select nextval(pg_get_serial_sequence(\'legal_hold\', \'id\')) as id')).rows[0]!.id); while (taken.includes(hold));
      await pool.query('insert into legal_hold (id, log, scope, what, by, at, reason) values ($1, $2, $3, $4, $5, $6, $7)', [hold, log, scope, id, by, at, reason]);
      return hold;
    },
    release: async (hold, at, by, reason) => { await pool.query('update legal_hold set released = $3, released_by = $4, released_reason = $5 where log = $1 and id = $2 and released is null', [log, hold, at, by, reason]); },
    streamsOf: (runs) => texts('select distinct stream as text from indexed where log = $1 and run = any($2) and stream is not null', [log, runs]),
    agentsOf: (runs) => texts('select distinct agent as text from indexed where log = $1 and run = any($2) and agent is not null', [log, runs]),
    plan: ({ scope, what, subjects, keys, by }, at, reason) => inTransaction(pool, async (client) => {
      const { rows: [row] } = await client.query<{ id: string }>('insert into erasure (log, scope, what, subjects, keys, by, at, reason) values ($1, $2, $3, $4, $5, $6, $7, $8) returning id', [log, scope, what, subjects, keys, by, at, reason]);
      const erasure = Number(row!.id);
      await client.query('update erasure set mac = $2 where id = $1', [erasure, word.mac(erasureText(log, { erasure, scope, what, subjects, keys, by }, at, reason))]);
      return erasure;
    }),
    planned: async () => (await pool.query<ErasureRow>('select id, scope, what, subjects, keys, by, at, reason, mac from erasure where log = $1 and not done order by id limit 1000', [log])).rows
      .map(({ id, at, reason, mac, ...row }) => {
        const erasure: Erasure = { ...row, erasure: Number(id) };
        return { erasure, own: word.holds(erasureText(log, erasure, Number(at), reason), mac) };
      }),
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
      return (await pool.query(`${held[scope]} select 1 from ${tableOf(slot)} p left join entry e using (log, index) left join indexed i using (log, index)
        where p.log = $1 and (i.index is null or e.run in (select run from runs) or i.run in (select run from runs) or i.agent = $3 or i.stream in (select stream from streams)) limit 1`, [log, id, scope === 'agent' ? id : null])).rowCount !== 0;
    },
    expire: (slot) => inTransaction(pool, async (client) => {
      // Holds of another log in this database are not this one's to judge.
      for (const { other } of (await client.query<{ other: string }>(`select distinct log as other from ${tableOf(slot)} where log <> $1`, [log])).rows) {
        const left = await readState(client, other, word);
        if (left?.word === 'broken' || (left?.state.holds.length ?? 0) > 0 || (await client.query('select 1 from legal_hold where log = $1 and released is null limit 1', [other])).rowCount !== 0) return false;
      }
      await client.query(`${forgetWords} where log = $1 and index in (select index from ${tableOf(slot)} where log = $1)`, [log]);
      const { rows } = await client.query<{ log: string; entries: string; first: string; last: string }>(`select log, count(*) as entries, min(index) as first, max(index) as last from ${tableOf(slot)} group by log`);
      for (const one of rows) await owed.owe(client, [{ kind: 'expired', states: { slot: slot.slot, entries: Number(one.entries), first: Number(one.first), last: Number(one.last) } }], one.log);
      await client.query(`drop table ${tableOf(slot)}`);
      return true;
    }),
  };
};
