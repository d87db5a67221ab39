import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClientAssertion, generateKey, jwkThumbprint } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { call, expectStatus, newAction, openRawSession, patiently, proposal, startWithAgent, until } from '@countersign/spec/whole';
import { approvalFor } from './approval-for.ts';
import type { Agent, Answer, RawSession, Whole } from '@countersign/spec/whole';
import { randomUUID } from 'node:crypto';

const note = { note: 'n' };

/** Keys, tokens and sessions of an agent: how they come, change and go. */
describe('credentials of an agent', () => {
  let whole: Whole;
  let clerk: Agent;
  beforeAll(async () => { ({ whole, agent: clerk } = await startWithAgent('clerk')); }, 240_000);
  afterAll(async () => { await whole?.close(); });

  const operator = (method: string, path: string, body?: object): Promise<Answer> => whole.people.operator.call('registry', method, path, body);
  const revoke = async (body: object, by = whole.people.operator): Promise<Answer> => expectStatus(await by.call('registry', 'POST', '/agents/clerk/revocations', { reason: 'stolen', ...body }), 201);
  const registry = (): string => whole.urls.registry;
  const askToken = (key: SigningKey, change: { readonly audience?: string; readonly now?: number; readonly run?: string; readonly session?: SigningKey; readonly assertion?: string } = {}): Promise<Answer> => {
    const { kty, crv, x, kid } = (change.session ?? generateKey('session')).publicJwk;
    const assertion = () => change.assertion ?? createClientAssertion({ client: 'clerk', audience: change.audience ?? `${registry()}/oauth2/token`, jti: randomUUID(), now: change.now ?? Date.now() }, key);
    return patiently(() => call('POST', `${registry()}/oauth2/token`, new URLSearchParams({
      grant_type: 'client_credentials', client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', session_key: JSON.stringify({ kty, crv, x, kid }), client_assertion: assertion(), ...(change.run !== undefined && { run: change.run }),
    }).toString(), { 'content-type': 'application/x-www-form-urlencoded' }));
  };

  it('an assertion that is forged, stale, for somebody else or used before gets a coded refusal', async () => {
    const once = createClientAssertion({ client: 'clerk', audience: `${registry()}/oauth2/token`, jti: randomUUID(), now: Date.now() }, clerk.key);
    expect((await askToken(clerk.key, { assertion: once })).status).toBe(200);
    const refused = async (answer: Promise<Answer>): Promise<unknown> => { const { status, body } = await answer; return [status, body['error'], body['code']]; };
    expect(await refused(askToken(clerk.key, { assertion: once }))).toEqual([401, 'invalid_client', 'assertion_used']);
    for (const wrong of [askToken(generateKey('clerk-1')), askToken(clerk.key, { now: Date.now() - 3_600_000 }), askToken(clerk.key, { now: Date.now() + 3_600_000 }), askToken(clerk.key, { audience: 'https://elsewhere/oauth2/token' })]) expect(await refused(wrong)).toEqual([401, 'invalid_client', 'client_assertion_invalid']);
  });

  it('keys are rotated under traffic: nothing fails, and after the overlap the old key is refused', async () => {
    const [second, third] = [generateKey('clerk-2'), generateKey('clerk-3')];
    const rotate = async ({ publicJwk: { kty, crv, x, kid } }: SigningKey, retireOthersAfterMs: number) => expectStatus(await operator('POST', '/agents/clerk/keys', { key: { kty, crv, x, kid }, retireOthersAfterMs, reason: 'quarterly rotation' }), 201);
    const statuses = async () => ((await operator('GET', '/agents/clerk/keys')).body['keys'] as readonly { kid: string; status: string }[]).map((key) => [key.kid, key.status]);
    const failed: unknown[] = [];
    let going = true, inUse = clerk.key;
    const asked = { [clerk.key.kid]: 0, [second.kid]: 0 };
    const traffic = (async () => {
      while (going) {
        const key = inUse, answer = await askToken(key);
        asked[key.kid]! += 1;
        if (answer.status !== 200) failed.push(answer.body);
      }
    })();
    const more = async (key: SigningKey): Promise<unknown> => { const before = asked[key.kid]!; return until('some more runs', () => asked[key.kid]! >= before + 3); };
    try {
      // The overlap is longer than anything here takes; a runtime learns of the new key some time after it was registered.
      await rotate(second, 600_000);
      expect(await statuses()).toEqual([['clerk-1', 'retiring'], ['clerk-2', 'live']]);
      await more(clerk.key);
      inUse = second;
      await more(second);
    } finally {
      going = false;
      await traffic;
    }
    expect(failed).toEqual([]);
    await rotate(third, 1_000);
    for (const old of [clerk.key, second]) await until(`${old.kid} is over`, async () => (await askToken(old)).body['code'] === 'credential_revoked');
    expect((await askToken(third)).status).toBe(200);
    clerk = { ...clerk, key: third };
  });

  it('a key is never shared, comes back from no retirement, and a kid means one key', async () => {
    const other = await whole.agent('other');
    const body = (key: SigningKey, name = key.kid) => ({ key: { kty: 'OKP', crv: 'Ed25519', x: key.publicJwk.x, kid: name }, reason: 'r' });
    const code = async (agent: string, key: object): Promise<unknown> => (await operator('POST', `/agents/${agent}/keys`, key)).body['code'];
    expect(await code('clerk', body(other.key))).toBe('key_in_use');
    expect(JSON.stringify((await operator('POST', '/agents/clerk/keys', body(other.key))).body)).not.toContain('other');
    expect(await code('clerk', body(generateKey('fresh'), 'clerk-2'))).toBe('key_in_use');
    expect((await operator('POST', '/agents', { agent: 'third', name: 'third', owner: 'owner', purpose: 'p', roles: [], permissions: [], ceiling: 1, environment: 'test', limits: { calls: 1, money: null }, key: body(other.key).key })).body['code']).toBe('key_in_use');
    expect((await whole.people.nobody.call('registry', 'POST', '/agents/clerk/keys', body(generateKey('k')))).status).toBe(403);
    expect((await whole.people.nobody.call('registry', 'POST', '/agents/clerk/revocations', { kind: 'agent', reason: 'r' })).status).toBe(403);
  });

  describe('a revoked session', () => {
    let session: RawSession;
    let spared: RawSession;
    let grant: string, claimable: string;
    beforeAll(async () => {
      session = await openRawSession(whole, clerk, whole.people.tess.instruct('clerk', 'pay NL77PRNT0000000001 the 9.50 EUR'));
      spared = await openRawSession(whole, clerk);
      grant = (await session.propose('desk.read', note)).grant!;
      claimable = (await session.propose('desk.transfer', { to: 'NL77PRNT0000000001', minor: 950 })).grant!;
    });

    it('is refused everywhere: by registry, policy, supervision and tools; other sessions go on', async () => {
      await revoke({ kind: 'session', subject: jwkThumbprint(session.sessionKey.publicJwk) }, whole.people.owner);
      expect((await askToken(clerk.key, { run: session.run, session: session.sessionKey })).body['code']).toBe('credential_revoked');
      await until('policy has heard', async () => (await session.propose('desk.read', note)).code === 'credential_revoked');
      // Supervision and the tool may hear of it after policy: each looks for it before it looks at what was claimed or used.
      await until('supervision has heard', async () => (await call('POST', `${whole.urls.supervision}/claims`, { grant: claimable })).body['code'] === 'credential_revoked');
      await until('the tool has heard', async () => (await whole.tools.invoke('desk.read', note, session.headers(grant))).body['code'] === 'credential_revoked');
      expect((await spared.propose('desk.read', note)).decision).toBe('allow');
    });
  });

  it('a revoked key takes the sessions with it that it opened; everything before a moment can be revoked at once', async () => {
    const stolen = generateKey('clerk-stolen');
    expectStatus(await operator('POST', '/agents/clerk/keys', { key: { kty: 'OKP', crv: 'Ed25519', x: stolen.publicJwk.x, kid: stolen.kid }, reason: 'a second machine' }), 201);
    const [thief, honest] = [await openRawSession(whole, { id: 'clerk', key: stolen }), await openRawSession(whole, clerk)];
    const { body } = await revoke({ kind: 'key', subject: 'clerk-stolen' });
    expect((body['revocations'] as readonly { kind: string }[]).map(({ kind }) => kind)).toEqual(['key', 'session']);
    expect((await askToken(stolen)).body['code']).toBe('credential_revoked');
    await until('policy has heard', async () => (await thief.propose('desk.read', note)).code === 'credential_revoked');
    expect((await honest.propose('desk.read', note)).decision).toBe('allow');

    await revoke({ kind: 'agent' });
    await until('policy has heard', async () => (await honest.propose('desk.read', note)).code === 'credential_revoked');
    // A second later the agent, whose key is good, begins anew.
    await until('a new run works', async () => { const fresh = await openRawSession(whole, clerk).catch(() => undefined); return fresh !== undefined && (await fresh.propose('desk.read', note)).decision === 'allow'; });
  });

  it('stays revoked when the database is restored from a backup of before', async () => {
    const session = await openRawSession(whole, clerk);
    await whole.stop('registry');
    const restore = await whole.place.backUp('registry');
    await whole.start('registry');
    await revoke({ kind: 'session', subject: jwkThumbprint(session.sessionKey.publicJwk) });
    await until('it is on the topic', async () => (await session.propose('desk.read', note)).code === 'credential_revoked');
    await whole.stop('registry');
    await restore();
    await whole.start('registry');
    expect((await askToken(clerk.key, { run: session.run, session: session.sessionKey })).body['code']).toBe('credential_revoked');
    const { body } = await operator('GET', '/agents/clerk/revocations');
    expect((body['revocations'] as readonly { subject: string }[]).map(({ subject }) => subject)).toContain(jwkThumbprint(session.sessionKey.publicJwk));
    expect((await session.propose('desk.read', note)).code).toBe('credential_revoked');
  });

  describe('extra scope', () => {
    const asked = { tools: ['desk.write'], minutes: 30, reason: 'The note has a mistake' };
    const written = { note: 'n', text: 't' };
    let session: RawSession;
    const extend = (grant: string, claim: string | undefined, by = session): Promise<Answer> => {
      const headers = by.headers(grant, claim, 'countersign-registry');
      return patiently(() => call('POST', `${registry()}/oauth2/scope`, { subject_token: by.token, grant, claim: claim ?? 'a.b.c', session_proof: headers['cs-session-proof'], arguments: asked }));
    };

    it('is proposed, approved by a person, taken once by the registry, and opens what was asked for, on the record', async () => {
      const permissions = [{ permission: 'more', tools: ['desk.write'], requestable: true }];
      expectStatus(await operator('PUT', '/roles/asker', { role: { title: 'May ask to write', owner: 'owner', permissions }, reason: 'notes have mistakes at times' }), 200);
      const analyst = await whole.agent('analyst', { roles: ['asker'], permissions: ['desk.read', 'countersign.extend_scope'] });
      await (await analyst.open({ text: 'warm up', attestation: null })).end();
      session = await openRawSession(whole, analyst);
      // Two denials in all: the third halts the run.
      expect(await session.propose('countersign.extend_scope', { ...asked, tools: ['desk.wipe'] })).toMatchObject({ code: 'not_requestable', detail: expect.stringContaining('desk.wipe') });

      const action = newAction();
      expect(await session.propose('countersign.extend_scope', asked, action)).toMatchObject({ decision: 'step_up', tier: 3 });
      expectStatus(await whole.people.tess.vote(await approvalFor(whole, action), 'approve'), 200, 201);
      const decided = await until('the grant is there', () => whole.seen.replies(session.run).find((reply) => reply.action === action && reply.grant !== null));
      const grant = decided.grant!;
      expect((await extend(grant, undefined)).body['code']).not.toBe(undefined);
      const other = await openRawSession(whole, clerk);
      const claim = String((await until('supervision knows it', async () => { const answer = await call('POST', `${whole.urls.supervision}/claims`, { grant }); return answer.status === 200 && answer; })).body['claim']);
      expect((await call('POST', `${registry()}/oauth2/scope`, { subject_token: other.token, grant, claim, session_proof: session.headers(grant, claim, 'countersign-registry')['cs-session-proof'], arguments: asked })).body['code']).toBe('wrong_session');
      const given = expectStatus(await extend(grant, claim), 200).body;
      expect(given).toMatchObject({ run: session.run, scope: 'desk.read countersign.extend_scope desk.write', extension: { tools: ['desk.write'], action } });
      expect((await extend(grant, claim)).body['code']).toBe('grant_used');

      // The token before still opens nothing; the new one opens what was asked for and nothing else.
      const token = String(given['access_token']);
      expect((await session.propose('desk.write', written)).code).toBe('not_permitted');
      const used = newAction();
      expect(await session.send('proposed', proposal('desk.write', written, used), { token })).toMatchObject({ code: 'ok', detail: null, decision: 'allow' });
      expect(await until('it is on the record', () => whole.seen.governed(session.run).find((record) => record.kind === 'action.decided' && record.action === used))).toMatchObject({ extension: { action } });
    });
  });

  it('all of it is on the record', async () => {
    expect(await whole.drainWhole()).toMatchObject({ ok: true });
  });
});
