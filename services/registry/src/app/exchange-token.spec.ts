import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Revocation, TokenExchangeRequest } from '@countersign/contracts';
import { createMemoryHotState } from '@countersign/hot-state/memory';
import { argumentsDigest, createClientAssertion, createKeySet, createSessionProof, generateKey, issueAgentToken, jwkThumbprint, signGrants } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { delegateTool, registryAudience } from '@countersign/kernel';
import { createRevocationSet, createToolGuard } from '@countersign/tool-guard';
import { randomUUID } from 'node:crypto';
import type { ChildRun, Taken } from '../core/run.ts';
import { exchangeToken } from './exchange-token.ts';
import type { Inventory } from './ports.ts';

const issuer = 'http://registry', registry = generateKey('registry-1'), policy = generateKey('policy-1'), planner = generateKey('session'), child = generateKey('session');
const agents = new Map<string, SigningKey>(['payer', 'scribe'].map((id) => [id, generateKey(`${id}-1`)]));
const parentRun = randomUUID();
let now = 0, status = 'active';

interface Odd { readonly token?: object; readonly grant?: object; /** Of the run that delegates, ms. */ readonly life?: number }

/** A delegation from the planner's run to the payer, with everything the registry needs to know. */
const setUp = (odd: Odd = {}) => {
  const children = new Map<string, ChildRun & Taken & { readonly openedAt: number }>();
  const begun = now;
  const snapshot = () => ({ status, owner: 'olga', permissions: ['desk.*'] });
  const inventory = {
    client: async (id: string) => { const key = agents.get(id); return key && { agent: id, snapshot: snapshot(), keys: [{ kid: key.kid, thumbprint: jwkThumbprint(key.publicJwk), key: key.publicJwk, notBefore: 0, notAfter: 1e14, addedBy: 'op', replaced: false, announced: false }] }; },
    agent: async () => ({ snapshot: snapshot() }), person: async () => ({ snapshot: { status: 'active' } }), run: async () => ({ run: parentRun, agent: 'planner', jkt: 'j', notAfter: begun + (odd.life ?? 3_600_000) }),
    openChild: async (run: ChildRun, openedAt: number, taken: Taken) => { const key = run.delegation.action; if (children.has(key)) return false; children.set(key, { ...run, ...taken, openedAt }); return true; },
    childOf: async (_: string, action: string) => children.get(action) ?? null,
  } as unknown as Inventory;
  const revocations = Object.assign(createRevocationSet(), { isStale: () => false }), tokenKeys = createKeySet([registry.publicJwk]), grantKeys = createKeySet([policy.publicJwk]);
  const store = () => createMemoryHotState({ now: () => now - 60_000 });
  const deps = (hot = store()) => ({
    inventory, hot, revocations, key: registry, proofSecret: Buffer.alloc(32, 1), tenant: 'acme', issuer, audience: 'countersign', perMinute: 1_000, ids: randomUUID, now: () => now, tokenKeys, grantKeys, delegationDepth: 3,
    guard: createToolGuard({ audience: registryAudience, jwks: grantKeys, store: hot, halts: { halted: () => undefined, isStale: () => false }, now: () => now }),
  });
  const iat = Math.floor(now / 1_000), delegation = { agent: 'payer', scope: 'desk.read desk.transfer', instruction: 'pay', calls: 4, seconds: 600, money: { minor: 5_000, currency: 'EUR' } };
  const grant = signGrants([{ jti: 'g', tenant: 'acme', run: parentRun, action: randomUUID(), agent: 'planner', tool: delegateTool, definition: 'd', args: argumentsDigest(delegation), aud: registryAudience, policy: 'p', tier: 1, claim: false, jkt: jwkThumbprint(planner.publicJwk), iat, exp: iat + 30, delegation: { ancestors: [] }, ...odd.grant } as never], policy)[0]!;
  const { kty, crv, x } = planner.publicJwk, subjectId = randomUUID();
  const subject_token = issueAgentToken({ iss: issuer, aud: 'countersign', sub: 'planner', jti: subjectId, iat, exp: iat + 600, tenant: 'acme', run: parentRun, run_not_after: iat + 3_600, scope: 'desk.*', cnf: { jkt: jwkThumbprint(planner.publicJwk), jwk: { kty, crv, x, kid: 'session' } }, ...odd.token } as never, registry);
  const request: Omit<TokenExchangeRequest, 'client_assertion'> = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', subject_token, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token', client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    grant, session_proof: createSessionProof('g', registryAudience, now, planner), delegation: JSON.stringify(delegation), session_key: JSON.stringify(child.publicJwk),
  };
  const ask = async (with_ = deps(), change: Partial<TokenExchangeRequest> = {}, by = 'payer') => {
    const answer = await exchangeToken(with_, { ...request, client_assertion: createClientAssertion({ client: by, audience: `${issuer}/oauth2/token`, jti: randomUUID(), now }, agents.get(by)!), ...change });
    return answer.status === 'issued' ? answer.response : answer.code;
  };
  const revoke = (kind: Revocation['kind'], subject: string, from = now) => revocations.add({ revocation: randomUUID(), kind, tenant: 'acme', subject, from, until: now + 1e9, at: now, by: 'op', reason: 'r' } as never);
  return { ask, deps, children, revoke, subjectId };
};

describe('taking a delegation up', () => {
  beforeEach(() => { now = 1_800_000_000_000; status = 'active'; });

  it('asked again because the answer was lost, it is answered with the same token, and one run is open', async () => {
    const { ask, deps, children } = setUp(), one = deps();
    const first = await ask(one);
    expect(first).toMatchObject({ scope: 'desk.read desk.transfer', expires_in: 600 });
    now += 5_000;
    expect(await ask(one)).toEqual({ ...first as object, expires_in: 595 });
    // Another instance answers the same, and so does one whose store of used grants has forgotten.
    expect(await ask({ ...deps(), hot: one.hot, guard: one.guard })).toMatchObject({ access_token: (first as { access_token: string }).access_token });
    expect(await ask(deps())).toMatchObject({ access_token: (first as { access_token: string }).access_token });
    expect(children.size).toBe(1);
  });

  it('is done once for everybody and everything else', async () => {
    const { ask, deps, children } = setUp(), one = deps();
    expect(await ask(one)).toMatchObject({ token_type: 'PoP' });
    // Another session of the same agent, less scope, another key of the agent: each another request.
    expect(await ask(one, { session_key: JSON.stringify(generateKey('session').publicJwk) })).toBe('grant_used');
    expect(await ask(one, { scope: 'desk.read' })).toBe('grant_used');
    expect(await ask(one, { session_proof: createSessionProof('g', registryAudience, now + 1_000, planner) })).toBe('grant_used');
    agents.set('payer', generateKey('payer-2'));
    expect(await ask(one)).toBe('grant_used');
    expect(await ask(one, {}, 'scribe')).toBe('delegation_invalid');
    expect(children.size).toBe(1);
  });

  it('is over for who lost the answer, too, once the grant is, and where somebody has been stopped meanwhile', async () => {
    const { ask, deps, children, revoke } = setUp(), one = deps();
    expect(await ask(one)).toMatchObject({ token_type: 'PoP' });
    status = 'suspended';
    expect(await ask(one)).toBe('agent_not_active');
    status = 'active';
    const { run } = [...children.values()][0]!;
    now += 40_000;
    expect(await ask(one)).toBe('delegation_invalid');
    now -= 40_000;
    revoke('run', run);
    expect(await ask(one)).toBe('credential_revoked');
  });

  it('a grant that was used, and of which nothing was opened, stays used', async () => {
    const { ask, deps, children } = setUp(), one = deps();
    expect(await ask({ ...one, inventory: { ...one.inventory, openChild: async () => { throw new Error('the database is away'); } } as Inventory }).catch((error: Error) => error.message)).toBe('the database is away');
    expect(await ask(one)).toBe('grant_used');
    expect(children.size).toBe(0);
  });

  it.each<[string, Odd]>([
    ['another tenant', { grant: { tenant: 'globex' } }], ['another run', { grant: { run: randomUUID() } }], ['another agent', { grant: { agent: 'scribe' } }], ['another session', { grant: { jkt: 'j' } }],
    ['another tool', { grant: { tool: 'desk.read' } }], ['no delegation', { grant: { delegation: undefined } }], ['a token of another tenant', { token: { tenant: 'globex' } }], ['a token of another run', { token: { run: randomUUID() } }], ['a token of another agent', { token: { sub: 'scribe' } }],
    ['a token that is over', { token: { exp: 1_799_999_999 } }],
  ])('is refused with a grant or token of %s', async (_, odd) => {
    const { ask, deps, children } = setUp(odd);
    expect(await ask(deps())).toBe('delegation_invalid');
    expect(children.size).toBe(0);
  });

  it('takes a session key of its own', async () => {
    const { ask, deps, children } = setUp();
    expect(await ask(deps(), { session_key: JSON.stringify(planner.publicJwk) })).toBe('delegation_invalid');
    expect(children.size).toBe(0);
  });

  it.each<[string, (of: ReturnType<typeof setUp>) => void]>([
    ['the token that delegates', ({ revoke, subjectId }) => revoke('token', subjectId)], ['the run that delegates', ({ revoke }) => revoke('run', parentRun)], ['the session that delegates', ({ revoke }) => revoke('session', jwkThumbprint(planner.publicJwk))],
    ['the session that is to act', ({ revoke }) => revoke('session', jwkThumbprint(child.publicJwk))], ['everything the agent held that is to act', ({ revoke }) => revoke('agent', 'payer', now + 1)],
  ])('is refused where %s was revoked', async (_, revoking) => {
    const all = setUp();
    revoking(all);
    expect(await all.ask(all.deps())).toBe('credential_revoked');
    expect(all.children.size).toBe(0);
  });

  it('lives no longer than what it hangs on, nor longer than it was given', async () => {
    for (const [life, seconds] of [[200_000, 200], [3_600_000, 600]] as const) {
      const { ask, deps, children } = setUp({ life });
      expect(await ask(deps())).toMatchObject({ not_after: now / 1_000 + seconds });
      expect([...children.values()][0]!.notAfter).toBe(now + seconds * 1_000);
    }
    const { ask, deps } = setUp({ life: 0 });
    expect(await ask(deps())).toBe('run_expired');
  });
});
