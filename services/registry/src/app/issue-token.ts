import { issueAgentToken, jwkThumbprint, peekClient, proofKey, publicKeyOf, verifyClientAssertion, createKeySet } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import type { PublicJwk, TokenRequest, TokenResponse } from '@countersign/contracts';
import type { HotState } from '@countersign/hot-state';
import { refused } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';
import { decideToken } from '../core/run.ts';
import type { TokenCode } from '../core/run.ts';
import type { Inventory } from './ports.ts';

export type IssueCode = TokenCode | 'unauthenticated' | 'invalid_request' | 'rate_limited';

export interface IssueDeps {
  readonly inventory: Inventory;
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
  const id = peekClient(request.client_assertion);
  const client = id === undefined ? undefined : await deps.inventory.agent(id);
  if (client === undefined) return refused('unauthenticated', 'the client assertion is not by an agent that is registered here');
  const assertion = verifyClientAssertion(request.client_assertion, createKeySet([client.key]), { audience: `${deps.issuer}/oauth2/token`, now, maxAgeS: assertionAgeS });
  if (!assertion.ok) return refused('unauthenticated', `client assertion: ${assertion.code}: ${assertion.detail}`);
  if (await deps.hot.increment(`token:${deps.tenant}:${client.agent}`, 60_000) > deps.perMinute) return refused('rate_limited', `at most ${deps.perMinute} token requests a minute per agent`);
  if (!await deps.hot.setIfAbsent(`assertion:${deps.tenant}:${client.agent}:${assertion.claims.jti}`, (assertionAgeS + 60) * 1000)) return refused('unauthenticated', 'this client assertion was used before: sign a new one for each request');

  const jkt = jwkThumbprint(session);
  const decided = decideToken({ agent: client.agent, status: client.snapshot.status, jkt, newRun: deps.ids(), now }, request.run === undefined ? undefined : await deps.inventory.run(request.run));
  if (decided.status === 'refused') return decided;
  const { run, opened, expiresAt } = decided;
  if (opened) await deps.inventory.openRuns([run], now, request.purpose ?? null);
  const scope = client.snapshot.permissions.join(' ');
  const iat = Math.floor(now / 1000);
  const exp = Math.floor(expiresAt / 1000);
  const runNotAfter = Math.floor(run.notAfter / 1000);
  const token = issueAgentToken({
    iss: deps.issuer, aud: deps.audience, sub: client.agent, jti: deps.ids(), iat, exp, auth_time: iat, tenant: deps.tenant, run: run.run, run_not_after: runNotAfter, scope, cnf: { jkt, jwk: session }, ...(request.via !== undefined && { via: request.via }),
  }, deps.key);
  return {
    status: 'issued',
    response: {
      access_token: token, token_type: 'PoP', expires_in: exp - iat, scope, run: run.run, not_after: runNotAfter,
      proof_key: proofKey(deps.proofSecret, { tenant: deps.tenant, run: run.run, jkt }).toString('base64url'),
    },
  };
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
