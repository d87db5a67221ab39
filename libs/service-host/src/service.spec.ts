import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, Module, Param, Post, UseGuards } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { PoisonMessage } from '@countersign/bus';
import type { Bus, BusMessage, SubscribeOptions } from '@countersign/bus';
import { HotStateUnavailable } from '@countersign/hot-state';
import { createKeySet, generateKey, signPersonStatement } from '@countersign/identity';
import { createLogger } from '@countersign/telemetry';
import type { BusContext } from './bus-strategy.ts';
import { CodedError } from './errors.ts';
import { OnlyStops, Person, PERSON_DIRECTORY, PersonGuard, Roles } from './person-guard.ts';
import type { AuthenticatedPerson, PersonDirectory } from './person-guard.ts';
import { startService } from './service.ts';
import type { RunningService } from './service.ts';
import { validated } from './validated.ts';
import type { Validate } from './validated.ts';

const handled: string[] = [];
const contexts: unknown[] = [];
let breakOn: { key: string; error: (message: BusMessage) => Error } | undefined;
const hasName: Validate<{ name: string }> = (value): value is { name: string } => typeof (value as { name?: unknown })?.name === 'string';

class Consumer {
  async batch(messages: readonly BusMessage[], context: BusContext): Promise<void> {
    contexts.push(context.batch.topic);
    for (const message of messages) {
      if (message.key === breakOn?.key) throw breakOn!.error(message);
      handled.push(message.key ?? '');
    }
  }
  hello(): unknown { return { hello: true }; }
  refuse(): unknown { throw new CodedError('not_eligible', 'no', { status: 409, retryAfterS: 2 }); }
  bug(): unknown { throw new Error('password=hunter2'); }
  named(body: { name: string }): unknown { return body; }
  whoami(person: AuthenticatedPerson): unknown { return person; }
  stop(): unknown { return { stopped: true }; }
  one(id: string): unknown { return { id }; }
}
// Decorators by call, as the compiled code does it: keeps the test's imports plain.
const decorate = (name: keyof Consumer, ...decorators: MethodDecorator[]): void => {
  for (const one of decorators.reverse()) one(Consumer.prototype, name, Object.getOwnPropertyDescriptor(Consumer.prototype, name)!);
};
Payload()(Consumer.prototype, 'batch', 0);
Ctx()(Consumer.prototype, 'batch', 1);
decorate('batch', EventPattern<string>('runs.governed.v1', { maxBatch: 10 }) as MethodDecorator);
decorate('hello', Get('hello'));
decorate('refuse', Get('refuse'));
decorate('bug', Get('bug'));
Body(validated(hasName))(Consumer.prototype, 'named', 0);
decorate('named', Post('named'));
Person()(Consumer.prototype, 'whoami', 0);
decorate('whoami', Get('whoami'), UseGuards(PersonGuard), Roles('operator'));
decorate('stop', Post('stop'), OnlyStops(), UseGuards(PersonGuard));
Param('id')(Consumer.prototype, 'one', 0);
decorate('one', Get('things/:id'));
Controller()(Consumer);

/** Hands batches out as the port promises: again until the handler resolves; poison goes to the dead letters and the rest follows. */
const fakeBus = () => {
  let options: SubscribeOptions | undefined;
  const dead: string[] = [];
  const failures: string[] = [];
  const signal = new AbortController().signal;
  const deliver = async (keys: readonly string[], tries = 3): Promise<void> => {
    let rest = keys.map((key, i): BusMessage => ({ topic: 'runs.governed.v1', partition: 0, offset: BigInt(i), timestamp: 0, key, value: null, headers: {} }));
    for (let i = 0; i < tries && rest.length > 0; i++) {
      try {
        await options!.onBatch(rest, { topic: 'runs.governed.v1', partition: 0, signal, heartbeat: async () => undefined });
        rest = [];
      } catch (error) {
        if (error instanceof PoisonMessage && options!.deadLetters) {
          dead.push(`${options!.deadLetters}:${error.poisoned.key}:${error.code}`);
          rest = rest.filter((message) => message.offset > error.poisoned.offset);
        } else {
          failures.push((error as Error).message);
          options!.onError?.(error as Error);
        }
      }
    }
  };
  const bus = {
    kind: 'embedded',
    subscribe: async (given: SubscribeOptions) => { options = given; return { ready: Promise.resolve(), ended: Promise.resolve(), stop: async () => undefined }; },
    close: async () => undefined,
  } as unknown as Bus;
  return { bus, deliver, dead, failures, options: () => options! };
};

const operator = generateKey('olga-1');
const used = new Set<string>();
let storeAway = false;
let unheard = false;
const directory: PersonDirectory = {
  audience: 'demo', now: () => 1_000_000, isStale: () => unheard,
  person: (id) => (id === 'olga' ? { roles: ['operator'], status: 'active', keys: createKeySet([operator.publicJwk]) } : id === 'gus' ? { roles: [], status: 'gone', keys: createKeySet([operator.publicJwk]) } : undefined),
  useOnce: async ({ jti }, orHere) => {
    if (storeAway && orHere !== true) throw new HotStateUnavailable(new Error('no answer'));
    return !used.has(jti) && used.add(jti) !== undefined;
  },
};
class Demo {}
Module({ controllers: [Consumer], providers: [{ provide: PERSON_DIRECTORY, useFactory: () => directory }] })(Demo);

describe('a service on the host', () => {
  let service: RunningService;
  const fake = fakeBus();
  beforeAll(async () => {
    service = await startService({ name: 'demo', http: { host: '127.0.0.1', port: 0 }, module: Demo, bus: fake.bus, log: createLogger({ service: 'demo', level: 'silent' }) });
  });
  afterAll(() => service.close());
  const get = (path: string, headers: Record<string, string> = {}) => fetch(`${service.url}${path}`, { headers });
  const post = (body: string, type = 'application/json') => fetch(`${service.url}/named`, { method: 'POST', body, headers: { 'content-type': type } });

  it('answers on its routes and for its health', async () => {
    expect(await (await get('/hello')).json()).toEqual({ hello: true });
    expect((await get('/healthz')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(200);
    expect((await get('/metrics')).headers.get('content-type')).toContain('text/plain');
  });

  it('makes coded problems of refusals and hides what bugs say', async () => {
    const refused = await get('/refuse');
    expect(refused.status).toBe(409);
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect(refused.headers.get('retry-after')).toBe('2');
    expect(await refused.json()).toMatchObject({ code: 'not_eligible', status: 409, detail: 'no' });
    const bug = await get('/bug');
    expect(bug.status).toBe(500);
    expect(await bug.text()).not.toContain('hunter2');
    expect(await (await get('/nowhere')).json()).toMatchObject({ code: 'not_found', status: 404 });
  });

  it('takes only strict JSON of bounded size that fits the schema', async () => {
    expect((await post('{"name":"a"}')).status).toBe(201);
    expect(await (await post('{"name":"a","name":"b"}')).json()).toMatchObject({ code: 'duplicate_key', status: 400 });
    expect(await (await post('{"name":')).json()).toMatchObject({ code: 'malformed_json', status: 400 });
    expect(await (await post('{"title":"a"}')).json()).toMatchObject({ code: 'invalid_request', status: 400 });
    expect(await (await post('name: a', 'text/yaml')).json()).toMatchObject({ code: 'unsupported_media_type', status: 415 });
    expect(await (await post(JSON.stringify({ name: 'x'.repeat(300_000) }))).json()).toMatchObject({ code: 'too_large', status: 413 });
  });

  it('refuses other Host and Origin names', async () => {
    expect(await (await get('/hello', { origin: 'https://evil.example' })).json()).toMatchObject({ code: 'forbidden_origin', status: 403 });
    expect((await get('/hello', { origin: 'http://localhost:5173' })).status).toBe(200);
  });

  it('lets in only a person who signed, once, for this service, with the role', async () => {
    const login = (over: object = {}, key = operator) => signPersonStatement('login', { sub: 'olga', aud: 'demo', iat: 1_000, exp: 1_060, jti: Math.random().toString(36), ...over }, key);
    const call = (jws: string) => get('/whoami', { authorization: `Bearer ${jws}` });
    const one = login();
    expect(await (await call(one)).json()).toEqual({ person: 'olga', roles: ['operator'] });
    for (const bad of [one, login({ aud: 'approvals' }), login({ exp: 1_000 }), login({ exp: 9_000 }), login({ sub: 'gus' }), login({}, generateKey('olga-1')), 'nonsense']) {
      const answer = await call(bad);
      expect(answer.status).toBe(401);
      expect(await answer.json()).toMatchObject({ code: 'unauthenticated' });
    }
    expect((await get('/whoami')).status).toBe(401);
  });

  it('lets nobody in while nobody can tell whether a statement was used, except to stop something', async () => {
    const login = () => `Bearer ${signPersonStatement('login', { sub: 'olga', aud: 'demo', iat: 1_000, exp: 1_060, jti: Math.random().toString(36) }, operator)}`;
    const stop = (authorization: string) => fetch(`${service.url}/stop`, { method: 'POST', headers: { authorization } });
    storeAway = true;
    const refused = await get('/whoami', { authorization: login() });
    expect([refused.status, await refused.json()]).toEqual([503, expect.objectContaining({ code: 'hot_state_unavailable' })]);
    const one = login();
    expect([(await stop(one)).status, (await stop(one)).status]).toEqual([201, 401]);
    storeAway = false;
    expect([(await stop(one)).status, (await get('/whoami', { authorization: one })).status]).toEqual([401, 401]);
  });

  it('has people ask again while it does not know who is enrolled, except to stop something', async () => {
    const authorization = `Bearer ${signPersonStatement('login', { sub: 'olga', aud: 'demo', iat: 1_000, exp: 1_060, jti: 'unheard' }, operator)}`;
    unheard = true;
    const refused = await get('/whoami', { authorization });
    expect([refused.status, await refused.json()]).toEqual([503, expect.objectContaining({ code: 'stale_snapshot' })]);
    const stop = (sub: string, jti: string) => fetch(`${service.url}/stop`, { method: 'POST', headers: { authorization: `Bearer ${signPersonStatement('login', { sub, aud: 'demo', iat: 1_000, exp: 1_060, jti }, operator)}` } });
    expect([(await stop('olga', 'stopping')).status, (await stop('gus', 'stopping, gone')).status, (await stop('nobody', 'stopping, unknown')).status]).toEqual([201, 401, 503]);
    unheard = false;
    expect((await get('/whoami', { authorization })).status).toBe(200);
  });

  it('refuses control characters in a path, and NUL in a query, before anything else sees them', async () => {
    expect(await (await get('/things/a%20b%C3%A9')).json()).toEqual({ id: 'a bé' });
    for (const path of ['/things/%00', '/things/a%00b', '/things/%0a', '/things/%7F', '/things/%C2%85', '/things/a?of=%00', '/things/a?of=1&of=b%00']) {
      const answer = await get(path);
      expect([path, answer.status, await answer.json()]).toEqual([path, 400, expect.objectContaining({ code: 'invalid_request' })]);
    }
  });

  it('reads UTF-8 and no other encoding', async () => {
    for (const type of ['application/json; charset=utf-8', 'application/json;charset="UTF-8"', 'application/json; Charset=utf8']) expect((await post('{"name":"a"}', type)).status).toBe(201);
    for (const type of ['application/json; charset=utf-16', 'application/json;charset="utf-16le"', 'application/json; charset=utf-8; charset=utf-7', 'application/x-www-form-urlencoded; CHARSET = latin1', 'application/json; charset=']) {
      const answer = await post('{"name":"a"}', type);
      expect([type, answer.status, await answer.json()]).toEqual([type, 415, expect.objectContaining({ code: 'unsupported_media_type' })]);
    }
  });

  it('hands a failed batch out again, in order, with the original error told to the bus', async () => {
    expect(fake.options()).toMatchObject({ group: 'demo.runs.governed.v1', topics: ['runs.governed.v1'], maxBatch: 10, deadLetters: 'runs.governed-dead.v1' });
    breakOn = { key: 'b', error: () => new Error('database away') };
    const delivering = fake.deliver(['a', 'b', 'c'], 2);
    await delivering;
    expect(handled).toEqual(['a', 'a']);
    expect(fake.failures).toEqual(['database away', 'database away']);
    breakOn = undefined;
    handled.length = 0;
    await fake.deliver(['a', 'b', 'c']);
    expect(handled).toEqual(['a', 'b', 'c']);
    expect(contexts.at(-1)).toBe('runs.governed.v1');
  });

  it('lets poison through to the dead letters as poison, and what follows it is handled', async () => {
    handled.length = 0;
    breakOn = { key: 'b', error: (message) => new PoisonMessage(message, 'invalid_message', 'bad bytes') };
    await fake.deliver(['a', 'b', 'c']);
    expect(fake.dead).toEqual(['runs.governed-dead.v1:b:invalid_message']);
    expect(handled).toEqual(['a', 'c']);
  });
});

describe('a bus that refuses', () => {
  it('makes the start fail instead of hanging', async () => {
    const bus = { subscribe: async () => { throw new Error('no such topic'); }, close: async () => undefined } as unknown as Bus;
    await expect(startService({ name: 'demo', http: { host: '127.0.0.1', port: 0 }, module: Demo, bus, log: createLogger({ service: 'demo', level: 'silent' }) })).rejects.toThrow('no such topic');
  });
});
