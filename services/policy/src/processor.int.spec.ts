import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Bus } from '@countersign/bus';
import { createKafkaBus } from '@countersign/bus/kafka';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { parse } from 'yaml';
import type { BudgetLedger, CheckpointStore } from './app/ports.ts';
import type { Policy, PolicyPorts } from './compose.ts';
import { compileBundle } from './core/rules/compile.ts';
import { initialState } from './core/state.ts';
import { createCheckpointStore, openCheckpoints } from './outbound/checkpoints.ts';
import { createBudgetLedger } from './outbound/ledger.ts';
import { until } from '@countersign/spec';
import { bundleText, createRig, id7 } from './policy.fixture.ts';
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

  it('counts a budget of all partitions together, also when an owner dies between lease and commit, and waits while the ledger is away', async () => {
    await policy.stop();
    const ledger = createBudgetLedger(source, rig.topics.governed, Date.now);
    const mishaps = [async () => { throw new Error('no connection to PostgreSQL'); }, async (lease: () => Promise<unknown>) => { await lease(); throw new Error('killed before its commit'); }];
    const fragile: BudgetLedger = { own: ledger.own, lease: async (...args) => { await mishaps.shift()?.(() => ledger.lease(...args)); return ledger.lease(...args); } };
    const bundle = compileBundle({ ...(parse(bundleText) as object), budgets: [{ id: 'reads', scope: 'tenant', tools: ['bank.read'], window: '31d', calls: 11 }] });
    await restart({ bundle, ledger: fragile });
    const runs = Array.from({ length: 6 }, () => rig.runtime());
    await rig.publish(runs.map((r) => r.started()));
    for (let i = 0; i < 4; i++) await rig.publish(runs.map((r) => r.proposed(id7(), 'bank.read')));
    await until('24 decisions', () => runs.every((r) => rig.replies.filter((reply) => reply.run === r.run).length >= 5), 30_000);
    const codes = runs.flatMap((r) => rig.replies.filter((reply) => reply.run === r.run && reply.kind === 'decided').map((reply) => reply.code));
    expect([codes.filter((code) => code === 'ok').length, codes.filter((code) => code === 'budget_exceeded').length, mishaps.length]).toEqual([11, 13, 0]);
    const [row] = await source.query<{ leased: string }[]>('SELECT leased FROM policy_budget');
    expect(Number(row!.leased)).toBe(11);
    await policy.stop();
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
