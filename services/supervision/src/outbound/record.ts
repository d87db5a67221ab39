import { envelope } from '@countersign/bus';
import type { Bus } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import type { ServiceEvent } from '@countersign/contracts';
import { createPostgresEventStore, migrateEventStore, startOutboxRelay } from '@countersign/event-store/postgres';
import { signServiceMessage } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { storableJson } from './storable-json.ts';

/** What supervision and its people did, for the log: kept here first, sent as often as it takes. */
export interface SupervisionRecord {
  add(stream: string, type: string, by: string, data: object): Promise<void>;
  stop(): Promise<void>;
}


export const openRecord = async (bus: Bus, pool: Pool, key: SigningKey, tenant: string, now: () => number, onError: (error: Error) => void): Promise<SupervisionRecord> => {
  await migrateEventStore(pool);
  const store = createPostgresEventStore(pool);
  const relay = startOutboxRelay({ pool, bus, shard: 'supervision', onError });
  return {
    add: async (stream, type, by, data) => {
      const at = now(), clean = JSON.parse(storableJson(data)) as ServiceEvent['data'];
      for (;;) {
        const { version } = await store.load(stream);
        const event: ServiceEvent = { stream, version: version + 1, type, at, by, data: clean };
        const message = signServiceMessage({ topic: topic.supervisionEvents, key: stream, value: Buffer.from(JSON.stringify(event)), headers: envelope({ id: randomUUID(), type: 'countersign.supervision.event.v1', source: 'supervision', time: at, tenant }) }, key);
        if ((await store.append({ stream, expectedVersion: version, events: [{ type, data: clean }], outbox: [message], at, by })).status === 'ok') break;
      }
      relay.wake();
    },
    stop: () => relay.stop(),
  };
};
