import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { Bus } from '../port.ts';
import { createEmbeddedBus } from './index.ts';
import { byteaArray } from './binary-array.ts';

const server = process.env['CS_TEST_POSTGRES'] ?? 'postgres://countersign:countersign@127.0.0.1:25432/countersign';

describe('embedded bus: what it keeps', () => {
  const database = `bus_keep_${process.pid}_${Date.now().toString(36)}`;
  const url = new URL(server);
  url.pathname = `/${database}`;
  const admin = new pg.Client({ connectionString: server });
  const inside = new pg.Client({ connectionString: url.href });
  let bus: Bus;

  beforeAll(async () => {
    await admin.connect();
    await admin.query(`CREATE DATABASE ${database}`);
    bus = await createEmbeddedBus({ connectionString: url.href });
    await inside.connect();
  });
  afterAll(async () => {
    await bus.close();
    await inside.end();
    await admin.query(`DROP DATABASE ${database} WITH (FORCE)`);
    await admin.end();
  });

  const topic = (name: string, compacted: boolean, retentionMs: number) => bus.ensureTopics([{ name, partitions: 1, compacted, retentionMs, maxMessageBytes: 1_000 }]);
  const kept = async (name: string): Promise<string[]> => {
    const { rows } = await inside.query<{ kept: string }>(`SELECT "offset" || ':' || coalesce(convert_from(value, 'UTF8'), '-') AS kept FROM bus.record r JOIN bus.topic t ON t.id = r.topic WHERE t.name = $1 ORDER BY "offset"`, [name]);
    return rows.map((row) => row.kept);
  };
  const record = (name: string, key: string, value: string | null) => ({ topic: name, key, value: value === null ? null : Buffer.from(value) });
  const age = (name: string, below: number) => inside.query('UPDATE bus.record r SET at = at - 100000 FROM bus.topic t WHERE t.id = r.topic AND t.name = $1 AND "offset" < $2', [name, below]);

  it('compacts to the newest of each key, and lets old tombstones go', async () => {
    await topic('keep.compacted.v1', true, 50_000);
    await bus.publish([['a', '1'], ['b', '1'], ['a', '2'], ['b', null], ['c', null]].map(([key, value]) => record('keep.compacted.v1', key!, value!)));
    await age('keep.compacted.v1', 4);
    await inside.query('SELECT bus.maintain()');
    expect(await kept('keep.compacted.v1')).toEqual(['2:2', '4:-']);
    expect(await bus.ends('keep.compacted.v1')).toEqual([5n]);
    const seen: string[] = [];
    const caughtUp = Promise.withResolvers<void>();
    const following = await bus.follow({ topics: ['keep.compacted.v1'], from: 'start', onBatch: (batch) => { seen.push(...batch.map((one) => one.key!)); }, onCaughtUp: () => caughtUp.resolve() });
    await caughtUp.promise;
    await following.stop();
    expect(seen).toEqual(['a', 'c']);
  });

  it('forgets what is older than the retention, and stops a group that had not read it', async () => {
    await topic('keep.plain.v1', false, 50_000);
    const holding = await bus.subscribe({ group: 'late', topics: ['keep.plain.v1'], from: 'start', onBatch: async () => undefined });
    await holding.ready;
    await holding.stop();
    await bus.publish(['0', '1', '2', '3'].map((value) => record('keep.plain.v1', 'k', value)));
    await age('keep.plain.v1', 2);
    await inside.query('SELECT bus.maintain()');
    expect(await kept('keep.plain.v1')).toEqual(['2:2', '3:3']);
    const late = await bus.subscribe({ group: 'late', topics: ['keep.plain.v1'], from: 'start', onBatch: async () => undefined });
    await expect(late.ended).rejects.toMatchObject({ code: 'offset_out_of_range' });
  });

  it('goes on exactly once when the server breaks every connection', async () => {
    for (const name of ['keep.in.v1', 'keep.out.v1']) await topic(name, false, 3_600_000);
    const count = 600;
    await bus.publish(Array.from({ length: count }, (_, n) => record('keep.in.v1', 'k', String(n))));
    const end = Promise.withResolvers<void>();
    let breaks = 0;
    const running = await bus.process({ group: 'broken', input: 'keep.in.v1', outputs: ['keep.out.v1'], maxBatch: 20, own: async () => ({
      handle: async (messages) => {
        if (breaks < 3 && messages[0]!.offset >= BigInt(100 * (breaks + 1))) {
          breaks += 1;
          await inside.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'countersign-bus%'`);
        }
        return messages.map(({ key, value }) => ({ topic: 'keep.out.v1', key: key!, value }));
      },
      committed: (next) => { if (next === BigInt(count)) end.resolve(); },
    }) });
    await end.promise;
    await running.stop();
    expect(breaks).toBe(3);
    expect((await kept('keep.out.v1')).map((one) => one.split(':')[1])).toEqual(Array.from({ length: count }, (_, n) => String(n)));
  });

  it('encodes arrays as the server reads them', async () => {
    for (const items of [[], [Buffer.from([0, 255]), null, Buffer.alloc(0)]]) {
      const { rows } = await inside.query<{ items: (Buffer | null)[] }>('SELECT $1::bytea[] AS items', [byteaArray(items)]);
      expect(rows[0]!.items).toEqual(items);
    }
  });
});
