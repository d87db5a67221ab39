import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Bus } from '@countersign/bus';
import { createKafkaBus } from '@countersign/bus/kafka';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import type { CheckpointStore } from './app/ports.ts';
import type { Policy, PolicyPorts } from './compose.ts';
import { initialState } from './core/state.ts';
import { createCheckpointStore, openCheckpoints } from './outbound/checkpoints.ts';
import { createRig, id7, until } from './policy.fixture.ts';
import type { Rig } from './policy.fixture.ts';
import { scenarios } from './policy.scenarios.ts';

const brokers = (process.env['CS_TEST_KAFKA'] ?? '127.0.0.1:29092').split(',');
const server = process.env['CS_TEST_POSTGRES'] ?? 'postgres://countersign:countersign@127.0.0.1:25432/countersign';

describe('policy on Kafka with checkpoints in PostgreSQL', () => {
  const database = `policy_test_${randomBytes(4).toString('hex')}`;
  let bus: Bus;
  let source: DataSource;
  let checkpoints: CheckpointStore;
  let rig: Rig;
  let policy: Policy;

  const sql = async (text: string): Promise<void> => {
    const client = new pg.Client({ connectionString: server });
    await client.connect();
    await client.query(text).finally(() => client.end());
  };
  const restart = async (over: Partial<PolicyPorts> = {}): Promise<Policy> => {
    policy = await rig.startPolicy(checkpoints, over);
    await policy.owning;
    return policy;
  };
  beforeAll(async () => {
    await sql(`CREATE DATABASE ${database}`);
    const url = new URL(server);
    url.pathname = `/${database}`;
    source = await openCheckpoints(url.href);
    bus = await createKafkaBus({ brokers, clientId: 'policy-test' });
    rig = await createRig(bus);
    checkpoints = createCheckpointStore(source, rig.topics.governed);
    await restart();
  });
  afterAll(async () => {
    await policy?.stop();
    await rig?.stop();
    await bus?.close();
    await source?.destroy();
    await sql(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
  });

  scenarios(() => ({ rig, checkpoints, policy: () => policy, restart }));

  it('goes on where a process that was not stopped left off: a second owner fences it', async () => {
    const other = await createKafkaBus({ brokers, clientId: 'policy-test-2' });
    const r = rig.runtime();
    await rig.publish([r.started()]);
    await until('the start', () => rig.replies.some((reply) => reply.run === r.run));
    // A second member: partitions are shared out again while messages keep coming.
    const second = await rig.startPolicy(checkpoints, { bus: other });
    for (let i = 0; i < 40; i++) await rig.publish([r.proposed(id7(), 'bank.read')]);
    await second.owning;
    await policy.stop();
    for (let i = 0; i < 10; i++) await rig.publish([r.proposed(id7(), 'bank.read')]);
    await until('51 replies', () => rig.replies.filter((reply) => reply.run === r.run).length >= 51, 30_000);
    const mine = rig.replies.filter((reply) => reply.run === r.run);
    expect(mine.map((reply) => reply.seq)).toEqual(Array.from({ length: 51 }, (_, i) => i));
    for (const partition of [0, 1]) {
      const positions = rig.governed.filter((one) => one.partition === partition).map((one) => one.record.position);
      expect(positions).toEqual(positions.map((_, i) => i));
    }
    await second.stop();
    await other.close();
    await restart();
  });

  it('keeps the newest checkpoint, tells an older owner so, and ignores one that is not of this log', async () => {
    const at = (position: number) => ({ state: { ...initialState(), position, lastNow: 1 }, from: 3n });
    expect(await checkpoints.save(7, at(10))).toBe(true);
    expect(await checkpoints.save(7, at(9))).toBe(false);
    expect(await checkpoints.load(7)).toEqual(at(10));
    await checkpoints.drop(7);
    expect(await checkpoints.load(7)).toBeUndefined();

    await policy.stop();
    await checkpoints.drop(0);
    await checkpoints.save(0, { state: { ...initialState(), position: 1_000_000, lastNow: 1 }, from: 0n });
    const how: (readonly [number, string])[] = [];
    await restart({ onTakenOver: (partition, { from }) => { how.push([partition, from]); } });
    expect(how.find(([partition]) => partition === 0)).toEqual([0, 'start']);
  });
});
