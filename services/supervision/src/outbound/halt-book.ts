import { envelope } from '@countersign/bus';
import type { Bus } from '@countersign/bus';
import { topic as topics } from '@countersign/contracts';
import type { HaltNotice } from '@countersign/contracts';
import { signServiceMessage } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { HaltBook } from '../app/ports.ts';

export const haltsTopic = topics.supervisionHalts;

/** Key of a notice in the compacted topic: halts and lifts stand side by side, nothing replaces anything. */
const keyOf = (notice: HaltNotice): string => `${notice.halt}:${notice.op}`;

export interface StoredHaltBook extends HaltBook {
  /** Publishes what the database has and the topic may lack, after one path failed earlier. */
  republish(known: (notice: HaltNotice) => boolean): Promise<number>;
  /** Keeps what came over the topic. */
  keep(notice: HaltNotice): Promise<void>;
}

/** How long a path may take before the other one alone counts, ms. What is still on its way then may arrive: the sets only grow. */
const patienceMs = 3_000;

const within = async (what: string, path: Promise<void>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => { timer = setTimeout(() => reject(new Error(`${what} did not answer within ${patienceMs} ms`)), patienceMs); });
  path.catch(() => undefined);
  await Promise.race([path, late]).finally(() => clearTimeout(timer));
};

/** Halts on the topic and in the database. A halt counts when either took it. */
export const createHaltBook = (bus: Bus, pool: Pool, key: SigningKey, now: () => number): StoredHaltBook => {
  const publish = (notice: HaltNotice): Promise<void> => bus.publish([signServiceMessage({
    topic: haltsTopic, key: keyOf(notice), value: Buffer.from(JSON.stringify(notice)),
    headers: envelope({ id: randomUUID(), type: `countersign.supervision.${notice.op}.v1`, source: 'supervision', time: now(), tenant: notice.tenant }),
  }, key)]);
  const keep = async (notice: HaltNotice): Promise<void> => {
    await pool.query('insert into halt_notice (halt, op, notice) values ($1, $2, $3) on conflict do nothing', [notice.halt, notice.op, JSON.stringify(notice)]);
  };
  return {
    keep,
    add: async (notice) => {
      const [topic, database] = await Promise.allSettled([within('the topic', publish(notice)), within('the database', keep(notice))]);
      if (topic.status === 'rejected' && database.status === 'rejected') throw topic.reason;
      return { topic: topic.status === 'fulfilled', database: database.status === 'fulfilled' };
    },
    find: async (halt) => (await pool.query<{ notice: HaltNotice }>(`select notice from halt_notice where halt = $1 and op = 'halt'`, [halt])).rows[0]?.notice,
    inForce: async () => (await pool.query<{ notice: HaltNotice }>(
      `select notice from halt_notice h where op = 'halt' and not exists (select 1 from halt_notice l where l.halt = h.halt and l.op = 'lift') order by (notice->>'at')::bigint desc limit 1000`)).rows.map((row) => row.notice),
    republish: async (known) => {
      const { rows } = await pool.query<{ notice: HaltNotice }>('select notice from halt_notice');
      const missing = rows.map((row) => row.notice).filter((notice) => !known(notice));
      for (const notice of missing) await publish(notice);
      return missing.length;
    },
  };
};
