import { beforeEach, describe, expect, it } from '@jest/globals';
import type { OpenRunsRequest, TokenClaims } from '@countersign/contracts';
import { createClientAssertion, createKeySet, generateKey, issueAgentToken, jwkThumbprint, verifyAgentToken } from '@countersign/identity';
import type { HotState } from '@countersign/hot-state';
import { randomBytes, randomUUID } from 'node:crypto';
import type { Run } from '../core/run.ts';
import { createRevocationSet } from '@countersign/tool-guard';
import { issueRuns } from './issue-runs.ts';
import { issueToken } from './issue-token.ts';
import type { Inventory } from './ports.ts';

const issuer = 'http://registry', registry = generateKey('registry-1'), agent = generateKey('a-1'), session = generateKey('session');
const tokenKeys = createKeySet([registry.publicJwk]);
const runs = new Map<string, Run>();
let now = 0;
const inventory = {
  client: async (id: string) => ({ agent: id, snapshot: { status: 'active', permissions: ['payments.*', 'ledger.*'] }, keys: [{ kid: 'a-1', thumbprint: jwkThumbprint(agent.publicJwk), key: agent.publicJwk, notBefore: 0, notAfter: 1e14, addedBy: 'op', replaced: false, announced: false }] }),
  run: async (id: string) => runs.get(id) ?? null,
  openRuns: async (opened: readonly Run[]) => { for (const run of opened) runs.set(run.run, run); },
} as unknown as Inventory;
const hot = { increment: async () => 1, setIfAbsent: async () => true } as unknown as HotState;
const revocations = { ...createRevocationSet(), isStale: () => false };
const deps = { inventory, hot, revocations, key: registry, proofSecret: randomBytes(32), tenant: 'acme', issuer, audience: 'countersign', perMinute: 1000, ids: randomUUID, now: () => now, tokenKeys };

const statement = (to: string, by = session) => createClientAssertion({ client: 'payer', audience: `${issuer}/oauth2/${to}`, jti: randomUUID(), now }, by);
const session_key = JSON.stringify(session.publicJwk);
const claimsOf = (token: string): TokenClaims => {
  const checked = verifyAgentToken(token, tokenKeys, { now, audience: 'countersign' });
  if (!checked.ok) throw new Error(checked.detail);
  return checked.claims;
};
const byAgentKey = async (run?: string): Promise<string> => {
  const issued = await issueToken(deps, { grant_type: 'client_credentials', client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: statement('token', agent), session_key, ...(run !== undefined && { run }) });
  if (issued.status === 'refused') throw new Error(issued.detail);
  return issued.response.access_token;
};
const bySession = async (subject_token: string, more: Partial<OpenRunsRequest> = {}) => issueRuns(deps, { subject_token, client_assertion: statement('runs'), session_key, ...more });
const tokenBySession = async (subject: string, more: Partial<OpenRunsRequest> = {}): Promise<string> => {
  const issued = await bySession(subject, more);
  if (issued.status === 'refused') throw new Error(issued.detail);
  return issued.response.runs[0]!.access_token;
};

describe('runs opened on the word of a session key', () => {
  beforeEach(() => { now = 1_800_000_000_000; });

  it('keep the time at which the agent itself spoke, and end ten minutes after it', async () => {
    const first = await byAgentKey();
    now += 540_000;
    const second = await tokenBySession(first);
    expect(claimsOf(second)).toMatchObject({ auth_time: 1_800_000_000, iat: 1_800_000_540 });
    now += 59_000;
    const third = await tokenBySession(second);
    now += 1_000;
    // The tokens themselves still live; a renewal by them would let the session live for ever.
    for (const token of [second, third]) for (const more of [{}, { run: claimsOf(token).run }]) expect(await bySession(token, more)).toMatchObject({ status: 'refused', code: 'unauthenticated' });
    expect(claimsOf(await tokenBySession(await byAgentKey(claimsOf(third).run), { run: claimsOf(third).run })).auth_time).toBe(1_800_000_600);
  });

  it('may do what the token may, for whom it does it; a token that does not say when its agent spoke opens none', async () => {
    const { auth_time, ...rest } = claimsOf(await byAgentKey());
    const narrow = { ...rest, scope: 'ledger.read_invoice', act: { sub: 'planner' }, via: 'gateway', cnf: { jkt: jwkThumbprint(session.publicJwk), jwk: rest.cnf.jwk } };
    const issued = claimsOf(await tokenBySession(issueAgentToken({ ...narrow, auth_time: auth_time! }, registry)));
    expect(issued).toMatchObject({ scope: 'ledger.read_invoice', act: { sub: 'planner' }, via: 'gateway' });
    expect(await bySession(issueAgentToken(narrow, registry))).toMatchObject({ status: 'refused', code: 'unauthenticated' });
  });

  it('are not those of a delegated run, whose scope and chain are its own', async () => {
    const token = await byAgentKey(), { run } = claimsOf(token);
    expect(await bySession(token, { run })).toMatchObject({ status: 'issued' });
    runs.set(run, { ...runs.get(run)!, delegation: { parent: randomUUID(), action: randomUUID(), scope: 'ledger.read', actors: ['planner'] } } as unknown as Run);
    expect(await bySession(token, { run })).toMatchObject({ status: 'refused', code: 'delegation_invalid' });
  });
});
