import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createMemoryHotState } from '@countersign/hot-state/memory';
import { argumentsDigest, createKeySet, createSessionProof, generateKey, jwkThumbprint, signGrants } from '@countersign/identity';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import type { GrantClaims } from '@countersign/contracts';
import type { HotState } from '@countersign/hot-state';
import { createToolGuard } from '../guard.ts';
import type { ToolGuard } from '../guard.ts';
import { guardRefusal } from '../refusal.ts';
import { listen, startAuthorizationServer } from './authorization-server.fixture.ts';
import type { Rest } from './authorization-server.fixture.ts';
import { createBroker } from './broker.ts';
import { createExchange } from './exchange.ts';
import type { Credential, ExchangeOptions } from './exchange.ts';

const policy = generateKey('policy-1'), session = generateKey('session'), broker = generateKey('crm-broker-1');
const audience = 'crm-broker';
const keys = createKeySet([policy.publicJwk]);

/** A CRM that knows nothing of grants: it looks at the bearer token, its audience and its scope, as any resource server does. */
const startCrm = async (issuer: () => string): Promise<Rest & { readonly written: string[] }> => {
  const written: string[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
      const scope = await jwtVerify(token, createRemoteJWKSet(new URL(`${issuer()}/jwks`)), { issuer: issuer(), audience: crm.url }).then(({ payload }) => String(payload['scope']).split(' '), () => undefined);
      const needed = request.method === 'GET' ? 'contacts:read' : 'contacts:write';
      if (scope === undefined) return response.writeHead(401).end();
      if (!scope.includes(needed)) return response.writeHead(403).end(`${needed} is needed`);
      if (request.method === 'POST') written.push(request.url ?? '');
      return response.writeHead(200, { 'content-type': 'application/json' }).end(request.url === '/echo' ? JSON.stringify({ you: token }) : '{"name":"Ada"}');
    })();
  });
  const crm = await listen(server);
  return { ...crm, written };
};

describe('a grant is exchanged for a downstream credential', () => {
  let crm: Rest & { readonly written: string[] };
  let server: Rest & { readonly exchanged: () => number };
  let change: ((body: Record<string, unknown>) => void) | undefined;
  let seen: Credential[] = [];
  beforeAll(async () => {
    crm = await startCrm(() => server.url);
    server = await startAuthorizationServer({ broker, policy: keys, audience, resource: crm.url, now: Date.now, change: (body) => change?.(body) });
  });
  afterAll(async () => { await server?.close(); await crm?.close(); });

  const http = async (credential: Credential, method: string, path: string): Promise<{ readonly status: number; readonly body: string }> => {
    seen.push(credential);
    const answer = await fetch(`${crm.url}${path}`, { method, headers: { authorization: `Bearer ${credential.accessToken}` } });
    return { status: answer.status, body: await answer.text() };
  };
  const exchangeWith = (more: Partial<ExchangeOptions> = {}) => createExchange({ issuer: server.url, client: { id: 'crm-broker', key: broker }, allowHttp: true, timeoutMs: 30_000, ...more });
  const memory = () => createMemoryHotState({ now: () => Date.now() - 60_000 });
  const brokerOn = (store: HotState) => (more: Partial<ExchangeOptions> = {}) => createBroker({
    guard: createToolGuard({ audience, jwks: keys, store, halts: { halted: () => undefined, isStale: () => false }, now: Date.now }),
    exchange: exchangeWith(more),
    tools: {
      'crm.read': { resource: crm.url, scope: 'contacts:read', call: (_, credential) => http(credential, 'GET', '/contacts/1') },
      'crm.write': { resource: crm.url, scope: 'contacts:write', call: (_, credential) => http(credential, 'POST', '/contacts/1') },
      'crm.elsewhere': { resource: 'https://elsewhere.example', scope: 'contacts:read', call: (_, credential) => http(credential, 'GET', '/contacts/1') },
    },
  });
  const brokerWith = (more: Partial<ExchangeOptions> = {}) => brokerOn(memory())(more);
  const jtiOf = (grant: string): string => (JSON.parse(Buffer.from(grant.split('.')[1]!, 'base64url').toString()) as GrantClaims).jti;
  let n = 0;
  /** What the agent holds: a grant and its session key. */
  const callOf = (tool: string) => {
    const iat = Math.floor(Date.now() / 1000), args = { id: 1 }, jti = `g${++n}`;
    const grant = signGrants([{ jti, tenant: 'acme', run: 'r', action: `a${n}`, agent: 'ag', tool, definition: 'd', args: argumentsDigest(args), aud: audience, policy: 'p', tier: 1, claim: false, jkt: jwkThumbprint(session.publicJwk), iat, exp: iat + 30 }], policy)[0]!;
    return { grant, tool, arguments: args, sessionProof: createSessionProof(jti, audience, Date.now(), session) };
  };

  it('of one operation, for seconds, that the agent never sees; once', async () => {
    seen = [];
    const call = callOf('crm.read'), store = memory();
    const one = brokerOn(store)();
    const answer = await one.call(call);
    expect(answer).toMatchObject({ ok: true, result: { status: 200, body: '{"name":"Ada"}' } });
    expect(seen).toMatchObject([{ scope: 'contacts:read', expiresInS: 60 }]);
    expect(JSON.stringify(answer)).not.toContain(seen[0]!.accessToken);
    // Another process, which remembers nothing of it, knows only that it was used.
    expect(await brokerOn(store)().call(call)).toMatchObject({ ok: false, code: 'grant_used' });
  });

  it('an answer that was lost is given again to whoever holds the session key, and nothing runs twice', async () => {
    const store = memory();
    const one = brokerOn(store)(), call = callOf('crm.write');
    const written = crm.written.length, exchanged = server.exchanged();
    const [first, meanwhile] = await Promise.all([one.call(call), one.call(call)]);
    expect(first).toMatchObject({ ok: true, result: { status: 200 } });
    expect(meanwhile).toEqual(first);
    const jti = jtiOf(call.grant);
    expect(await one.call({ ...call, sessionProof: createSessionProof(jti, audience, Date.now(), session) })).toEqual(first);
    expect([crm.written.length, server.exchanged()]).toEqual([written + 1, exchanged + 1]);
    // The grant alone gives nobody anything, nor does it for anything else.
    for (const other of [{ sessionProof: createSessionProof(jti, audience, Date.now(), generateKey('session')) }, { sessionProof: undefined }, { arguments: { id: 2 } }, { tool: 'crm.read' }]) expect((await one.call({ ...call, ...other })).ok).toBe(false);
    expect([crm.written.splice(written).length, server.exchanged()]).toEqual([1, exchanged + 1]);
  });

  it('what failed fails again, and is not tried again with the same grant', async () => {
    const call = callOf('crm.read'), one = brokerOn(memory())({ issuer: 'http://127.0.0.1:1' });
    const first = await one.call(call);
    expect(first).toMatchObject({ ok: false, code: 'downstream_unavailable' });
    expect(await one.call(call)).toEqual(first);
  });

  it('an outcome is kept as long as its grant lives, and no longer', async () => {
    let now = Date.now(), runs = 0;
    const exp = Math.floor(now / 1_000) + 30;
    let used = false;
    const guard: ToolGuard = { check: async () => { if (used) return guardRefusal('grant_used', 'used'); used = true; return { ok: true, claims: { exp } as GrantClaims }; } };
    const one = createBroker({ guard, exchange: async () => ({ ok: true, credential: { accessToken: 'secret', scope: 's', expiresInS: 9 } }), tools: { t: { resource: crm.url, scope: 's', call: async () => ++runs } }, now: () => now });
    const call = { grant: 'g', tool: 't', arguments: {}, sessionProof: 'p' };
    expect(await one.call(call)).toMatchObject({ ok: true, result: 1 });
    expect(await one.call(call)).toMatchObject({ ok: true, result: 1 });
    now = exp * 1_000;
    expect(await one.call(call)).toMatchObject({ ok: false, code: 'grant_used' });
    expect(runs).toBe(1);
  });

  it('a credential that was issued for a read cannot write', async () => {
    // The resource server refuses it where a tool tries, …
    expect(await exchangeWith()(callOf('crm.read').grant, { resource: crm.url, scope: 'contacts:read' }).then(async (got) => got.ok && http(got.credential, 'POST', '/contacts/1'))).toMatchObject({ status: 403 });
    // … and the authorization server gives none for more than the grant is for.
    expect(await exchangeWith()(callOf('crm.read').grant, { resource: crm.url, scope: 'contacts:write' })).toMatchObject({ ok: false, code: 'downstream_target_refused' });
    expect(crm.written).toEqual([]);
    expect(await brokerWith().call(callOf('crm.write'))).toMatchObject({ ok: true, result: { status: 200 } });
    expect(crm.written).toEqual(['/contacts/1']);
  });

  it('what the guard refuses never reaches the authorization server', async () => {
    const before = server.exchanged();
    for (const wrong of [{ ...callOf('crm.read'), arguments: { id: 2 } }, { ...callOf('crm.read'), tool: 'crm.write' }, { ...callOf('crm.read'), sessionProof: undefined }, { ...callOf('crm.read'), tool: 'toString' }]) expect((await brokerWith().call(wrong)).ok).toBe(false);
    expect(server.exchanged()).toBe(before);
  });

  it.each<[string, string, () => Promise<unknown>]>([
    ['another resource', 'downstream_target_refused', () => brokerWith().call(callOf('crm.elsewhere'))],
    ['a grant the server does not take', 'downstream_refused', () => exchangeWith()(callOf('crm.read').grant.slice(0, -8) + 'AAAAAAAA', { resource: crm.url, scope: 'contacts:read' })],
    ['a broker it does not know', 'downstream_misconfigured', () => brokerWith({ client: { id: 'crm-broker', key: generateKey('crm-broker-1') } }).call(callOf('crm.read'))],
    ['no server', 'downstream_unavailable', () => brokerWith({ issuer: 'http://127.0.0.1:1' }).call(callOf('crm.read'))],
    ['plain HTTP where it was not allowed', 'downstream_unavailable', () => brokerWith({ allowHttp: false }).call(callOf('crm.read'))],
    ['an answer that is too large', 'downstream_unavailable', () => brokerWith({ maxBytes: 64 }).call(callOf('crm.read'))],
  ])('%s: %s, and nothing is executed', async (_, code, ask) => {
    seen = [];
    expect(await ask()).toMatchObject({ ok: false, code });
    expect(seen).toEqual([]);
  });

  it.each<[string, (body: Record<string, unknown>) => void]>([
    ['more scope', (body) => { body['scope'] = 'contacts:read contacts:write'; }],
    ['a longer life', (body) => { body['expires_in'] = 86_400; }],
    ['no end', (body) => { delete body['expires_in']; }],
    ['another kind of token', (body) => { body['issued_token_type'] = 'urn:ietf:params:oauth:token-type:refresh_token'; }],
  ])('a server that answers %s than was asked for is refused', async (_, tamper) => {
    seen = [];
    change = tamper;
    try {
      expect(await brokerWith().call(callOf('crm.read'))).toMatchObject({ ok: false, code: 'downstream_misconfigured' });
    } finally {
      change = undefined;
    }
    expect(seen).toEqual([]);
  });

  it('the credential does not come back in a result', async () => {
    const scoped = await exchangeWith()(callOf('crm.read').grant, { resource: crm.url, scope: 'contacts:read' });
    if (!scoped.ok) throw new Error(scoped.detail);
    const echoing = createBroker({ guard: { check: async () => ({ ok: true, claims: {} as never }) }, exchange: async () => scoped, tools: { t: { resource: crm.url, scope: 's', call: (_, credential) => http(credential, 'GET', '/echo') } } });
    const answer = await echoing.call({ ...callOf('t') });
    expect(answer).toMatchObject({ ok: false, code: 'credential_in_result' });
    expect(JSON.stringify(answer)).not.toContain(scoped.credential.accessToken);
  });

  it('requests leave for the issuer alone: no redirect, no token endpoint elsewhere, and an end in time', async () => {
    let asked = 0;
    const thief = await listen(createServer((_, response) => { asked += 1; response.writeHead(200).end('{}'); }));
    const answering = async (answer: (url: string) => { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string } | undefined) => {
      const fake: Rest = await listen(createServer((request, response) => {
        const said = answer(fake.url);
        if (said !== undefined) response.writeHead(said.status, said.headers ?? { 'content-type': 'application/json' }).end(said.body);
        void request;
      }));
      try {
        return await exchangeWith({ issuer: fake.url, timeoutMs: 300 })(callOf('crm.read').grant, { resource: crm.url, scope: 'contacts:read' });
      } finally {
        await fake.close();
      }
    };
    expect(await answering(() => ({ status: 302, headers: { location: thief.url } }))).toMatchObject({ code: 'downstream_unavailable' });
    expect(await answering((url) => ({ status: 200, body: JSON.stringify({ issuer: url, token_endpoint: `${thief.url}/token` }) }))).toMatchObject({ code: 'downstream_unavailable' });
    expect(await answering((url) => ({ status: 200, body: JSON.stringify({ issuer: `${url}/other`, token_endpoint: `${url}/token` }) }))).toMatchObject({ code: 'downstream_unavailable' });
    expect(await answering(() => undefined)).toMatchObject({ code: 'downstream_unavailable' });
    expect(asked).toBe(0);
    await thief.close();
  });
});
