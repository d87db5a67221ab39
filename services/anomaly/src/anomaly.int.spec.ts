import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Bus, BusMessage } from '@countersign/bus';
import { envelope, namespacedBus, partitionFor, startHeartbeats } from '@countersign/bus';
import { createKafkaBus } from '@countersign/bus/kafka';
import { signers, topic, topics, validateAnomalyLevel, validateBehaviourView, validateDetectionFinding, validateFinding } from '@countersign/contracts';
import type { AnomalyLevel, BehaviourView, Finding, FindingView } from '@countersign/contracts';
import { argumentsDigest, createKeySet, generateKey, signPersonStatement, signServiceMessage, verifyServiceMessage } from '@countersign/identity';
import { startService } from '@countersign/service-host';
import { createLogger } from '@countersign/telemetry';
import { openPool } from '@countersign/event-store/postgres';
import { openOwnDatabase, until } from '@countersign/spec';
import type { OwnDatabase } from '@countersign/spec';
import { readFileSync } from 'node:fs';
import type pg from 'pg';
import { AnomalyModule } from './anomaly.module.ts';
import { composeAnomaly } from './compose.ts';
import { hijacked, history, minute, ordinary, uuid } from './anomaly.fixture.ts';
import { readPart } from './app/parts.ts';
import { emptyPartition, take } from './core/partition.ts';
import type { Entry } from './core/partition.ts';
import type { Observation } from './core/observation.ts';
import { writeState } from './outbound/state-json.ts';

const brokers = process.env['CS_TEST_KAFKA']!.split(',');
const name = `anomaly_${process.pid}_${Date.now()}`;
const needed = [topic.registryAgents, topic.runsGoverned, topic.anomalyActions, topic.anomalyLevels, topic.anomalyFindings, topic.anomalyDetections, topic.anomalyFindingsDead, topic.anomalyActionsDead];
const errors: string[] = [];

const agents = ['anna', 'bert', 'carl'];
const later = (runs: number): number => (360 + runs) * 12 * minute;
/** A record of the contract's own examples, of which only what anomaly reads is changed. */
const example = (name: string): Readonly<Record<string, object>> => (JSON.parse(readFileSync(new URL(`../../../contracts/schemas/governed/${name}.v1.examples.json`, import.meta.url), 'utf8')) as { valid: readonly [{ value: Readonly<Record<string, object>> }] }).valid[0].value;
const [startedRecord, decidedRecord, endedRecord] = ['GovernedStarted', 'GovernedDecided', 'GovernedEnded'].map(example) as [Readonly<Record<string, object>>, Readonly<Record<string, object>>, Readonly<Record<string, object>>];
/** The governed record that an observation is read from. */
const governed = (seen: Observation) => {
  const base = { tenant: seen.tenant, run: seen.run, agent: seen.agent, now: seen.now };
  const fact = (value: unknown) => ({ value, origin: 'derived' });
  const record = seen.kind === 'started' ? { ...startedRecord, ...base, kind: 'run.started', message: { ...startedRecord['message'], instruction: { text: seen.task, attestation: null } } }
    : seen.kind === 'action' ? {
      ...decidedRecord, ...base, kind: 'action.decided', action: seen.action, tool: seen.tool, round: 1, decision: { ...decidedRecord['decision'], tier: seen.reversible ? 1 : 3, decision: 'allow' },
      facts: { 'target': fact(seen.targets), 'target.trust': fact(seen.trust), 'target.from': fact(seen.from), 'tool.consequential': fact(seen.consequential), 'tool.reversible': fact(seen.reversible), 'agent.roles': fact(['care']), 'act.asked': fact(!seen.signs.includes('act_unasked')), 'text.strange': fact(seen.signs.includes('strange_text')) },
    } : { ...endedRecord, ...base, kind: 'run.ended' };
  return { topic: topic.runsGoverned, key: seen.run, value: Buffer.from(JSON.stringify(record)), headers: {} };
};

describe('anomaly on Kafka and PostgreSQL', () => {
  const key = generateKey('anomaly-1');
  const registry = generateKey('registry-1');
  const keys = createKeySet([key.publicJwk, registry.publicJwk]);
  const analysts = { olga: generateKey('olga-1'), otto: generateKey('otto-1'), uma: generateKey('uma-1') };
  let beats: { stop(): Promise<void> };
  let database: OwnDatabase, pool: pg.Pool, bus: Bus;
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
    const own = namespacedBus(await createKafkaBus({ brokers, clientId: 'anomaly-test', sessionTimeoutMs: 6_000 }), name);
    const people = { audience: 'anomaly', useOnce: async () => true, now: Date.now, person: (id: string) => (Object.hasOwn(analysts, id) ? { roles: ['analyst'], status: 'active' as const, keys: createKeySet([analysts[id as 'olga'].publicJwk]) } : undefined) };
    const anomaly = await composeAnomaly({ bus: own, pool, key, keys, tenant: 'acme', people, now: Date.now, checkpointEvery: 30, onError: (error, what) => errors.push(`${what}: ${error.message}`) });
    const service = await startService({
      name: 'anomaly', http: { host: '127.0.0.1', port: 0 }, module: AnomalyModule.of(anomaly, people), bus: own, log: createLogger({ service: 'anomaly', level: 'silent' }),
      ready: anomaly.ready, onDrain: () => anomaly.stop(),
    });
    running.push(service);
    return service;
  };

  beforeAll(async () => {
    database = await openOwnDatabase('anomaly');
    pool = openPool({ connectionString: database.url, max: 6 });
    bus = namespacedBus(await createKafkaBus({ brokers, clientId: 'anomaly-test' }), name);
    await bus.ensureTopics(needed.map((one) => topics[one]));
    beats = startHeartbeats(bus, topic.registryAgents, { now: Date.now, onError: (error) => errors.push(error.message), sign: (beat, value, at) => signServiceMessage({ topic: topic.registryAgents, key: beat, value, headers: envelope({ id: `${beat}-${at}`, type: 'countersign.registry.heartbeat.v1', source: 'registry', time: at, tenant: 'acme' }) }, registry).headers });
  });
  afterAll(async () => {
    for (const one of running) await one.close();
    await beats.stop();
    await bus.close();
    await pool.end();
    await database.close();
  });

  const entryOf = (one: BusMessage): Entry => {
    const value = JSON.parse(one.value!.toString()) as Entry;
    return one.headers['ce_type'] === 'countersign.anomaly.disposition.v1' ? { ...value, kind: 'disposition' } as Entry : value;
  };
  const login = () => ({ headers: { authorization: `Bearer ${signPersonStatement('login', { sub: 'olga', aud: 'anomaly', iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 60, jti: String(Math.random()) }, analysts.olga)}` } });
  const get = async <T>(url: string): Promise<T> => (await (await fetch(url, login())).json()) as T;
  const say = async (url: string, { finding, digest }: { finding: string; digest: string }, person: keyof typeof analysts, verdict: 'true' | 'false' | 'expected') => {
    const jws = signPersonStatement('disposition', { sub: person, tenant: 'acme', finding, digest, verdict, reason: 'looked', iat: Math.floor(Date.now() / 1000) }, analysts[person]);
    const answer = await fetch(`${url}/findings/${finding}/dispositions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ jws }) });
    return { status: answer.status, body: await answer.json() as { code?: string; needs?: number } };
  };

  it('says once what happened, over restarts and analysts, and has the same state bit for bit', async () => {
    const past = history(agents, 360);
    await bus.publish(past.slice(0, 700).map(governed));
    const first = await start();
    await until('every action is re-keyed', async () => (await read(topic.anomalyActions)).length >= 600);
    await first.close();
    await bus.publish(past.slice(700).map(governed));
    const second = await start();
    await until('nothing is re-keyed twice', async () => (await read(topic.anomalyActions)).length === past.length);
    await bus.publish([...hijacked('anna', 9_000, later(2)), ...ordinary('bert', 9_100, later(2) + 10_000), ...hijacked('carl', 9_001, later(2) + 20_000)].map(governed));
    const shownOf = async (agent: string, kind: Finding['kind'] = 'behaviour') => (await get<{ findings: Finding[] }>(`${second.url}/findings${agent && `?agent=${agent}`}`)).findings.filter((one) => one.kind === kind);
    await until('both findings are shown', async () => (await shownOf('')).length === 2);
    // They did the same new thing: whichever was scored last is told of with the other, though they live in different partitions.
    expect(partitionFor('anna', 4)).not.toBe(partitionFor('carl', 4));
    const met = await until('they have met', async () => (await shownOf('', 'spread'))[0]);
    expect(met.spread).toMatchObject({ agents: expect.arrayContaining(['anna', 'carl']), count: 2 });

    // Two analysts say that anna may do this, one that carl was hijacked; nobody else has a say.
    const [about] = await shownOf('anna');
    const shown = await get<FindingView>(`${second.url}/findings/${about!.finding}`);
    expect(shown).toMatchObject({ finding: about, digest: argumentsDigest(about as never), dispositions: [], detection: { class_uid: 2004, status: 'New' } });
    const anna = { finding: about!.finding, digest: shown.digest };
    expect([await say(second.url, { ...anna, digest: 'A'.repeat(43) }, 'olga', 'expected'), await say(second.url, { ...anna, finding: 'f-9-9' }, 'olga', 'expected')]).toMatchObject([{ status: 409, body: { code: 'vote_invalid' } }, { status: 404, body: { code: 'not_found' } }]);
    expect(await say(second.url, anna, 'olga', 'expected')).toMatchObject({ status: 202, body: { needs: 2 } });
    const levelOf = async (agent: string) => (await get<{ level: string }>(`${second.url}/levels/${agent}`)).level;
    const dispositions = async () => (await get<FindingView>(`${second.url}/findings/${anna.finding}`)).dispositions.map(({ person, status }) => `${person} ${status}`);
    await until('the disposition is on the topic', async () => (await dispositions()).length === 1);
    expect(await levelOf('anna')).not.toBe('normal');
    await say(second.url, anna, 'olga', 'expected');
    expect(await say(second.url, anna, 'otto', 'expected')).toMatchObject({ status: 202 });
    await until('the level is lowered', async () => (await levelOf('anna')) === 'normal');
    await until('both dispositions are on the topic', async () => (await dispositions()).length === 2);
    expect(await dispositions()).toEqual(['olga waiting', 'otto done']);
    const [other] = await shownOf('carl');
    expect(await say(second.url, { finding: other!.finding, digest: argumentsDigest(other as never) }, 'uma', 'true')).toMatchObject({ status: 202, body: { needs: 1 } });
    await until('the other instance has resolved it', async () => (await get<FindingView>(`${second.url}/findings/${other!.finding}`)).detection.status === 'Resolved');
    // The next hijack of carl, under the same task and within the hour, is told too, as one more of his case.
    await bus.publish(hijacked('carl', 9_006, later(2) + 50_000).map(governed));
    await until('the next hijack of carl is told', async () => (await shownOf('carl')).length === 2);
    expect((await shownOf('carl'))[0]).toMatchObject({ run: uuid(9_006), case: { finding: other!.finding, seen: 2 } });
    await second.close();
    const third = await start();

    // What a fold of the re-keyed topic says, with nothing in between.
    const actions = await read(topic.anomalyActions);
    const expected = Array.from({ length: topics[topic.anomalyActions].partitions }, (_, partition) => {
      const state = emptyPartition();
      return actions.filter((one) => one.partition === partition).map((one) => take(state, entryOf(one), `${partition}-${one.offset}`));
    }).flat();
    const findings = expected.flatMap((one) => one.findings), levels = expected.flatMap((one) => one.levels), taken = expected.flatMap((one) => one.dispositions);
    expect(findings.map(({ kind, agent }) => (kind === 'behaviour' ? agent : kind)).sort()).toEqual(['anna', 'carl', 'carl', 'spread']);
    const said = await read(topic.anomalyFindings);
    expect(said.map((one) => JSON.parse(one.value!.toString()) as unknown).sort(byFinding)).toEqual([...findings, ...taken].sort(byFinding));
    const leveled = (await read(topic.anomalyLevels)).filter((one) => !one.key!.startsWith('~'));
    // Of the levels that an agent passes through within one batch only the last is said: in order, and ending with what the fold ends with.
    const lastLevel = (all: readonly AnomalyLevel[]) => new Map(all.map((one) => [one.agent, one]));
    const saidLevels = leveled.map((one) => JSON.parse(one.value!.toString()) as AnomalyLevel);
    expect(levels).toEqual(expect.arrayContaining(saidLevels));
    expect(lastLevel(saidLevels)).toEqual(lastLevel(levels));
    expect(new Set(saidLevels.map(({ position }) => position)).size).toBe(saidLevels.length);
    for (const one of [...said, ...leveled]) expect(verifyServiceMessage({ ...one, topic: one.topic }, keys, signers).ok).toBe(true);
    const detections = await read(topic.anomalyDetections);
    expect(detections.map((one) => (JSON.parse(one.value!.toString()) as { finding_info: { uid: string } }).finding_info.uid).sort()).toEqual(findings.map((one) => one.finding).sort());
    expect(detections.every((one) => validateDetectionFinding(JSON.parse(one.value!.toString())) && verifyServiceMessage(one, keys, signers).ok)).toBe(true);
    expect(findings.every((one) => validateFinding(one)) && levels.every((one) => validateAnomalyLevel(one))).toBe(true);

    expect(((await (await fetch(`${third.url}/levels`)).json()) as { code: string }).code).toBe('unauthenticated');
    await until('the levels are fresh', async () => !(await get<{ stale: boolean }>(`${third.url}/levels`)).stale);
    expect(await get(`${third.url}/levels`)).toMatchObject({ levels: [{ agent: 'anna', level: 'normal' }, { agent: 'carl', runs: [{ run: uuid(9_001) }, { run: uuid(9_006) }] }] });
    expect((await fetch(`${third.url}/levels/bert`, login())).status).toBe(404);
    // The picture has each action once, over all restarts.
    const answers = async (): Promise<number> => (await get<BehaviourView>(`${third.url}/agents/bert/behaviour`)).steps.filter(({ tool }) => tool === 'care.answer').reduce((sum, { times }) => sum + times, 0);
    await until('the answers are counted', async () => (await answers()) >= 121);
    expect(await answers()).toBe(121);
    const picture = await get<BehaviourView>(`${third.url}/agents/anna/behaviour`);
    expect([validateBehaviourView(picture), picture.steps[0], picture.findings.filter(({ kind }) => kind === 'behaviour').length]).toEqual([true, expect.objectContaining({ before: 'care.read_ticket', tool: 'care.refund', times: 1 }), 1]);
    expect(await get(`${third.url}/levels?after=carl`)).toMatchObject({ levels: [], next: null });
    await third.close();

    const { rows } = await pool.query<{ partition: number; part: string; state: string }>('select partition, part, state::text as state from state_part');
    const { rows: marks } = await pool.query<{ partition: number; next: string }>('select partition, next from checkpoint');
    for (const { partition, next } of marks) {
      const state = emptyPartition();
      for (const one of actions.filter((action) => action.partition === partition && action.offset < BigInt(next))) take(state, entryOf(one), `${partition}-${one.offset}`);
      const kept = rows.filter((row) => row.partition === partition);
      expect(kept.map(({ part }) => part)).toContain('tenant acme');
      expect(kept.map(({ part, state: text }) => [part, text])).toEqual(kept.map(({ part }) => [part, writeState(readPart(state, part))]));
    }
    expect(marks.length).toBeGreaterThan(0);
    expect(errors).toEqual([]);
  }, 300_000);
});

const byFinding = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
