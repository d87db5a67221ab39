import { describe, expect, it } from '@jest/globals';
import type { GrantClaims, HaltNotice, Revocation } from '@countersign/contracts';
import { createMemoryHotState } from '@countersign/hot-state/memory';
import { argumentsDigest, createKeySet, createSessionProof, generateKey, issueClaim, jwkThumbprint, signGrants } from '@countersign/identity';
import fastify from 'fastify';
import { createToolGuard } from './guard.ts';
import type { GuardedCall } from './guard.ts';
import { createHaltSet } from './halt-set.ts';
import { createRevocationSet } from './revocation-set.ts';
import { toolGuardHook, toolGuardMiddleware } from './http-hooks.ts';

const policy = generateKey('policy-1'), supervision = generateKey('supervision-1'), session = generateKey('session'), thief = generateKey('session');
const args = { to: 'DE02', minor: 1200 };
const base: GrantClaims = {
  jti: 'g1', tenant: 'acme', run: 'r1', action: 'a1', agent: 'ag', tool: 'payments.transfer', definition: 'def', args: argumentsDigest(args), aud: 'tools', policy: 'p1', tier: 3, claim: true,
  jkt: jwkThumbprint(session.publicJwk), iat: 1_000, exp: 1_030,
};

const world = (change: Partial<GrantClaims> = {}, options: { gone?: boolean; startedAt?: number; refuseObserved?: boolean } = {}) => {
  let time = options.startedAt ?? 900_000;
  const store = createMemoryHotState({ now: () => time });
  time = 1_005_000;
  const halts = createHaltSet();
  let stale = false;
  const revoked = createRevocationSet();
  let blind = false;
  const revocations = { ...revoked, get size() { return revoked.size; }, isStale: () => blind };
  const guard = createToolGuard({ audience: 'tools', jwks: createKeySet([policy.publicJwk, supervision.publicJwk]), store, revocations, halts: { halted: (t, except) => halts.halted(t, except), isStale: () => stale }, now: () => time, ...(options.refuseObserved !== undefined && { refuseObserved: options.refuseObserved }) });
  const claims = { ...base, ...change };
  const call: GuardedCall = {
    grant: signGrants([claims], policy)[0]!, tool: 'payments.transfer', arguments: args, definition: 'def',
    claim: issueClaim({ jti: 'c1', grant: claims.jti, tenant: 'acme', run: claims.run, action: claims.action, aud: 'tools', iat: 1_004, exp: 1_009 }, supervision),
    sessionProof: createSessionProof(claims.jti, 'tools', time, session),
  };
  return { guard, call, store, halt: (notice: Partial<HaltNotice>) => halts.add({ halt: 'h1', op: 'halt', mode: 'halt', tenant: 'acme', scope: { kind: 'run', id: 'r1' }, by: 'p', reason: 'r', at: 0, ...notice }), at: (t: number) => { time = t; }, goStale: (is = true) => { stale = is; }, goBlind: () => { blind = true; }, revoke: (kind: Revocation['kind'], subject: string) => revoked.add({ revocation: 'x', tenant: 'acme', agent: 'ag', kind, subject, from: 1_000_001, until: 2e9, reason: 'r', by: 'op', at: 0 }) };
};
const code = async (w: ReturnType<typeof world>, change: Partial<GuardedCall> = {}) => { const r = await w.guard.check({ ...w.call, ...change }); return r.ok ? 'ok' : r.code; };

describe('tool guard', () => {
  it('lets the right call through, once', async () => {
    const w = world();
    expect(await code(w)).toBe('ok');
    expect(await code(w)).toBe('grant_used');
    const shared = world();
    expect((await Promise.all(Array.from({ length: 20 }, () => code(shared)))).filter((c) => c === 'ok')).toHaveLength(1);
  });

  const other = issueClaim({ jti: 'c', grant: 'g2', tenant: 'acme', run: 'r1', action: 'a1', aud: 'tools', iat: 1_004, exp: 1_009 }, supervision);
  const forged = issueClaim({ jti: 'c', grant: 'g1', tenant: 'acme', run: 'r1', action: 'a1', aud: 'tools', iat: 1_004, exp: 1_009 }, policy);
  it.each<[string, Partial<GuardedCall>]>([
    ['bad_grant', { grant: '' }],
    ['bad_grant', { grant: 'csg1.x' }],
    ['wrong_signer', { grant: signGrants([base], supervision)[0]! }],
    ['bad_signature', { grant: signGrants([base], generateKey('policy-1'))[0]! }],
    ['wrong_audience', { grant: signGrants([{ ...base, aud: 'others' }], policy)[0]! }],
    ['wrong_tool', { tool: 'payments.refund' }],
    ['wrong_definition', { definition: 'newer' }],
    ['wrong_arguments', { arguments: { ...args, minor: 1201 } }],
    ['wrong_arguments', { arguments: undefined }],
    ['claim_required', { claim: undefined }],
    ['claim_mismatch', { claim: other }],
    ['wrong_signer', { claim: forged }],
    ['bad_token', { claim: 'x.y.z' }],
    ['session_proof_required', { sessionProof: undefined }],
    ['wrong_session', { sessionProof: createSessionProof('g1', 'tools', 1_005_000, thief) }],
    ['bad_session_proof', { sessionProof: createSessionProof('g2', 'tools', 1_005_000, session) }],
    ['bad_session_proof', { sessionProof: createSessionProof('g1', 'others', 1_005_000, session) }],
    ['stale_session_proof', { sessionProof: createSessionProof('g1', 'tools', 900_000, session) }],
  ])('refuses with %s and consumes nothing', async (expected, change) => {
    const w = world();
    expect(await code(w, change)).toBe(expected);
    expect(await code(w)).toBe('ok');
  });

  it('takes a grant of observe mode unless it is told not to', async () => {
    expect(await code(world({ observe: true }))).toBe('ok');
    expect(await code(world({ observe: true }, { refuseObserved: true }))).toBe('observed_grant');
    expect(await code(world({}, { refuseObserved: true }))).toBe('ok');
    expect(await code(world({ observe: 'no' as never }))).toBe('bad_grant');
  });

  it('knows the ends of grant and claim', async () => {
    const w = world();
    w.at(1_009_000);
    expect(await code(w)).toBe('claim_expired');
    w.at(1_030_000);
    expect(await code(w)).toBe('expired');
  });

  it.each<[string, Partial<HaltNotice>, string]>([
    ['everything', { tenant: 'ops', scope: { kind: 'everything', id: null } }, 'halted'],
    ['the tenant', { scope: { kind: 'tenant', id: 'acme' } }, 'halted'],
    ['the agent', { scope: { kind: 'agent', id: 'ag' } }, 'halted'],
    ['the tool', { scope: { kind: 'tool', id: 'payments.transfer' } }, 'halted'],
    ['the run', { scope: { kind: 'run', id: 'r1' } }, 'halted'],
    ['the run, for the senior decision on this action', { halt: 'tier4:r1:a1', scope: { kind: 'run', id: 'r1' } }, 'ok'],
    ['the run, for the senior decision on another action', { halt: 'tier4:r1:another', scope: { kind: 'run', id: 'r1' } }, 'halted'],
    ['another run', { scope: { kind: 'run', id: 'r2' } }, 'ok'],
    ['a run of another tenant', { tenant: 'other', scope: { kind: 'run', id: 'r1' } }, 'ok'],
  ])('heeds a halt of %s', async (_, notice, expected) => {
    const w = world();
    w.halt(notice);
    expect(await code(w)).toBe(expected);
  });

  it('takes a lift for good, whichever came first, and only in its own tenant', async () => {
    const w = world();
    w.halt({ op: 'lift', tenant: 'other' });
    w.halt({});
    expect(await code(w)).toBe('halted');
    w.halt({ op: 'lift' });
    w.halt({});
    expect(await code(w)).toBe('ok');
  });

  it('refuses retryably when halts are stale or the store is gone, and what an amnesic store cannot know', async () => {
    const stale = world();
    stale.goStale();
    expect(await stale.guard.check(stale.call)).toMatchObject({ code: 'halts_stale', status: 503, retryable: true });
    const gone = world();
    await gone.store.close();
    expect(await gone.guard.check(gone.call)).toMatchObject({ code: 'hot_state_unavailable', status: 503, retryable: true });
    expect(await code(world({}, { startedAt: 1_000_000 }))).toBe('grant_predates_store');
    expect(await code(world({}, { startedAt: 999_999 }))).toBe('ok');
  });

  it.each<[Revocation['kind'], string, string]>([['session', base.jkt, 'credential_revoked'], ['run', 'r1', 'credential_revoked'], ['agent', 'ag', 'credential_revoked'], ['session', 'another', 'ok']])('refuses a grant whose %s (%s) was revoked', async (kind, subject, expected) => {
    const w = world();
    w.revoke(kind, subject);
    expect(await code(w)).toBe(expected);
  });

  it.each<[string, string, (w: ReturnType<typeof world>) => void]>([
    ['credential_revoked', 'a revocation', (w) => w.revoke('run', 'r1')],
    ['revocations_stale', 'silence about revocations', (w) => w.goBlind()],
    ['halted', 'a halt', (w) => w.halt({})],
    ['halts_stale', 'silence about halts', (w) => w.goStale()],
    ['expired', 'the end of the grant', (w) => w.at(1_030_000)],
  ])('refuses with %s for %s that came while the single use was being recorded', async (expected, _, meanwhile) => {
    const w = world();
    const { setIfAbsent } = w.store;
    Object.assign(w.store, { setIfAbsent: async (key: string, ms: number) => { const first = await setIfAbsent.call(w.store, key, ms); meanwhile(w); return first; } });
    expect(await code(w)).toBe(expected);
  });

  it('gives the single use back where it went blind while it was being recorded: nothing ran, and the same call passes once it sees again', async () => {
    const w = world();
    const { setIfAbsent } = w.store;
    Object.assign(w.store, { setIfAbsent: async (key: string, ms: number) => { const first = await setIfAbsent.call(w.store, key, ms); w.goStale(); return first; } });
    expect(await w.guard.check(w.call)).toMatchObject({ code: 'halts_stale', retryable: true });
    Object.assign(w.store, { setIfAbsent });
    w.goStale(false);
    expect([await code(w), await code(w)]).toEqual(['ok', 'grant_used']);
  });

  it('lets a tier 1 grant through without claim', async () => {
    expect(await code(world({ tier: 1, claim: false }), { claim: undefined })).toBe('ok');
  });
});

describe('hooks', () => {
  const headers = (w: ReturnType<typeof world>) => ({ 'cs-grant': w.call.grant, 'cs-claim': w.call.claim!, 'cs-session-proof': w.call.sessionProof! });

  it('guards a Fastify route', async () => {
    const w = world();
    const app = fastify();
    app.post<{ Params: { tool: string } }>('/tools/:tool', { preHandler: toolGuardHook(w.guard, { tool: (r: { params?: unknown } & Parameters<ReturnType<typeof toolGuardHook>>[0]) => (r.params as { tool: string }).tool }) as never },
      async (request) => ({ ran: (request as unknown as { countersign: GrantClaims }).countersign.action }));
    const inject = (h: Record<string, string>) => app.inject({ method: 'POST', url: '/tools/payments.transfer', payload: args, headers: h });
    const direct = await inject({});
    expect([direct.statusCode, direct.headers['content-type'], direct.json()]).toMatchObject([401, expect.stringContaining('application/problem+json'), { code: 'bad_grant' }]);
    expect((await inject(headers(w))).json()).toEqual({ ran: 'a1' });
    expect((await inject(headers(w))).statusCode).toBe(409);
    await app.close();
  });

  it('guards an Express route', async () => {
    const w = world();
    const answers: unknown[] = [];
    const call = (h: Record<string, string>) => new Promise<void>((resolve) => {
      toolGuardMiddleware(w.guard, { tool: () => 'payments.transfer' })({ headers: h, body: args }, { status: (s) => ({ type: () => ({ send: () => { answers.push(s); resolve(); } }) }) }, () => { answers.push('ran'); resolve(); });
    });
    await call(headers(w));
    await call(headers(w));
    expect(answers).toEqual(['ran', 409]);
  });
});
