import { envelope } from '@countersign/bus';
import type { Bus } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import type { ServiceEvent } from '@countersign/contracts';
import { createPostgresEventStore, migrateEventStore, startOutboxRelay } from '@countersign/event-store/postgres';
import { signServiceMessage } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { numbering } from '@countersign/service-host';
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { storableJson } from './storable-json.ts';

export interface Recorded { readonly type: string; readonly by: string; readonly at: number; readonly data: unknown }

/** What supervision and its people did, for the log: kept here first, sent as often as it takes. */
export interface SupervisionRecord {
  add(stream: string, type: string, by: string, data: object): Promise<void>;
  /** What stands in a stream, oldest first. */
  load(stream: string): Promise<readonly Recorded[]>;
  /** Appends where the stream still has `after` events; false where somebody was first. */
  append(stream: string, after: number, type: string, by: string, data: object): Promise<boolean>;
  /** Names of the streams that begin so. */
  streams(prefix: string): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export const openRecord = async (bus: Bus, pool: Pool, key: SigningKey, tenant: string, now: () => number, onError: (error: Error) => void): Promise<SupervisionRecord> => {
  await migrateEventStore(pool);
  const store = createPostgresEventStore(pool);
  const relay = startOutboxRelay({ pool, bus, shard: 'supervision', numbering: numbering(key), onError });
  const append: SupervisionRecord['append'] = async (stream, after, type, by, data) => {
    const at = now(), clean = JSON.parse(storableJson(data)) as ServiceEvent['data'];
    const event: ServiceEvent = { stream, version: after + 1, type, at, by, data: clean };
    const message = signServiceMessage({ topic: topic.supervisionEvents, key: stream, value: Buffer.from(JSON.stringify(event)), headers: envelope({ id: randomUUID(), type: 'countersign.supervision.event.v1', source: 'supervision', time: at, tenant }) }, key);
    const done = (await store.append({ stream, expectedVersion: after, events: [{ type, data: clean }], outbox: [message], at, by })).status === 'ok';
    if (done) relay.wake();
    return done;
  };
  return {
    append,
    add: async (stream, type, by, data) => { while (!await append(stream, (await store.load(stream)).version, type, by, data)); },
    load: async (stream) => (await store.load(stream)).events,
    streams: (prefix) => store.streams(prefix),
    stop: () => relay.stop(),
  };
};
