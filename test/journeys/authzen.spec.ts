import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClientAssertion, generateKey } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { call, enrol, expectStatus, openRawSession, patiently, startWhole, until } from '@countersign/spec/whole';
import type { Agent, Answer, Whole } from '@countersign/spec/whole';
import type { GovernedDecided } from '@countersign/contracts';
import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { approvalFor } from './approval-for.ts';

const entity = (properties: object) => ({ type: 'object', additionalProperties: false, required: ['type', 'id'], properties: { type: { type: 'string', maxLength: 64 }, id: { type: 'string', maxLength: 128 }, properties: { type: 'object', additionalProperties: false, properties } } });
const role = { role: { type: 'string', maxLength: 64 } }, status = { status: { type: 'string', maxLength: 64 } };
const record = (change: object) => ({
  system: 'records', title: 'A record', compensator: 'record.write', reversible: true, consequential: true, dataClasses: [], enforcement: 'cooperative', audience: 'records', resultTrust: 'record', resultFields: {},
  schema: { type: 'object', additionalProperties: false, required: ['subject', 'resource', 'action'], properties: { subject: entity(role), resource: entity(status), action: { type: 'object', additionalProperties: false, properties: { properties: { type: 'object', additionalProperties: false, properties: { soft: { type: 'boolean' } } } } } } },
  facts: {
    target: '[args.resource.id]', who: 'args.subject.id', role: 'has(args.subject.properties.role) ? args.subject.properties.role : ""', status: 'has(args.resource.properties.status) ? args.resource.properties.status : ""',
    soft: 'has(args.action.properties.soft) ? args.action.properties.soft : false',
  },
  ...change,
});

const alice = { type: 'user', id: 'alice' }, bob = { type: 'user', id: 'bob' }, admin = { ...bob, properties: { role: 'admin' } };
const read = { name: 'read' }, write = { name: 'write' }, soft = (value: boolean) => ({ name: 'delete', properties: { soft: value } });
const one = { type: 'record', id: 'record-1' }, two = { type: 'record', id: 'record-2' }, archived = { ...two, properties: { status: 'archived' } };
const payment = (to: string) => ({ action: { name: 'call', properties: { to, minor: 900 } }, resource: { type: 'tool', id: 'desk.transfer' } });

/** The certification scenario of the AuthZEN Authorization API 1.0 (openid/authzen, certification/): names are its sections. */
describe('AuthZEN', () => {
  let whole: Whole;
  let pep: Agent, other: Agent;
  let token: string;
  beforeAll(async () => {
    whole = await startWhole({ CS_POLICY_BUNDLE: fileURLToPath(new URL('./authzen-rules', import.meta.url)), CS_GATEWAY_PER_MINUTE: '100000' });
    for (const [name, change] of [['write', {}], ['read', { consequential: false }], ['delete', {}]] as const) expectStatus(await whole.people.operator.call('registry', 'PUT', `/tools/record.${name}`, record(change)), 200);
    for (const person of ['alice', 'bob', 'mallory']) await enrol(whole.urls, whole.people.operator, person, ['user']);
    pep = await whole.agent('pep', { permissions: ['record.*', 'desk.*'], principals: ['alice', 'bob'] });
    other = await whole.agent('other', { permissions: ['record.*'] });
    token = await tokenOf('pep', pep.key);
    // Policy and gateway learn of tools and people a moment after the registry did.
    for (const [subject, action] of [[alice, read], [alice, write], [alice, soft(true)], [bob, read]]) await until('everybody is known, and every tool', async () => (await evaluate({ subject, action, resource: one })).body['decision'] === true);
  }, 240_000);
  afterAll(async () => { await whole?.close(); });

  const tokenOf = async (agent: string, key: SigningKey): Promise<string> => {
    const assertion = createClientAssertion({ client: agent, audience: `${whole.urls.registry}/oauth2/token`, jti: randomUUID(), now: Date.now() }, key);
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: assertion });
    const answer = await patiently(() => call('POST', `${whole.urls.gateway}/oauth2/token`, form.toString(), { 'content-type': 'application/x-www-form-urlencoded' }));
    expect(answer).toMatchObject({ status: 200, body: { token_type: 'Bearer' } });
    expect(answer.body['expires_in']).toBeGreaterThan(500);
    return String(answer.body['access_token']);
  };
  /** Again for as long as the gateway, or policy behind it, does not get to answer. */
  let last: unknown;
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) => until(() => `an answer, not ${JSON.stringify(last)}`, async () => {
    const answer = await call('POST', `${whole.urls.gateway}/access/v1/${path}`, body, { authorization: `Bearer ${token}`, ...headers });
    last = answer.body;
    const said = [answer.body, ...(answer.body['evaluations'] ?? []) as Answer['body'][]].map(({ context }) => context as { code?: string; error?: { status: number } } | undefined);
    return answer.status !== 503 && !said.some((context) => context?.code === 'timeout' || [429, 503].includes(context?.error?.status ?? 0)) && answer;
  }, 60_000);
  const evaluate = (body: unknown) => post('evaluation', body);
  const batch = async (body: unknown): Promise<boolean[]> => {
    const answer = await post('evaluations', body);
    expect(answer.status).toBe(200);
    return (answer.body['evaluations'] as { decision: boolean }[]).map(({ decision }) => decision);
  };
  const decided = (action: unknown) => until('the decision is on the record', () => whole.seen.governed().find((one): one is GovernedDecided => one.kind === 'action.decided' && one.action === action));

  it.each([
    ['2.2.1 permit', { subject: alice, action: read, resource: one }, true],
    ['rule 2', { subject: alice, action: write, resource: one }, true],
    ['rule 3', { subject: bob, action: read, resource: one }, true],
    ['2.2.2 deny', { subject: bob, action: write, resource: one }, false],
    ['2.2.3 with a context', { subject: alice, action: read, resource: one, context: { time: '2025-06-27T18:03-07:00', ip: '192.168.1.1' } }, true],
    ['2.2.4 deny by properties of the resource', { subject: alice, action: write, resource: archived }, false],
    ['2.2.5 permit by properties of the subject', { subject: admin, action: write, resource: archived }, true],
    ['2.2.6 permit by properties of the action', { subject: alice, action: soft(true), resource: one }, true],
    ['2.2.7 deny by properties of the action', { subject: alice, action: soft(false), resource: one }, false],
    ['2.2.8 properties beyond the fixture', { subject: { ...alice, properties: { department: 'Sales', role: 'manager' } }, action: { ...read, properties: { method: 'GET' } }, resource: { ...one, properties: { status: 'active', owner: 'bob' } } }, true],
    ['2.2.9 unknown members', { subject: alice, action: read, resource: one, foo: 'bar', futureField: { nested: true } }, true],
  ])('%s', async (_, body, decision) => {
    // 2.6: the same each time, whatever was asked before
    for (let again = 0; again < 3; again += 1) expect(await evaluate(body)).toMatchObject({ status: 200, body: { decision, context: { code: decision ? 'ok' : 'rule_denied' } } });
  });

  it.each<[string, unknown]>([
    ['2.4.1 no subject', { action: read, resource: one }], ['2.4.1 no action', { subject: alice, resource: one }], ['2.4.1 no resource', { subject: alice, action: read }],
    ['2.4.2 subject without type', { subject: { id: 'alice' }, action: read, resource: one }], ['2.4.2 subject without id', { subject: { type: 'user' }, action: read, resource: one }], ['2.4.2 action without name', { subject: alice, action: {}, resource: one }],
    ['2.4.2 resource without type', { subject: alice, action: read, resource: { id: 'record-1' } }], ['2.4.2 resource without id', { subject: alice, action: read, resource: { type: 'record' } }],
    ['2.4.4 malformed JSON', '{"subject": {'], ['2.4.5 an empty body', ''], ['2.4.6 subject is a text', { subject: 'alice', action: read, resource: one }], ['2.4.6 the name is a number', { subject: alice, action: { name: 123 }, resource: one }],
    ['context is a list', { subject: alice, action: read, resource: one, context: [] }], ['a wish that is none', { subject: alice, action: read, resource: one, context: { countersign: { wait_ms: -1 } } }],
    ['a name that no tool can have', { subject: alice, action: { name: 'x'.repeat(200) }, resource: one }], ['a member named twice', '{"subject":{"type":"user","id":"alice","id":"bob"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"}}'],
    ['__proto__', '{"subject":{"type":"user","id":"alice","__proto__":{"x":1}},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"}}'],
  ])('%s is a 400', async (_, body) => {
    expect((await post('evaluation', body, { 'content-type': 'application/json' })).status).toBe(400);
    expect((await post('evaluations', body, { 'content-type': 'application/json' })).status).toBe(400);
  });

  it('2.4.3 and 2.5: another content type is a 400; a request id comes back, with errors too', async () => {
    expect((await post('evaluation', 'subject=alice', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(400);
    expect((await post('evaluation', '{}', { 'content-type': 'text/plain' })).status).toBe(400);
    const idOf = (body: string, headers: Record<string, string>): Promise<unknown> => new Promise((resolve, reject) => {
      const sent = request(`${whole.urls.gateway}/access/v1/evaluation`, { method: 'POST', headers: { authorization: `Bearer ${token}`, ...headers } }, (answer) => { answer.resume(); resolve([answer.statusCode, answer.headers['x-request-id']]); });
      sent.on('error', reject).end(body);
    });
    const good = JSON.stringify({ subject: alice, action: read, resource: one }), json = { 'content-type': 'application/json' };
    expect(await idOf(good, { ...json, 'x-request-id': 'bfe9eb29-ab87' })).toEqual([200, 'bfe9eb29-ab87']);
    expect(await idOf('{', { ...json, 'x-request-id': 'r 2' })).toEqual([400, 'r 2']);
    expect(await idOf(good, { 'x-request-id': 'r3' })).toEqual([400, 'r3']);
    expect(await idOf(good, json)).toEqual([200, undefined]);
  });

  it('3.2 batches: defaults, entities replaced, order kept', async () => {
    expect(await batch({ subject: alice, action: read, evaluations: [{ resource: one }, { resource: two }] })).toEqual([true, true]);
    expect(await batch({ subject: bob, resource: one, evaluations: [{ action: read }, { action: write }] })).toEqual([true, false]);
    expect(await batch({ subject: alice, action: write, evaluations: [{ resource: { ...one, properties: { status: 'active' } } }, { resource: archived }] })).toEqual([true, false]);
    expect(await batch({ action: write, resource: archived, evaluations: [{ subject: alice }, { subject: admin }] })).toEqual([false, true]);
    expect(await batch({ evaluations: [{ subject: alice, action: read, resource: one }, { subject: bob, action: write, resource: one }] })).toEqual([true, false]);
    expect(await batch({ subject: alice, action: read, context: { time: 'now' }, evaluations: [{ resource: one }, { resource: two, context: { source: 'batch-override' } }] })).toEqual([true, true]);
    expect(await batch({ subject: alice, action: write, resource: { type: 'record' }, evaluations: [{ resource: { id: 'record-1', properties: { status: 'active' } } }, { resource: archived }] })).toEqual([true, false]);
  });

  it('3.4: what is wrong with one evaluation is its own; without evaluations it is one', async () => {
    const answer = await post('evaluations', { subject: alice, action: read, evaluations: [{ resource: one }, {}, 'x'] });
    expect(answer).toMatchObject({ status: 200, body: { evaluations: [{ decision: true }, { decision: false, context: { code: 'invalid_request', error: { status: 400 } } }, { decision: false }] } });
    for (const evaluations of [undefined, []]) expect(await post('evaluations', { subject: alice, action: read, resource: one, evaluations })).toMatchObject({ status: 200, body: { decision: true } });
    for (const wrong of [{ evaluations: {} }, { evaluations: [{}], options: { evaluations_semantic: 'any' } }, { subject: 'alice', evaluations: [{}] }, { evaluations: Array.from({ length: 101 }, () => ({})) }]) expect((await post('evaluations', wrong)).status).toBe(400);
  });

  it('the three semantics: all, up to the first deny, up to the first permit', async () => {
    const mixed = { resource: one, subject: bob, evaluations: [{ action: read }, { action: write }, { action: read }] };
    const as = (evaluations_semantic: string) => batch({ ...mixed, options: { evaluations_semantic, another: 1 } });
    expect(await as('execute_all')).toEqual([true, false, true]);
    expect(await as('deny_on_first_deny')).toEqual([true, false]);
    expect(await as('permit_on_first_permit')).toEqual([true]);
  });

  it('6: the metadata names the endpoints', async () => {
    expect(await call('GET', `${whole.urls.gateway}/.well-known/authzen-configuration`)).toEqual({
      status: 200, body: { policy_decision_point: whole.urls.gateway, access_evaluation_endpoint: `${whole.urls.gateway}/access/v1/evaluation`, access_evaluations_endpoint: `${whole.urls.gateway}/access/v1/evaluations` },
    });
  });

  it('speaks for nobody but the agent itself and its principals, with a token of its own', async () => {
    const ask = (subject: object, headers = {}) => post('evaluation', { subject, action: read, resource: one }, headers);
    for (const subject of [{ type: 'user', id: 'mallory' }, { type: 'user', id: 'nobody-knows' }, { type: 'agent', id: 'other' }, { type: 'service', id: 'pep' }]) expect(await ask(subject)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await ask({ type: 'agent', id: 'pep' })).toMatchObject({ status: 200, body: { decision: true } });
    for (const authorization of ['', 'Bearer', `Bearer ${'A'.repeat(43)}`, `Basic ${token}`]) expect((await ask(alice, { authorization })).status).toBe(401);
    const others = { authorization: `Bearer ${await tokenOf('other', other.key)}` };
    expect(await ask(alice, others)).toMatchObject({ status: 403 });
    expect(await post('evaluations', { action: read, resource: one, evaluations: [{ subject: alice }, { subject: { type: 'user', id: 'mallory' } }] })).toMatchObject({ status: 200, body: { evaluations: [{ decision: true }, { decision: false, context: { error: { status: 403 } } }] } });
    // and no token for a key that is not the agent's
    const assertion = createClientAssertion({ client: 'pep', audience: `${whole.urls.registry}/oauth2/token`, jti: randomUUID(), now: Date.now() }, other.key);
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: assertion });
    expect((await patiently(() => call('POST', `${whole.urls.gateway}/oauth2/token`, form.toString(), { 'content-type': 'application/x-www-form-urlencoded' }))).status).toBe(401);
  });

  it('each evaluation is a run of one proposal on the same record, via the gateway; nothing carries over', async () => {
    const actions: unknown[] = [];
    // Three denies halt a run: here each has its own.
    for (let n = 0; n < 4; n += 1) actions.push((await evaluate({ subject: bob, action: write, resource: one })).body['context'] as object);
    const runs = new Set<string>();
    for (const { action, run } of actions as { action: string; run: string }[]) {
      expect(await decided(action)).toMatchObject({ run, agent: 'pep', tool: 'record.write', decision: { decision: 'deny' }, facts: { who: { value: 'bob' } }, message: { reason: 'asked for user bob' } });
      await until('the run has ended', () => whole.seen.governed(run).some((seen) => seen.kind === 'run.ended'));
      expect(whole.seen.governed(run).map(({ kind }) => kind)).toEqual(['run.started', 'action.decided', 'run.ended']);
      const started = whole.seen.governed(run)[0]!;
      expect(started.kind === 'run.started' && started.token.via).toBe('gateway');
      runs.add(run);
    }
    expect(runs.size).toBe(4);
    expect(await evaluate({ subject: bob, action: read, resource: one })).toMatchObject({ body: { decision: true } });
  });

  it('people are awaited: false with what is pending; asked again under its id it is true once they agreed, with grant and claim, and once', async () => {
    const body = { subject: { type: 'agent', id: 'pep' }, ...payment('NL01') };
    const first = await evaluate(body);
    expect(first).toMatchObject({ status: 200, body: { decision: false, context: { code: 'approval_required', outcome: 'step_up', tier: 3, pending: { for: 'people' } } } });
    const { action, run } = first.body['context'] as { action: string; run: string };
    const again = (change: object = {}) => evaluate({ ...body, ...change, context: { countersign: { action, report: true } } });
    expect(await evaluate({ ...body, context: { countersign: { action } } })).toMatchObject({ body: { decision: false, context: { action, pending: { for: 'people' } } } });
    expect(await again(payment('NL02'))).toMatchObject({ status: 409, body: { code: 'action_conflict' } });
    expect((await whole.people.tess.vote(await approvalFor(whole, action), 'approve')).status).toBe(200);
    const allowed = await until('it is allowed', async () => {
      const answer = await evaluate({ ...body, context: { countersign: { action } } });
      return answer.body['decision'] === true && (answer.body['context'] as Record<string, string>);
    });
    expect(allowed).toMatchObject({ outcome: 'allow', tier: 3, run, action, arguments: { to: 'NL01', minor: 900 } });
    expect(await whole.tools.invoke('desk.transfer', { to: 'NL01', minor: 900 }, { 'cs-grant': allowed['grant']!, 'cs-claim': allowed['claim']!, 'cs-session-proof': allowed['session_proof']! })).toMatchObject({ status: 200 });
    expect(await evaluate({ ...body, context: { countersign: { action } } })).toMatchObject({ body: { decision: false, context: { code: 'already_claimed' } } });
  });

  it('whoever reports the outcome keeps the run until then', async () => {
    const answer = await evaluate({ subject: alice, action: write, resource: one, context: { countersign: { report: true, instruction: 'keep the records', confidence: 0.9 } } });
    expect(answer).toMatchObject({ body: { decision: true, context: { arguments: { subject: alice, resource: { id: 'record-1' } } } } });
    const { action, run } = answer.body['context'] as { action: string; run: string };
    const at = `${whole.urls.gateway}/runs/${run}`, mine = { authorization: `Bearer ${token}` };
    expect((await call('POST', `${at}/actions/${action}/outcome`, { status: 'succeeded', result: 'done' })).status).toBe(401);
    expect((await call('POST', `${at}/actions/${action}/outcome`, { status: 'succeeded', result: 'done' }, mine)).status).toBe(202);
    expect((await call('POST', `${at}/end`, {}, mine)).status).toBe(202);
    await until('it is on the record', () => whole.seen.governed(run).some((seen) => seen.kind === 'action.outcome' && seen.message.result === 'done'));
  });

  it('many at once each get a run of their own', async () => {
    const answer = await post('evaluations', { subject: alice, action: read, evaluations: Array.from({ length: 60 }, (_, n) => ({ resource: { type: 'record', id: `record-${n}` } })) });
    const evaluations = answer.body['evaluations'] as { decision: boolean; context: { run: string } }[];
    expect(evaluations.map(({ decision }) => decision)).toEqual(Array.from({ length: 60 }, () => true));
    expect(new Set(evaluations.map(({ context }) => context.run)).size).toBe(60);
  });

  it('a token out of the inbox opens no runs: the session\'s key must say so, once', async () => {
    const session = await openRawSession(whole, pep), audience = `${whole.urls.registry}/oauth2/runs`, fresh = generateKey('session');
    const statement = (key: SigningKey, client = 'pep', to = audience) => createClientAssertion({ client, audience: to, jti: randomUUID(), now: Date.now() }, key);
    const ask = (client_assertion: string, more: object = {}) => patiently(() => call('POST', audience, { subject_token: session.token, client_assertion, session_key: JSON.stringify(fresh.publicJwk), ...more }));
    const once = statement(session.sessionKey);
    const opened = await ask(once, { count: 2, life_s: 600 });
    expect(opened).toMatchObject({ status: 200, body: { runs: [{ run: expect.any(String) }, { run: expect.any(String) }] } });
    for (const wrong of [once, statement(generateKey('session')), statement(pep.key), statement(session.sessionKey, 'other'), statement(session.sessionKey, 'pep', `${whole.urls.registry}/oauth2/token`)]) expect((await ask(wrong)).status).toBe(401);
    const [{ run }] = opened.body['runs'] as [{ run: string }];
    expect((await ask(statement(session.sessionKey), { run })).status).toBe(200);
    expect((await ask(statement(session.sessionKey), { run, session_key: JSON.stringify(generateKey('session').publicJwk) })).status).toBe(401);
    expect((await ask(statement(session.sessionKey), { count: 257 })).status).toBe(400);
  });

  it('what no catalogue has, and a suspended agent, are denied or refused', async () => {
    expect(await evaluate({ subject: alice, action: { name: 'print' }, resource: one })).toMatchObject({ status: 200, body: { decision: false, context: { code: 'unknown_tool' } } });
    expect(await evaluate({ subject: alice, action: { name: 'call', properties: { to: 'X' } }, resource: { type: 'tool', id: 'desk.transfer' } })).toMatchObject({ body: { decision: false, context: { code: 'arguments_invalid' } } });
    expect((await whole.people.operator.call('registry', 'POST', '/agents/pep/suspend', { reason: 'test' })).status).toBe(200);
    // Policy may have heard of it before the gateway: then it is a deny, for a moment.
    await until('the gateway takes no question of it any more', async () => (await evaluate({ subject: alice, action: read, resource: one })).status === 403);
  });

  it('all of it is in the log', async () => {
    expect(await whole.drainWhole()).toMatchObject({ ok: true });
  });
});
