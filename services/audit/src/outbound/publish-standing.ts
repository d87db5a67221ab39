import { envelope } from '@countersign/bus';
import type { Bus } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import type { AuditStanding } from '@countersign/contracts';
import { signServiceMessage } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { StandingPorts } from '../app/standing.ts';
import { sourceKey } from '../core/sequence.ts';

/** Topics all of whose records go on the record. Snapshots are left out: of those only what is new does. */
const whole = [topic.runsGoverned, topic.registryEvents, topic.approvalsEvents, topic.supervisionEvents, topic.anomalyFindings, topic.policyEvents, topic.runsInboxDead] as const;

const found = new Error('found');

/** As it was said last; null: nothing was said yet. */
export const readCompleteUntil = async (pool: Pool, origin: string): Promise<number | null> => {
  const { rows: [row] } = await pool.query<{ complete_until: string }>('select complete_until from standing where log = $1', [origin]);
  return row === undefined ? null : Number(row.complete_until);
};

/** How far the bus is, how far the log was said to be, and saying so. */
export const createStandingPorts = (bus: Bus, pool: Pool, key: SigningKey, origin: string, tenant: string): Omit<StandingPorts, 'reached' | 'now'> => ({
  ends: async () => new Map((await Promise.all(whole.map(async (name) => (await bus.ends(name)).map((end, partition) => [sourceKey({ topic: name, partition }), end] as const)))).flat()),

  missing: async (short, ends, from) => {
    for (const name of new Set([...short.keys()].map((source) => source.slice(0, source.lastIndexOf('/'))))) {
      try {
        await bus.scan({
          topic: name, fromMs: from,
          onBatch: (messages) => {
            for (const message of messages) {
              const source = sourceKey(message);
              const next = short.get(source);
              if (next !== undefined && message.offset >= next && message.offset < ends.get(source)!) throw found;
            }
          },
        });
      } catch (error) {
        if (error !== found) throw error;
        return true;
      }
    }
    return false;
  },

  load: async () => await readCompleteUntil(pool, origin) ?? 0,
  save: async (completeUntil) => {
    await pool.query('insert into standing (log, complete_until) values ($1, $2) on conflict (log) do update set complete_until = greatest(standing.complete_until, excluded.complete_until)', [origin, completeUntil]);
  },
  say: async (completeUntil, at) => {
    const body: AuditStanding = { origin, tenant, completeUntil, at };
    const headers = envelope({ id: randomUUID(), type: 'countersign.audit.standing.v1', source: 'audit', time: at, tenant });
    await bus.publish([signServiceMessage({ topic: topic.auditStanding, key: origin, headers, value: Buffer.from(JSON.stringify(body)) }, key)]);
  },
});
