import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventStoreContract, openOwnDatabase, until } from '@countersign/spec';
import type { OwnDatabase } from '@countersign/spec';
import type { OutboxMessage } from '../port.ts';
import { migrateEventStore } from './migrate.ts';
import { startOutboxRelay } from './outbox-relay.ts';
import { openPool } from './pool.ts';
import { createPostgresEventStore } from './store.ts';

let database: OwnDatabase;
const open = () => openPool({ connectionString: database.url });
let pool: ReturnType<typeof openPool>;

beforeAll(async () => {
  database = await openOwnDatabase('event_store');
  pool = open();
  await Promise.all([migrateEventStore(pool), migrateEventStore(pool), migrateEventStore(pool)]);
});
afterAll(async () => {
  await pool.end();
  await database.close();
});

eventStoreContract('postgres', async () => ({
  store: createPostgresEventStore(pool),
  outbox: async () => (await pool.query<OutboxMessage>('SELECT topic, key, value, headers FROM outbox ORDER BY id')).rows,
}));

describe('outbox relay', () => {
  const put = (stream: string, version: number) => createPostgresEventStore(pool).append({
    stream, expectedVersion: version - 1, at: 1, by: 'x', events: [{ type: 'x', data: {} }], outbox: [{ topic: 't.v1', key: stream, value: Buffer.from(String(version)), headers: {} }],
  });

  it('publishes every row at least once and in order per key, through failures, a killed connection and two relays', async () => {
    await pool.query('DELETE FROM outbox');
    const published: [string, number][] = [];
    let fail = 0;
    const bus = { publish: async (messages: readonly { key: string; value: Buffer | null }[]) => {
      if (++fail % 3 === 0) throw new Error('broker away');
      for (const message of messages) published.push([message.key, Number(message.value)]);
    } };
    const relays = [1, 2].map(() => startOutboxRelay({ pool, bus: bus as never, shard: 'notes', batch: 7, idleMs: 5 }));
    await Promise.all(['k1', 'k2', 'k3'].map(async (stream) => { for (let version = 1; version <= 20; version++) await put(stream, version); }));
    await pool.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')");
    await until('the outbox is empty', async () => (await pool.query('SELECT 1 FROM outbox')).rows.length === 0);
    await Promise.all(relays.map((relay) => relay.stop()));
    for (const key of ['k1', 'k2', 'k3']) {
      const versions = published.filter(([k]) => k === key).map(([, version]) => version);
      const firsts = versions.filter((version, i) => versions.indexOf(version) === i);
      expect(firsts).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    }
  });

  it('numbers each partition of a topic densely, over failures and restarts, and says nothing under another number', async () => {
    await pool.query('DELETE FROM outbox');
    const published: { partition: number; number: number; value: string }[] = [];
    let fail = 0;
    const bus = { publish: async (messages: readonly { partition: number; headers: Record<string, string>; value: Buffer }[]) => {
      for (const { partition, headers, value } of messages) published.push({ partition, number: Number(headers['n']), value: value.toString() });
      // What was published and not acknowledged is published again.
      if (++fail % 2 === 0) throw new Error('no acknowledgement');
    } };
    const numbering = { partitionOf: ({ key }: { key: string }) => Number(key.slice(1)) % 2, numbered: <M extends object>(message: M, n: number) => ({ ...message, headers: { n: String(n) } }) };
    for (let start = 0; start < 3; start++) {
      const relay = startOutboxRelay({ pool, bus: bus as never, shard: 'numbered', batch: 4, idleMs: 5, numbering: numbering as never });
      for (let i = 0; i < 4; i++) for (const stream of ['n1', 'n2', 'n3']) await put(stream, start * 4 + i + 1);
      await until('the outbox is empty', async () => (await pool.query('SELECT 1 FROM outbox')).rows.length === 0);
      await relay.stop();
    }
    for (const partition of [0, 1]) {
      const own = published.filter((one) => one.partition === partition);
      const byNumber = new Map(own.map(({ number, value }) => [number, value]));
      expect([...byNumber.keys()].toSorted((a, b) => a - b)).toEqual(Array.from({ length: partition === 0 ? 12 : 24 }, (_, n) => n));
      expect(own.every(({ number, value }) => byNumber.get(number) === value)).toBe(true);
    }
  });
});
