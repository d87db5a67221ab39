import { afterEach, describe, expect, it } from '@jest/globals';
import { createMemoryHotState } from '@countersign/hot-state/memory';
import { createClientAssertion, createKeySet, generateKey, signPersonStatement, signServiceMessage, verifyClaim, verifyGrant, verifySessionProof } from '@countersign/identity';
import { startService } from '@countersign/service-host';
import { createMemoryBus, createScriptedCountersign, until } from '@countersign/spec';
import type { Script } from '@countersign/spec';
import { createLogger } from '@countersign/telemetry';
import { topic, topics } from '@countersign/contracts';
import { envelope } from '@countersign/bus';
import type { Bus } from '@countersign/bus';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { composeGateway } from './compose.ts';
import type { GatewayPorts } from './compose.ts';
import { GatewayModule } from './gateway.module.ts';

const client = generateKey('agent');
const olga = generateKey('olga-1');
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => { for (const close of closers.splice(0)) await close(); });

let jti = 0;
const assertion = (key = client, audience = 'http://registry/oauth2/token') => createClientAssertion({ client: 'bookkeeper', audience, jti: `j${++jti}`, now: Date.now() }, key);
const login = () => ({ authorization: `Bearer ${signPersonStatement('login', { sub: 'olga', aud: 'gateway', iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 60, jti: `l${++jti}` }, olga)}` });

/** A real HTTP client that reads server-sent events. */
const listen = (url: string, headers: Record<string, string>, reading = true): Promise<{ events: { id: string; event: string; data: Record<string, unknown> }[]; text: () => string; response: IncomingMessage; ended: () => boolean; stop: () => void }> => new Promise((resolve, reject) => {
  const sent = httpRequest(url, { headers }, (response) => {
    const events: { id: string; event: string; data: Record<string, unknown> }[] = [];
    let text = '', rest = '', over = false;
    response.on('close', () => { over = true; });
    if (reading) response.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const blocks = (rest + chunk).split('\n\n');
      rest = blocks.pop()!;
      for (const block of blocks) {
        const fields = Object.fromEntries(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
        if (fields['event']) events.push({ id: fields['id']!, event: fields['event'], data: JSON.parse(fields['data']!) as Record<string, unknown> });
      }
    });
    resolve({ events, text: () => text, response, ended: () => over, stop: () => sent.destroy() });
  });
  sent.on('error', reject);
  sent.end();
});

const world = async (script: Script = {}, over: Partial<GatewayPorts> = {}) => {
  const scripted = createScriptedCountersign(client, script);
  const memory = createMemoryBus();
  await memory.ensureTopics([topics[topic.approvalsEvents]]);
  const bus: Bus = { ...memory, publish: (messages) => (messages[0]!.topic === topic.runsInbox ? scripted.bus.publish(messages) : memory.publish(messages)), follow: (options) => (options.topics[0] === topic.runsReplies ? scripted.bus.follow(options) : memory.follow(options)) };
  const gateway = await composeGateway({
    bus, hotState: createMemoryHotState(), keys: scripted.keys, tenant: 'acme', registryUrl: 'http://registry', supervisionUrl: 'http://supervision', approvalsUrl: 'http://approvals', key: generateKey('gateway-1'), perMinute: 50, now: Date.now, publicUrl: 'http://gateway', evaluationLifeS: 3_600, directory: { speaksFor: (agent, { id }) => id === agent, schemaOf: () => undefined, definitionOf: () => undefined, titleOf: () => undefined },
    fetch: scripted.fetch, onError: (error) => { throw error; }, ...over,
  });
  const people = { audience: 'gateway', useOnce: async () => true, now: Date.now, person: (id: string) => (id === 'olga' ? { roles: ['approver'], status: 'active' as const, keys: createKeySet([olga.publicJwk]) } : undefined) };
  const service = await startService({ name: 'gateway', http: { host: '127.0.0.1', port: 0 }, module: GatewayModule.of(gateway, people), bus, log: createLogger({ service: 'gateway', level: 'silent' }), ready: gateway.ready, onDrain: gateway.stop });
  closers.push(service.close);
  const call = async (method: string, path: string, body?: unknown, token?: string) => {
    const response = await fetch(service.url + path, { method, headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...(token !== undefined && { authorization: `Bearer ${token}` }) }, ...(body !== undefined && { body: JSON.stringify(body) }) });
    return { status: response.status, body: await response.json() as Record<string, unknown>, retryAfter: response.headers.get('retry-after') };
  };
  const open = async () => {
    const { status, body } = await call('POST', '/runs', { client_assertion: assertion(), instruction: { text: 'pay the bills', attestation: null } });
    expect(status).toBe(201);
    return { run: body['run'] as string, token: body['token'] as string, body };
  };
  return { ...scripted, memory, gateway, service, call, open };
};
const propose = (over: object = {}) => ({ tool: 'bank.pay', arguments: { minor: 5 }, ...over });

describe('a run over HTTP', () => {
  it('is opened with the agent\'s own assertion, proposes, claims, reports and ends; every message is proved', async () => {
    const w = await world({ decide: () => [{ decision: 'allow', claim: true, tier: 3 }] });
    const { run, token, body } = await w.open();
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(Date.parse(body['not_after'] as string)).toBeGreaterThan(Date.now());
    const { status, body: answer } = await w.call('POST', `/runs/${run}/actions`, propose({ reason: 'due', confidence: 0.9 }), token);
    expect(status).toBe(200);
    expect(answer).toMatchObject({ decision: 'allow', tier: 3, code: 'ok', round: 1, claim_required: true, arguments: { minor: 5 } });
    const grant = verifyGrant(answer['grant'] as string, w.keys, { now: Date.now(), audience: 'tools' });
    expect(grant.ok && verifySessionProof(answer['session_proof'] as string, { grant: grant.claims.jti, audience: 'tools', jkt: grant.claims.jkt, now: Date.now() })).toEqual({ ok: true });
    const at = `/runs/${run}/actions/${answer['action'] as string}`;
    const claimed = await w.call('POST', `${at}/claim`, undefined, token);
    expect(verifyClaim(claimed.body['claim'] as string, w.keys, { now: Date.now(), audience: 'tools' }).ok).toBe(true);
    expect(await w.call('POST', `${at}/outcome`, { status: 'succeeded', result: 'paid', cost: { minor: 1, currency: 'EUR' }, duration_ms: 12 }, token)).toMatchObject({ status: 202 });
    expect((await w.call('GET', at, undefined, token)).body).toMatchObject({ decision: 'allow', code: 'ok' });
    expect(await w.call('POST', `/runs/${run}/end`, { reason: 'completed' }, token)).toMatchObject({ status: 202 });
    expect(w.problems).toEqual([]);
    expect(w.admitted.map((one) => one.kind)).toEqual(['started', 'proposed', 'outcome', 'ended']);
    expect(w.admitted[2]!.body).toMatchObject({ status: 'succeeded', result: 'paid', durationMs: 12 });
    expect((await w.call('GET', at, undefined, token)).body).toMatchObject({ code: 'run_unknown', status: 404 });
  });

  it('is closed to whoever lacks its secret', async () => {
    const w = await world();
    const mine = await w.open(), other = await w.open();
    for (const token of [undefined, other.token, 'x'.repeat(43), 'short']) expect((await w.call('POST', `/runs/${mine.run}/actions`, propose(), token)).body).toMatchObject({ code: 'unauthenticated', status: 401 });
    expect((await w.call('POST', '/runs/run-99/actions', propose(), mine.token)).body).toMatchObject({ code: 'run_unknown', status: 404 });
    expect((await w.call('GET', `/runs/${mine.run}/events`, undefined, other.token)).body).toMatchObject({ code: 'unauthenticated' });
  });

  it('is refused where the registry does not know the agent, and to bodies that do not fit', async () => {
    const w = await world();
    const opening = { client_assertion: assertion(), instruction: { text: 'x' } };
    expect((await w.call('POST', '/runs', { ...opening, client_assertion: assertion(generateKey('agent')) })).body).toMatchObject({ code: 'client_assertion_invalid', status: 401 });
    expect((await w.call('POST', '/runs', { ...opening, client_assertion: assertion(client, 'http://elsewhere') })).body).toMatchObject({ code: 'client_assertion_invalid' });
    const { run, token } = await w.open();
    for (const [path, body] of [
      ['/runs', { instruction: { text: 'x' } }], ['/runs', { ...opening, more: 1 }], ['/runs', { ...opening, instruction: { text: 'x'.repeat(40_000) } }],
      [`/runs/${run}/actions`, propose({ wait_ms: 30_001 })], [`/runs/${run}/actions`, propose({ tool: 'a b' })], [`/runs/${run}/actions`, propose({ arguments: [1] })], [`/runs/${run}/actions`, propose({ deadline: 'soon' })],
      [`/runs/${run}/actions`, propose({ action: 'a1' })], [`/runs/${run}/actions`, propose({ confidence: 2 })], [`/runs/${run}/end`, { reason: 'bored' }],
    ] as const) expect({ path, ...(await w.call('POST', path, body, token)).body }).toMatchObject({ code: 'invalid_request', status: 400 });
    expect(w.admitted.map((one) => one.kind)).toEqual(['started']);
  });

  it('denies when no decision comes in time, and takes the proposal back', async () => {
    const w = await world({ decide: () => undefined });
    const { run, token } = await w.open();
    const { body } = await w.call('POST', `/runs/${run}/actions`, propose({ wait_ms: 50 }), token);
    expect(body).toMatchObject({ decision: 'deny', code: 'timeout', grant: null, session_proof: null });
    await until('the cancel is published', () => w.admitted.some((one) => one.kind === 'cancel'));
    w.reply(run, { kind: 'decided', action: body['action'] as string, decision: 'allow', round: 1, grant: 'late' });
    expect((await w.call('GET', `/runs/${run}/actions/${body['action'] as string}`, undefined, token)).body).toMatchObject({ decision: 'deny', grant: null });
  });

  it('answers a repeated action id with the same decision, and refuses another body under it', async () => {
    const w = await world();
    const { run, token } = await w.open();
    const action = '01980000-0000-7000-8000-000000000001';
    const first = await w.call('POST', `/runs/${run}/actions`, propose({ action }), token);
    const again = await w.call('POST', `/runs/${run}/actions`, propose({ action }), token);
    expect(again.body['grant']).toBe(first.body['grant']);
    expect((await w.call('POST', `/runs/${run}/actions`, propose({ action, arguments: { minor: 6 } }), token)).body).toMatchObject({ code: 'action_conflict', status: 409 });
    expect(w.admitted.filter((one) => one.kind === 'proposed')).toHaveLength(1);
  });

  it('shows a step_up at once and what people decided when asked later; a claim needs a grant', async () => {
    const w = await world({ decide: () => [{ decision: 'step_up', tier: 3, code: 'approval_required' }] });
    const { run, token } = await w.open();
    const { body } = await w.call('POST', `/runs/${run}/actions`, propose(), token);
    expect(body).toMatchObject({ decision: 'step_up', code: 'approval_required', grant: null });
    const at = `/runs/${run}/actions/${body['action'] as string}`;
    expect((await w.call('POST', `${at}/claim`, undefined, token)).body).toMatchObject({ code: 'grant_required', status: 409 });
    w.reply(run, { kind: 'decided', action: body['action'] as string, decision: 'deny', code: 'approval_denied', round: 2, tier: 3 });
    await until('the decision is seen', () => w.gateway.runs.show(w.gateway.find(run, token), body['action'] as string).decision === 'deny');
    expect((await w.call('GET', at, undefined, token)).body).toMatchObject({ decision: 'deny', code: 'approval_denied', round: 2 });
    expect((await w.call('GET', `/runs/${run}/actions/nope`, undefined, token)).body).toMatchObject({ code: 'action_unknown', status: 404 });
  });

  it('lives on with a renewed token, and without one refuses before the run is hurt', async () => {
    const script = { tokenLifeS: 3 };
    const w = await world(script);
    const { run, token } = await w.open();
    script.tokenLifeS = 300;
    await until('the token is nearly spent', () => Date.now() > w.gateway.find(run, token).run.tokenExpiresAt - 2_500);
    expect((await w.call('POST', `/runs/${run}/actions`, propose(), token)).body).toMatchObject({ code: 'token_expired', status: 401 });
    expect((await w.call('POST', `/runs/${run}/token`, { client_assertion: assertion(generateKey('agent')) }, token)).body).toMatchObject({ code: 'client_assertion_invalid' });
    expect((await w.call('POST', `/runs/${run}/token`, { client_assertion: assertion() }, token)).status).toBe(200);
    expect((await w.call('POST', `/runs/${run}/actions`, propose(), token)).body).toMatchObject({ decision: 'allow' });
    expect(w.problems).toEqual([]);
  });

  it('counts what an agent does in a minute, and refuses while it cannot count', async () => {
    const hotState = createMemoryHotState();
    const w = await world({}, { perMinute: 3, hotState });
    const { run, token } = await w.open();
    for (let i = 0; i < 2; i++) expect((await w.call('POST', `/runs/${run}/actions`, propose(), token)).status).toBe(200);
    expect(await w.call('POST', `/runs/${run}/actions`, propose(), token)).toMatchObject({ status: 429, body: { code: 'rate_limited' }, retryAfter: '60' });
    expect((await w.call('POST', '/runs', { client_assertion: assertion(), instruction: { text: 'x' } })).body).toMatchObject({ code: 'rate_limited' });
    await hotState.close();
    expect((await w.call('POST', `/runs/${run}/actions`, propose(), token)).body).toMatchObject({ code: 'hot_state_unavailable', status: 503 });
    expect(w.admitted.filter((one) => one.kind === 'proposed')).toHaveLength(2);
  });

  it('holds no more runs than it may', async () => {
    const w = await world({}, { runLimits: { runs: 3, perAgent: 2, opening: 5 } });
    const { run, token } = await w.open();
    await w.open();
    expect((await w.call('POST', '/runs', { client_assertion: assertion(), instruction: { text: 'x' } })).body).toMatchObject({ code: 'rate_limited' });
    await w.call('POST', `/runs/${run}/end`, {}, token);
    await w.open();
  });
});

describe('live events', () => {
  it('carry the replies of one run, go on after Last-Event-ID, and end with the run', async () => {
    const w = await world({ decide: () => [{ decision: 'step_up', tier: 3 }] });
    const mine = await w.open(), other = await w.open();
    const url = `${w.service.url}/runs/${mine.run}/events`, headers = { authorization: `Bearer ${mine.token}` };
    const first = await listen(url, headers);
    expect(first.response.headers['content-type']).toContain('text/event-stream');
    await w.call('POST', `/runs/${other.run}/actions`, propose(), other.token);
    const { body } = await w.call('POST', `/runs/${mine.run}/actions`, propose(), mine.token);
    await until('it is told of the decision', () => first.events.some((one) => one.event === 'decided'));
    expect(first.events.filter((one) => one.event === 'decided')).toMatchObject([{ data: { action: body['action'], decision: 'step_up', claim_required: false } }]);
    first.stop();
    w.reply(mine.run, { kind: 'decided', action: body['action'] as string, decision: 'deny', code: 'approval_denied', round: 2 });
    w.reply(mine.run, { kind: 'halted', code: 'run_halted' });
    const second = await listen(url, { ...headers, 'last-event-id': first.events.at(-1)!.id });
    await until('it is told both', () => second.events.length === 2);
    expect(second.events.map((one) => one.event)).toEqual(['decided', 'halted']);
    const stranger = await listen(url, { ...headers, 'last-event-id': 'other-5' });
    await until('the stranger is told one', () => stranger.events.length === 1);
    expect(stranger.events).toMatchObject([{ event: 'gap' }]);
    await w.call('POST', `/runs/${mine.run}/end`, undefined, mine.token);
    await until('both streams have ended', () => second.ended() && stranger.ended());
    expect(second.events.at(-1)).toMatchObject({ event: 'ended', data: { reason: 'completed' } });
  });

  it('beat, are bounded per reader, and drop who does not read', async () => {
    const w = await world({}, { streamLimits: { heartbeatMs: 20, perReader: 2, buffered: 200_000 } });
    const { run, token } = await w.open();
    const url = `${w.service.url}/runs/${run}/events`, headers = { authorization: `Bearer ${token}` };
    const reader = await listen(url, headers);
    await until('a beat', () => reader.text().includes(': beat'));
    const slow = await listen(url, headers, false);
    expect((await w.call('GET', `/runs/${run}/events`, undefined, token)).body).toMatchObject({ code: 'rate_limited' });
    slow.response.pause();
    const big = 'x'.repeat(60_000);
    // Beyond what the sockets take in between, the gateway's own buffer fills up.
    for (let i = 0; i < 3_000 && w.gateway.streams.size === 2; i++) {
      w.reply(run, { kind: 'noted', detail: big });
      await until('it is told one more', () => reader.events.length > i);
    }
    await until('one stream is left', () => w.gateway.streams.size === 1);
    let rest = '';
    slow.response.setEncoding('utf8').on('data', (chunk: string) => { rest += chunk; }).resume();
    await until('the slow reader is dropped', () => rest.includes('event: dropped'));
    expect(rest).toContain('slow_reader');
    expect(reader.ended()).toBe(false);
  });

  it('tell people what opens and closes, from now on, and end when the gateway stops', async () => {
    const key = generateKey('approvals-1');
    const w = await world({}, { keys: createKeySet([key.publicJwk]) });
    let version = 0;
    const said = (type: string, data: object, by = key) => signServiceMessage({
      topic: topic.approvalsEvents, key: 'approval-a1', value: Buffer.from(JSON.stringify({ stream: 'approval-a1', version: ++version, type, at: 1, by: 'policy', data })),
      headers: envelope({ id: `e${version}`, type: 'countersign.approvals.event.v1', source: 'approvals', time: 1, tenant: 'acme' }),
    }, by);
    const question = { run: 'r1', action: 'x1', answers: 1, agent: 'a', tool: 't', tier: 3, expiresAt: 9, digest: 'd'.repeat(43), ask: { route: ['approver'], quorum: 1 } };
    expect((await w.call('GET', '/approvals/events')).body).toMatchObject({ code: 'unauthenticated' });
    const reader = await listen(`${w.service.url}/approvals/events`, login());
    await w.memory.publish([said('requested', { question }), said('voted', {}), said('resolved', { resolution: 'denied' })]);
    await until('it is told both', () => reader.events.length === 2);
    expect(reader.events).toMatchObject([{ event: 'opened', data: { run: 'r1', action: 'x1', tool: 't', route: ['approver'], position: 1 } }, { event: 'closed', data: { because: 'denied' } }]);
    await w.service.close();
    await until('the stream has ended', () => reader.ended());
    expect(reader.text()).toContain('event: closing');
  });
});
