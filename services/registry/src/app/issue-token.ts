import { issueAgentToken, jwkThumbprint, peekClient, proofKey, publicKeyOf, verifyClientAssertion } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import type { AgentSnapshot, PublicJwk, ScopeExtension, TokenRequest, TokenResponse } from '@countersign/contracts';
import type { HotState } from '@countersign/hot-state';
import { refused } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';
import type { RevocationView } from '@countersign/tool-guard';
import { claimsOf, decideToken } from '../core/run.ts';
import type { Run, TokenCode } from '../core/run.ts';
import { clientKeys } from './client-keys.ts';
import type { ClientEntry, Inventory } from './ports.ts';

export type IssueCode = TokenCode | 'delegation_invalid' | 'unauthenticated' | 'assertion_used' | 'client_assertion_invalid' | 'key_expired' | 'credential_revoked' | 'stale_snapshot' | 'invalid_request' | 'rate_limited';

export interface IssueDeps {
  readonly inventory: Inventory;
  /** What was revoked: no token is issued to it, nor while this cannot be seen. */
  readonly revocations: RevocationView;
  /** Extra scope that a run was given; a renewed token keeps it. */
  readonly extensionOf?: (run: string) => Promise<ScopeExtension | undefined>;
  readonly hot: HotState;
  readonly key: SigningKey;
  readonly proofSecret: Buffer;
  readonly tenant: string;
  /** `iss` of tokens, and with /oauth2/token the audience of client assertions. */
  readonly issuer: string;
  readonly audience: string;
  /** Token requests an agent may make in a minute. */
  readonly perMinute: number;
  readonly ids: () => string;
  readonly now: () => number;
}

const assertionAgeS = 300;

/**
 * OAuth 2.0 client credentials with private_key_jwt (RFC 6749 section 4.4, RFC 7523): opens a run, or renews the token of one.
 * Everything that could be tried again is checked before the assertion's jti is spent.
 */
export const issueToken = async (deps: IssueDeps, request: TokenRequest): Promise<{ readonly status: 'issued'; readonly response: TokenResponse } | Refused<IssueCode>> => {
  const now = deps.now();
  const session = sessionKeyOf(request.session_key);
  if (session === undefined) return refused('invalid_request', 'session_key must be the JSON text of an Ed25519 public JWK (RFC 8037)');
  const authenticated = await authenticateClient(deps, request.client_assertion, now);
  if (authenticated.status === 'refused') return authenticated;
  const { client, authKey } = authenticated;
  const jkt = jwkThumbprint(session);
  const known = request.run === undefined ? undefined : await deps.inventory.run(request.run);
  const revoked = revokedSession(deps, { agent: client.agent, jkt, run: known ?? undefined, now });
  if (revoked !== undefined) return revoked;
  const behind = await actorsFault(deps, known?.delegation?.actors ?? []);
  if (behind !== undefined) return behind;
  const spent = await spendAssertion(deps, authenticated);
  if (spent !== undefined) return spent;
  const decided = decideToken({ agent: client.agent, status: client.snapshot.status, jkt, authKey, newRun: deps.ids(), now }, known);
  if (decided.status === 'refused') return decided;
  const { run, opened, expiresAt } = decided;
  if (opened) await deps.inventory.openRuns([run], now, request.purpose ?? null);
  const kept = opened ? undefined : await deps.extensionOf?.(run.run);
  const extension = kept !== undefined && now < kept.until * 1_000 ? kept : undefined;
  const scope = run.delegation?.scope ?? scopeOf(client.snapshot);
  const iat = Math.floor(now / 1000);
  const exp = Math.floor(expiresAt / 1000);
  const runNotAfter = Math.floor(run.notAfter / 1000);
  const token = issueAgentToken({
    iss: deps.issuer, aud: deps.audience, sub: client.agent, jti: deps.ids(), iat, exp, auth_time: iat, auth_key: authKey, tenant: deps.tenant, run: run.run, run_not_after: runNotAfter, scope, cnf: { jkt, jwk: session }, ...(run.delegation !== undefined && claimsOf(run.delegation)), ...(request.via !== undefined && { via: request.via }), ...(extension !== undefined && { extension }),
  }, deps.key);
  return {
    status: 'issued',
    response: {
      access_token: token, token_type: 'PoP', expires_in: exp - iat, scope, run: run.run, not_after: runNotAfter,
      proof_key: proofKey(deps.proofSecret, { tenant: deps.tenant, run: run.run, jkt }).toString('base64url'),
    },
  };
};

interface Client { readonly status: 'client'; readonly client: ClientEntry; readonly authKey: string; readonly jti: string }

/** Who signed a client assertion with a key of theirs that is valid now; the assertion is not spent yet. */
export const authenticateClient = async (deps: IssueDeps, jws: string, now: number): Promise<Client | Refused<IssueCode>> => {
  if (deps.revocations.isStale()) return refused('stale_snapshot', 'the registry cannot see the revocations at this moment: ask again');
  const id = peekClient(jws);
  const client = id === undefined ? undefined : await deps.inventory.client(id);
  if (client === undefined) return refused('unauthenticated', 'the client assertion is not by an agent that is registered here');
  const keys = clientKeys(deps.tenant, client.keys, now, deps.revocations);
  const assertion = verifyClientAssertion(jws, keys, { audience: `${deps.issuer}/oauth2/token`, now, maxAgeS: assertionAgeS });
  if (!assertion.ok) return refused('client_assertion_invalid', `client assertion: ${assertion.code}: ${assertion.detail}`);
  // Only who holds the key is told what became of it.
  if (keys.fault !== undefined) return refused(keys.fault.code, keys.fault.detail);
  return { status: 'client', client, authKey: keys.used!.thumbprint, jti: assertion.claims.jti };
};

/** Uses a client assertion up: once, and so often a minute. */
export const spendAssertion = async (deps: IssueDeps, { client, jti }: Client): Promise<Refused<IssueCode> | undefined> => {
  if (await deps.hot.increment(`token:${deps.tenant}:${client.agent}`, 60_000) > deps.perMinute) return refused('rate_limited', `at most ${deps.perMinute} token requests a minute per agent`);
  if (!await deps.hot.setIfAbsent(`assertion:${deps.tenant}:${client.agent}:${jti}`, (assertionAgeS + 60) * 1000)) return refused('assertion_used', 'this client assertion was used before: sign a new one for each request');
  return undefined;
};

/** Whether one of the agents that a run acts for may not act now, or nobody answers for it. */
export const actorsFault = async ({ inventory }: IssueDeps, actors: readonly string[]): Promise<Refused<IssueCode> | undefined> => {
  for (const id of actors) {
    const actor = await inventory.agent(id);
    if (actor?.snapshot.status !== 'active') return refused('agent_not_active', `the agent ${id}, for which the run acts, is ${actor?.snapshot.status ?? 'not registered'}`);
    if ((await inventory.person(actor.snapshot.owner))?.snapshot?.status !== 'active') return refused('agent_not_active', `nobody active answers for the agent ${id}, for which the run acts`);
  }
  return undefined;
};

/** Every tool that some permission covers, as patterns; policy holds each call to the permission itself. */
const scopeOf = ({ permissions, scoped = [] }: AgentSnapshot): string => [...new Set([...permissions, ...scoped.flatMap(({ permission }) => permission.tools)])].join(' ');

/** Whether the session, its run or everything of the agent from before was revoked. `run`: the one to be renewed. */
export const revokedSession = ({ revocations, tenant }: Pick<IssueDeps, 'revocations' | 'tenant'>, of: { readonly agent: string; readonly jkt: string; readonly run: Run | undefined; readonly now: number }): Refused<'credential_revoked'> | undefined => {
  if (revocations.size === 0) return undefined;
  const entry = revocations.work({ tenant, agent: of.agent, jkt: of.jkt, run: of.run?.run ?? '', iat: Math.floor((of.run?.openedAt ?? of.now) / 1000) });
  return entry && refused('credential_revoked', entry.kind === 'agent' ? 'what this agent held before was revoked: open a new run' : `the ${entry.kind} was revoked: open a new run with a new session key`);
};

/** The public session key out of a request; undefined where it is none. */
export const sessionKeyOf = (text: string): PublicJwk | undefined => {
  try {
    const { kty, crv, x, kid } = JSON.parse(text) as PublicJwk;
    const jwk = { kty, crv, x, kid: typeof kid === 'string' && /^[\w-]{1,64}$/.test(kid) ? kid : 'session' } as const;
    return publicKeyOf(jwk) === undefined ? undefined : jwk;
  } catch {
    return undefined;
  }
};
