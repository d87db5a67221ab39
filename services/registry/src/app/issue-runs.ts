import { issueAgentToken, jwkThumbprint, proofKey, verifyAgentToken, verifyClientAssertion, createKeySet } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';
import type { OpenRunsRequest, OpenRunsResponse } from '@countersign/contracts';
import { refused } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';
import { decideToken, tokenLifeMs } from '../core/run.ts';
import { revokedSession, sessionKeyOf } from './issue-token.ts';
import type { IssueCode, IssueDeps } from './issue-token.ts';

/** Longest age of the session key's statement, seconds: it is made for one request. */
const assertionAgeS = 60;

/**
 * Opens several runs of the agent whose session the caller holds, or renews one: for the gateway, where each AuthZEN evaluation is a run of
 * its own. A live agent token names the agent, a statement by that token's session key shows that it is no copy out of the inbox. The
 * agent's own key is needed again ten minutes after it spoke (`auth_time`, copied on). Scope and actors are those of that token, never more.
 */
export const issueRuns = async (deps: IssueDeps & { readonly tokenKeys: KeySet }, request: OpenRunsRequest): Promise<{ readonly status: 'issued'; readonly response: OpenRunsResponse } | Refused<IssueCode>> => {
  const now = deps.now();
  const session = sessionKeyOf(request.session_key);
  if (session === undefined) return refused('invalid_request', 'session_key must be the JSON text of an Ed25519 public JWK (RFC 8037)');
  const token = verifyAgentToken(request.subject_token, deps.tokenKeys, { now, audience: deps.audience });
  if (!token.ok || token.claims.tenant !== deps.tenant) return refused('unauthenticated', token.ok ? 'subject_token is of another tenant' : `subject_token: ${token.code}: ${token.detail}`);
  const { sub, cnf, via, act, scope, parent, auth_time: authTime, auth_key: authKey } = token.claims;
  // A run of its own would hang on nothing and spend from no budget of the one that delegated.
  if (parent !== undefined && request.run !== token.claims.run) return refused('delegation_invalid', 'a delegation is one run: its token opens no others');
  if (deps.revocations.isStale()) return refused('stale_snapshot', 'the registry cannot see the revocations at this moment: ask again');
  if (deps.revocations.token(token.claims) !== undefined) return refused('credential_revoked', 'the subject_token or what it rests on was revoked: open a session with the agent\'s key at /oauth2/token');
  // What this function issues is a subject token again: without this a stolen session key would live for ever.
  if (authTime === undefined || now >= authTime * 1000 + tokenLifeMs) return refused('unauthenticated', 'the agent\'s own key spoke more than ten minutes ago: open a session with it at /oauth2/token');
  const assertion = verifyClientAssertion(request.client_assertion, createKeySet([cnf.jwk]), { audience: `${deps.issuer}/oauth2/runs`, now, maxAgeS: assertionAgeS });
  if (!assertion.ok || assertion.claims.sub !== sub) return refused('unauthenticated', assertion.ok ? 'the statement is not about the agent of the token' : `client_assertion: ${assertion.code}: ${assertion.detail}`);
  const client = await deps.inventory.client(sub);
  if (client === undefined) return refused('unauthenticated', 'the agent is not registered here');
  const count = request.run === undefined ? request.count ?? 1 : 1;
  if (await deps.hot.increment(`token:${deps.tenant}:${sub}`, 60_000, count) > deps.perMinute) return refused('rate_limited', `at most ${deps.perMinute} tokens a minute per agent`);
  if (!await deps.hot.setIfAbsent(`assertion:${deps.tenant}:${sub}:${assertion.claims.jti}`, (assertionAgeS + 60) * 1000)) return refused('assertion_used', 'this statement was used before: sign a new one for each request');

  const jkt = jwkThumbprint(session);
  const ask = { agent: sub, status: client.snapshot.status, jkt, now, ...(authKey !== undefined && { authKey }), ...(request.life_s !== undefined && { lifeMs: request.life_s * 1_000 }) };
  const known = request.run === undefined ? undefined : await deps.inventory.run(request.run);
  // Scope and chain of a delegated run are its own, not those of the token that is shown here.
  if (known?.delegation !== undefined) return refused('delegation_invalid', 'a delegated run gets its tokens at /oauth2/token, with the agent\'s own key');
  const revoked = revokedSession(deps, { agent: sub, jkt, run: known ?? undefined, now });
  if (revoked !== undefined) return revoked;
  const iat = Math.floor(now / 1000);
  const decided = Array.from({ length: count }, () => decideToken({ ...ask, newRun: deps.ids() }, known));
  const runs: OpenRunsResponse['runs'][number][] = [];
  let exp = 0, notAfter = 0;
  for (const one of decided) {
    if (one.status === 'refused') return one;
    const { run } = one;
    exp = Math.floor(one.expiresAt / 1000);
    notAfter = Math.floor(run.notAfter / 1000);
    runs.push({
      run: run.run, proof_key: proofKey(deps.proofSecret, { tenant: deps.tenant, run: run.run, jkt }).toString('base64url'),
      access_token: issueAgentToken({ iss: deps.issuer, aud: deps.audience, sub, jti: deps.ids(), iat, exp, auth_time: authTime, ...(authKey !== undefined && { auth_key: authKey }), tenant: deps.tenant, run: run.run, run_not_after: notAfter, scope, cnf: { jkt, jwk: session }, ...(act !== undefined && { act }), ...(parent !== undefined && { parent }), ...(via !== undefined && { via }) }, deps.key),
    });
  }
  await deps.inventory.openRuns(decided.flatMap((one) => (one.status === 'issue' && one.opened ? [one.run] : [])), now, null);
  return { status: 'issued', response: { token_type: 'PoP', expires_in: exp - iat, not_after: notAfter, runs } };
};
