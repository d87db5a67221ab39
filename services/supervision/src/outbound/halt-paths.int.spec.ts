import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Bus } from '@countersign/bus';
import { namespacedBus, startHeartbeats } from '@countersign/bus';
import { createKafkaBus } from '@countersign/bus/kafka';
import { topics } from '@countersign/contracts';
import type { HaltNotice } from '@countersign/contracts';
import { openPool } from '@countersign/event-store/postgres';
import { createKeySet, generateKey, signServiceMessage } from '@countersign/identity';
import { openOwnDatabase, tcpGate, until } from '@countersign/spec';
import type { OwnDatabase } from '@countersign/spec';
import type { TcpGate } from '@countersign/spec';
import { createHaltView } from '@countersign/tool-guard';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Pool } from 'pg';
import { createHaltBook, haltsTopic } from './halt-book.ts';

const postgres = new URL(process.env['CS_TEST_POSTGRES']!);
const name = `halts_${process.pid}_${Date.now()}`;
const key = generateKey('supervision-1'), keys = createKeySet([key.publicJwk]);
const notice = (halt: string): HaltNotice => ({ halt, op: 'halt', mode: 'halt', tenant: 'acme', scope: { kind: 'agent', id: halt }, by: 'sue', reason: 'drill', at: 1 });

/** On a slow machine the path that works may take longer than the book waits for either: said again, it is the same notice. */
const taken = (path: 'topic' | 'database', add: () => Promise<{ readonly topic: boolean; readonly database: boolean }>) => until(`the ${path} takes it in time`, async () => { const paths = await add().catch(() => undefined); return paths?.[path] && paths; });

/** Real Kafka, real PostgreSQL, the second behind a gate that shuts. */
describe('a halt with half of the house down', () => {
  let database: OwnDatabase, pool: Pool, gate: TcpGate, bus: Bus, beats: { stop(): Promise<void> };
  beforeAll(async () => {
    database = await openOwnDatabase('halts');
    gate = await tcpGate({ host: postgres.hostname, port: Number(postgres.port) });
    pool = openPool({ connectionString: Object.assign(new URL(database.url), { port: String(gate.port) }).href, max: 4, onError: () => undefined });
    await pool.query(await readFile(new URL('./schema.sql', import.meta.url), 'utf8'));
    bus = namespacedBus(await createKafkaBus({ brokers: [process.env['CS_TEST_KAFKA']!], clientId: 'halts' }), name);
    await bus.ensureTopics(Object.values(topics).filter((one) => one.name === haltsTopic));
    beats = startHeartbeats(bus, haltsTopic, { everyMs: 300, now: Date.now, onError: () => undefined, sign: (beatKey, value, at) => signServiceMessage({ topic: haltsTopic, key: beatKey, value, headers: { ce_id: randomUUID(), ce_type: 'countersign.supervision.heartbeat.v1', ce_source: 'supervision', ce_time: new Date(at).toISOString(), tenant: 'acme' } }, key).headers });
  });
  afterAll(async () => {
    await beats?.stop();
    await bus?.close();
    await pool?.end();
    await gate?.close();
    await database.close();
  });

  it('holds without the database: every guard has it, and the database learns of it once it is back; it is not lifted halfway', async () => {
    const book = createHaltBook(bus, pool, key, Date.now);
    const guard = createHaltView({ bus, jwks: keys, now: Date.now, onNotice: (one) => { book.keep(one).catch(() => undefined); } });
    await guard.ready;
    gate.shut();
    expect(await taken('topic', () => book.add(notice('payer')))).toEqual({ topic: true, database: false });
    await until('the guard knows of the halt', () => guard.halted({ tenant: 'acme', agent: 'payer', tool: 't', run: 'r' }) !== undefined);
    gate.open();
    await guard.stop();
    // A supervision that starts reads the topic from its beginning and keeps what it lacks.
    const again = createHaltView({ bus, jwks: keys, now: Date.now, onNotice: (one) => { book.keep(one).catch(() => undefined); } });
    await again.ready;
    await until('the book has the halt', async () => (await book.find('payer')) !== undefined);
    await again.stop();
  });

  it('holds without the topic: the database has it, and the topic learns of it once it is back', async () => {
    const noTopic: Bus = { ...bus, publish: () => Promise.reject(new Error('no broker')) };
    expect(await taken('database', () => createHaltBook(noTopic, pool, key, Date.now).add(notice('mailer')))).toEqual({ topic: false, database: true });
    // A broker that does not answer at all is given up after seconds, not minutes.
    const silent: Bus = { ...bus, publish: () => new Promise<void>(() => undefined) };
    expect(await taken('database', () => createHaltBook(silent, pool, key, Date.now).add(notice('clerk')))).toEqual({ topic: false, database: true });
    const known = new Set<string>();
    const guard = createHaltView({ bus, jwks: keys, now: Date.now, onNotice: ({ halt, op }) => known.add(`${halt}:${op}`) });
    await guard.ready;
    expect(guard.halted({ tenant: 'acme', agent: 'mailer', tool: 't', run: 'r' })).toBeUndefined();
    expect(await createHaltBook(bus, pool, key, Date.now).republish(({ halt, op }) => known.has(`${halt}:${op}`))).toBe(2);
    await until('the guard knows of the second halt', () => guard.halted({ tenant: 'acme', agent: 'mailer', tool: 't', run: 'r' }) !== undefined);
    await guard.stop();
  });

  it('is refused where neither takes it: nobody is told that it holds', async () => {
    gate.shut();
    const noTopic: Bus = { ...bus, publish: () => Promise.reject(new Error('no broker')) };
    await expect(createHaltBook(noTopic, pool, key, Date.now).add(notice('nobody'))).rejects.toThrow('no broker');
    gate.open();
  });
});
