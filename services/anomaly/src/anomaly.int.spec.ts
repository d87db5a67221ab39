import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Bus, BusMessage } from '@countersign/bus';
import { envelope, startHeartbeats } from '@countersign/bus';
import { createKafkaBus } from '@countersign/bus/kafka';
import { signers, topic, topics, validateAnomalyLevel, validateDetectionFinding, validateFinding } from '@countersign/contracts';
import { createKeySet, generateKey, signPersonStatement, signServiceMessage, verifyServiceMessage } from '@countersign/identity';
import { startService } from '@countersign/service-host';
import { createLogger } from '@countersign/telemetry';
import { openPool } from '@countersign/event-store/postgres';
import pg from 'pg';
import { AnomalyModule } from './anomaly.module.ts';
import { composeAnomaly } from './compose.ts';
import { emptyPartition, take } from './core/partition.ts';
import type { Observation } from './core/observation.ts';
import { writeState } from './outbound/state-json.ts';

const server = process.env['CS_TEST_POSTGRES']!;
const brokers = process.env['CS_TEST_KAFKA']!.split(',');
const name = `anomaly_${process.pid}_${Date.now()}`;
const needed = [topic.registryAgents, topic.runsGoverned, topic.anomalyActions, topic.anomalyLevels, topic.anomalyFindings, topic.anomalyDetections, topic.anomalyFindingsDead];
const minute = 60_000;
const errors: string[] = [];

/** The bus with topics and groups of this test's own. */
const apart = (bus: Bus): Bus => {
  const out = (one: string): string => `${name}.${one}`;
  const back = (message: BusMessage): BusMessage => ({ ...message, topic: message.topic.slice(name.length + 1) });
  const named = <T extends { topic: string }>(messages: readonly T[]): T[] => messages.map((message) => ({ ...message, topic: out(message.topic) }));
  return {
    ...bus, kind: 'kafka',
    ensureTopics: (specs) => bus.ensureTopics(specs.map((spec) => ({ ...spec, name: out(spec.name) }))),
    publish: (messages) => bus.publish(named(messages)),
    ends: (one) => bus.ends(out(one)), partitions: (one) => bus.partitions(out(one)), close: () => bus.close(),
    follow: (options) => bus.follow({ ...options, topics: options.topics.map(out), onBatch: (messages) => options.onBatch(messages.map(back)) }),
    subscribe: ({ deadLetters, ...options }) => bus.subscribe({ ...options, group: out(options.group), topics: options.topics.map(out), ...(deadLetters && { deadLetters: out(deadLetters) }), onBatch: (messages, context) => options.onBatch(messages.map(back), context) }),
    process: (options) => bus.process({
      ...options, group: out(options.group), input: out(options.input), outputs: options.outputs.map(out),
      own: async (ownership) => {
        const owner = await options.own({ ...ownership, read: (one, from, to) => ownership.read(out(one), from, to) });
        return { ...owner, handle: async (messages) => named(await owner.handle(messages.map(back))) };
      },
    }),
  };
};
const until = async (condition: () => Promise<boolean> | boolean): Promise<void> => {
  for (const deadline = Date.now() + 30_000; !(await condition());) {
    if (Date.now() > deadline) throw new Error(`condition not met within 30 s; told: ${errors.join('; ')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
const uuid = (n: number): string => `01980000-0000-7000-8000-${String(n).padStart(12, '0')}`;
/** Two hours of two agents, one of which then pays strangers in a hurry. */
const governed = (i: number) => {
  const odd = i >= 200;
  const record = {
    kind: 'action.decided', position: i, tenant: 'acme', run: uuid(i % 8), agent: odd || i % 2 === 0 ? 'payer' : 'clerk', action: uuid(1_000 + i), tool: 'bank.send_money', round: 1, decision: { tier: 1, decision: 'allow' },
    now: odd ? 200 * minute + i : i * minute, facts: { 'target': { value: odd ? `stranger-${i}` : 'landlord', origin: 'derived' }, 'tool.consequential': { value: true, origin: 'derived' } },
  };
  return { topic: topic.runsGoverned, key: record.run, value: Buffer.from(JSON.stringify(record)), headers: {} };
};

describe('anomaly on Kafka and PostgreSQL', () => {
  const key = generateKey('anomaly-1');
  const registry = generateKey('registry-1');
  const keys = createKeySet([key.publicJwk, registry.publicJwk]);
  const olga = generateKey('olga-1');
  let beats: { stop(): Promise<void> };
  let admin: pg.Client, pool: pg.Pool, bus: Bus;
  const read = async (one: string): Promise<BusMessage[]> => {
    const found: BusMessage[] = [];
    let caughtUp = (): void => undefined;
    const done = new Promise<void>((resolve) => { caughtUp = resolve; });
    const following = await bus.follow({ topics: [one], from: 'start', onBatch: (messages) => { found.push(...messages); }, onCaughtUp: () => caughtUp() });
    await done;
    await following.stop();
    return found;
  };
  const running: { close(): Promise<void> }[] = [];
  const start = async () => {
    const own = apart(await createKafkaBus({ brokers, clientId: 'anomaly-test', sessionTimeoutMs: 6_000 }));
    const anomaly = await composeAnomaly({ bus: own, pool, key, keys, tenant: 'acme', now: Date.now, checkpointEvery: 30, onError: (error, what) => errors.push(`${what}: ${error.message}`) });
    const people = { audience: 'anomaly', now: Date.now, person: (id: string) => (id === 'olga' ? { roles: [], status: 'active' as const, keys: createKeySet([olga.publicJwk]) } : undefined) };
    const service = await startService({
      name: 'anomaly', http: { host: '127.0.0.1', port: 0 }, module: AnomalyModule.of(anomaly, people), bus: own, log: createLogger({ service: 'anomaly', level: 'silent' }),
      ready: anomaly.ready, onDrain: () => anomaly.stop(),
    });
    running.push(service);
    return service;
  };

  beforeAll(async () => {
    admin = new pg.Client(server);
    await admin.connect();
    await admin.query(`create database ${name}`);
    const url = new URL(server);
    url.pathname = `/${name}`;
    pool = openPool({ connectionString: url.href, max: 6 });
    bus = apart(await createKafkaBus({ brokers, clientId: 'anomaly-test' }));
    await bus.ensureTopics(needed.map((one) => topics[one]));
    beats = startHeartbeats(bus, topic.registryAgents, { now: Date.now, onError: (error) => errors.push(error.message), sign: (beat, value, at) => signServiceMessage({ topic: topic.registryAgents, key: beat, value, headers: envelope({ id: `${beat}-${at}`, type: 'countersign.registry.heartbeat.v1', source: 'registry', time: at, tenant: 'acme' }) }, registry).headers });
  });
  afterAll(async () => {
    for (const one of running) await one.close();
    await beats.stop();
    await bus.close();
    await pool.end();
    await admin.query(`drop database ${name} with (force)`);
    await admin.end();
  });

  it('says once what happened, over a restart in the middle, and has the same state bit for bit', async () => {
    await bus.publish(Array.from({ length: 130 }, (_, i) => governed(i)));
    const first = await start();
    await until(async () => (await read(topic.anomalyActions)).length >= 100);
    await first.close();
    await bus.publish(Array.from({ length: 110 }, (_, i) => governed(130 + i)));
    const second = await start();
    await until(async () => (await read(topic.anomalyActions)).length === 240);

    // What a fold of the re-keyed topic says, with nothing in between.
    const actions = await read(topic.anomalyActions);
    const expected = Array.from({ length: topics[topic.anomalyActions].partitions }, (_, partition) => {
      const state = emptyPartition();
      const told = actions.filter((one) => one.partition === partition).map((one) => take(state, JSON.parse(one.value!.toString()) as Observation, `${partition}-${one.offset}`));
      return { state, findings: told.flatMap((one) => one.findings), levels: told.flatMap((one) => one.levels) };
    });
    const findings = expected.flatMap((one) => one.findings), levels = expected.flatMap((one) => one.levels);
    expect(findings.length).toBeGreaterThan(0);
    expect(findings.filter((one) => one.agent !== 'payer')).toEqual([]);
    await until(async () => (await read(topic.anomalyFindings)).length >= findings.length && (await read(topic.anomalyLevels)).filter((one) => !one.key!.startsWith('~')).length >= levels.length);
    const said = await read(topic.anomalyFindings);
    expect(said.map((one) => JSON.parse(one.value!.toString()) as unknown).sort(byFinding)).toEqual([...findings].sort(byFinding));
    const leveled = (await read(topic.anomalyLevels)).filter((one) => !one.key!.startsWith('~'));
    expect(leveled.map((one) => JSON.parse(one.value!.toString()) as unknown).sort(byPosition)).toEqual([...levels].sort(byPosition));
    for (const one of [...said, ...leveled]) expect(verifyServiceMessage({ ...one, topic: one.topic }, keys, signers).ok).toBe(true);
    const detections = await read(topic.anomalyDetections);
    expect(detections.map((one) => (JSON.parse(one.value!.toString()) as { finding_info: { uid: string } }).finding_info.uid).sort()).toEqual(findings.map((one) => one.finding).sort());
    expect(detections.every((one) => validateDetectionFinding(JSON.parse(one.value!.toString())) && verifyServiceMessage(one, keys, signers).ok)).toBe(true);
    expect(findings.every((one) => validateFinding(one)) && levels.every((one) => validateAnomalyLevel(one))).toBe(true);

    const third = (await (await fetch(`${second.url}/levels`)).json()) as { code: string };
    expect(third.code).toBe('unauthenticated');
    const login = () => ({ headers: { authorization: `Bearer ${signPersonStatement('login', { sub: 'olga', aud: 'anomaly', iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 60, jti: String(Math.random()) }, olga)}` } });
    await until(async () => ((await (await fetch(`${second.url}/findings?agent=payer`, login())).json()) as { findings: unknown[] }).findings.length === findings.length);
    expect(((await (await fetch(`${second.url}/findings?agent=clerk`, login())).json()) as { findings: unknown[] }).findings).toEqual([]);
    await until(async () => !((await (await fetch(`${second.url}/levels`, login())).json()) as { stale: boolean }).stale);
    expect(await (await fetch(`${second.url}/levels`, login())).json()).toMatchObject({ levels: [{ agent: 'payer', level: 'high' }] });
    expect(await (await fetch(`${second.url}/levels/payer`, login())).json()).toMatchObject({ agent: 'payer', level: 'high' });
    expect((await fetch(`${second.url}/levels/clerk`, login())).status).toBe(404);
    expect(await (await fetch(`${second.url}/levels?after=payer`, login())).json()).toMatchObject({ levels: [], next: null });
    await second.close();

    const { rows } = await pool.query<{ partition: number; agent: string; state: string }>('select partition, agent, state::text as state from agent_state');
    const { rows: marks } = await pool.query<{ partition: number; next: string }>('select partition, next from checkpoint');
    for (const { partition, next } of marks) {
      const state = emptyPartition();
      for (const one of actions.filter((action) => action.partition === partition && action.offset < BigInt(next))) take(state, JSON.parse(one.value!.toString()) as Observation, `${partition}-${one.offset}`);
      expect(Object.fromEntries(rows.filter((row) => row.partition === partition).map((row) => [row.agent, row.state]))).toEqual(Object.fromEntries([...state.agents].map(([agent, one]) => [agent, writeState(one)])));
    }
    expect(marks.length).toBeGreaterThan(0);
    expect(errors).toEqual([]);
  });
});

const byFinding = (a: unknown, b: unknown): number => ((a as { finding: string }).finding < (b as { finding: string }).finding ? -1 : 1);
const byPosition = (a: unknown, b: unknown): number => (a as { position: string }).position.localeCompare((b as { position: string }).position);
