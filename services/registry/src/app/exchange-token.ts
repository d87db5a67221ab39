import { validateDelegation } from '@countersign/contracts';
import type { AgentSnapshot, Delegation, PublicJwk, TokenClaims, TokenExchangeRequest, TokenResponse } from '@countersign/contracts';
import { argumentsDigest, issueAgentToken, jwkThumbprint, parseStrictJson, proofKey, verifyAgentToken, verifyGrant } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';
import { actorsIn, delegateTool, refused, registryAudience, scopeIntersection, within } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';
import type { ToolGuard } from '@countersign/tool-guard';
import { claimsOf, decideToken, tokenLifeMs } from '../core/run.ts';
import type { ChildRun } from '../core/run.ts';
import { actorsFault, authenticateClient, revokedSession, sessionKeyOf, spendAssertion } from './issue-token.ts';
import type { IssueCode, IssueDeps } from './issue-token.ts';

export interface ExchangeDeps extends IssueDeps {
  /** The registry's own keys: agent tokens. */
  readonly tokenKeys: KeySet;
  /** Policy's keys: grants. */
  readonly grantKeys: KeySet;
  /** The same check as in front of any tool: grant, claim, session proof, halts, single use. */
  readonly guard: ToolGuard;
  /** Most agents one behind the other. */
  readonly delegationDepth: number;
}

export type ExchangeCode = IssueCode | 'invalid_scope' | 'delegation_limit' | 'grant_used';
type Answer = { readonly status: 'issued'; readonly response: TokenResponse } | Refused<string>;

/** Most patterns of a scope. */
const mostPatterns = 64;
const issuedType = 'urn:ietf:params:oauth:token-type:access_token';

/**
 * Token exchange (RFC 8693): opens the child run of a delegation. Four things must come together: a live token of the run that delegates, policy's
 * grant for exactly these arguments, the word of that run's session key over the grant, and the key of the agent that it names. Everything that could
 * be tried again is checked before the grant is used up. Whoever lost the answer asks again, with all of the same and a new assertion, while the grant lives:
 * nothing is opened a second time, the same token is said again. To everybody else, and for anything else, the grant is used.
 */
export const exchangeToken = async (deps: ExchangeDeps, request: TokenExchangeRequest): Promise<Answer> => {
  const now = deps.now();
  const session = sessionKeyOf(request.session_key);
  if (session === undefined) return refused('invalid_request', 'session_key must be the JSON text of an Ed25519 public JWK (RFC 8037)');
  const delegation = readDelegation(request.delegation);
  if (delegation === undefined) return refused('invalid_request', 'delegation must be the JSON text of the arguments that were granted');
  const authenticated = await authenticateClient(deps, request.client_assertion, now);
  if (authenticated.status === 'refused') return authenticated;
  const { client, authKey } = authenticated;
  const token = verifyAgentToken(request.subject_token, deps.tokenKeys, { now, audience: deps.audience });
  if (!token.ok || token.claims.tenant !== deps.tenant) return refused('delegation_invalid', token.ok ? 'subject_token is of another tenant' : `subject_token: ${token.code}: ${token.detail}`);
  if (deps.revocations.token(token.claims) !== undefined) return refused('credential_revoked', 'the subject_token or what it rests on was revoked');
  const jkt = jwkThumbprint(session);
  if (jkt === token.claims.cnf.jkt) return refused('delegation_invalid', 'the child run needs a session key of its own');
  const revoked = revokedSession(deps, { agent: client.agent, jkt, run: undefined, now });
  if (revoked !== undefined) return revoked;
  const granted = grantOf(deps, request, token.claims, delegation, client.agent, now);
  if (granted.status === 'refused') return granted;

  const actors = [token.claims.sub, ...actorsIn(token.claims.act)];
  if (actors.includes(client.agent)) return refused('delegation_limit', `the agent ${client.agent} is in the chain already`);
  if (actors.length > deps.delegationDepth) return refused('delegation_limit', `at most ${deps.delegationDepth} agents act one for the other`);
  const behind = await actorsFault(deps, [...actors, client.agent]);
  if (behind !== undefined) return behind;
  const parent = await deps.inventory.run(token.claims.run);
  if (parent === null || now >= parent.notAfter) return refused('run_expired', 'the run that delegates is over');
  const scope = scopeOf(delegation, request.scope, token.claims.scope, (await deps.inventory.agent(token.claims.sub))!.snapshot, client.snapshot);
  if (typeof scope !== 'string') return scope;

  const spent = await spendAssertion(deps, authenticated);
  if (spent !== undefined) return spent;
  const { client_assertion: _new, ...same } = request;
  const asked = argumentsDigest({ agent: client.agent, authKey, ...same });
  const answer = (run: ChildRun, jti: string, openedAt: number): Answer => answerOf(deps, { run, jti, openedAt, authKey, jwk: session, now });
  const again = async (why: string): Promise<Answer> => {
    const child = await deps.inventory.childOf(token.claims.run, granted.action);
    return child?.request === asked && child.delegation.scope === scope ? answer(child, child.jti, child.openedAt) : refused('grant_used', why);
  };
  const used = await deps.guard.check({ grant: request.grant, claim: request.claim, sessionProof: request.session_proof, tool: delegateTool, arguments: delegation });
  if (!used.ok) return used.code === 'grant_used' ? again(used.detail) : refused(used.code, used.detail);
  const decided = decideToken({
    agent: client.agent, status: client.snapshot.status, jkt, authKey, newRun: deps.ids(), now, lifeMs: Math.min(delegation.seconds * 1_000, parent.notAfter - now),
    delegation: { parent: token.claims.run, action: granted.action, scope, actors },
  }, undefined);
  if (decided.status === 'refused') return decided;
  const run: ChildRun = { ...decided.run, delegation: decided.run.delegation! }, jti = deps.ids();
  return await deps.inventory.openChild(run, now, { request: asked, jti }) ? answer(run, jti, now) : again('this delegation was taken up before');
};

/** All of it follows from the run and the id of its first token: said again, it is the same. */
const answerOf = (deps: ExchangeDeps, { run, jti, openedAt, authKey, jwk, now }: { readonly run: ChildRun; readonly jti: string; readonly openedAt: number; readonly authKey: string; readonly jwk: PublicJwk; readonly now: number }): Answer => {
  const { scope } = run.delegation;
  const iat = Math.floor(openedAt / 1_000), exp = Math.floor(Math.min(openedAt + tokenLifeMs, run.notAfter) / 1_000), runNotAfter = Math.floor(run.notAfter / 1_000);
  const claims = { iss: deps.issuer, aud: deps.audience, sub: run.agent, jti, iat, exp, auth_time: iat, auth_key: authKey, tenant: deps.tenant, run: run.run, run_not_after: runNotAfter, scope, cnf: { jkt: run.jkt, jwk }, ...claimsOf(run.delegation) };
  if (deps.revocations.token(claims) !== undefined) return refused('credential_revoked', 'what this delegation opened was revoked');
  if (now >= exp * 1_000) return refused('run_expired', 'what this delegation opened is over');
  return {
    status: 'issued',
    response: {
      access_token: issueAgentToken(claims, deps.key), issued_token_type: issuedType, token_type: 'PoP', expires_in: exp - Math.floor(now / 1_000), scope, run: run.run, not_after: runNotAfter,
      proof_key: proofKey(deps.proofSecret, { tenant: deps.tenant, run: run.run, jkt: run.jkt }).toString('base64url'),
    },
  };
};

const readDelegation = (text: string): Delegation | undefined => {
  const parsed = parseStrictJson(Buffer.from(text), { maxBytes: 65_536 });
  return parsed.ok && validateDelegation(parsed.value) ? parsed.value as unknown as Delegation : undefined;
};

/** The action that was granted, where grant, token, arguments and agent are of one delegation; that the grant may be used now the guard says. */
const grantOf = (deps: ExchangeDeps, { grant }: TokenExchangeRequest, token: TokenClaims, delegation: Delegation, agent: string, now: number): Refused<ExchangeCode> | { readonly status: 'granted'; readonly action: string } => {
  const read = verifyGrant(grant, deps.grantKeys, { now, audience: registryAudience });
  if (!read.ok) return refused('delegation_invalid', `the grant: ${read.code}: ${read.detail}`);
  const { claims } = read;
  if (claims.tool !== delegateTool || claims.delegation === undefined) return refused('delegation_invalid', 'the grant is for something else');
  if (claims.tenant !== token.tenant || claims.run !== token.run || claims.agent !== token.sub || claims.jkt !== token.cnf.jkt) return refused('delegation_invalid', 'the grant was not given to the run of the subject_token');
  return delegation.agent === agent ? { status: 'granted', action: claims.action } : refused('delegation_invalid', `${delegation.agent} is to act, not ${agent}`);
};

/** Tools that an agent may hand on. Conditions on resources and actions go with them, for policy holds the child to those of everybody it acts for; what a run may do in all would be a new measure in each child. */
const handedOn = ({ permissions, scoped = [] }: AgentSnapshot): readonly string[] =>
  [...permissions, ...scoped.flatMap(({ permission: { tools, limits } }) => (limits?.moneyPerRun === undefined && limits?.callsPerRun === undefined ? tools : []))];

/** What was delegated and, where that is asked for, less, as far as the one that acts may do it; whatever is more than the run that delegates may do is refused. */
const scopeOf = (delegation: Delegation, asked: string | undefined, run: string, from: AgentSnapshot, to: AgentSnapshot): string | Refused<'invalid_scope'> => {
  const wanted = delegation.scope.split(' ');
  const narrowed = asked?.split(' ') ?? wanted;
  const bounded = wanted.find((pattern) => !within(pattern, handedOn(from)) && within(pattern, [...from.permissions, ...from.scoped?.flatMap(({ permission }) => permission.tools) ?? []]));
  if (bounded !== undefined) return refused('invalid_scope', `${bounded} is held with a limit for each run, which a child run would begin anew: hold it with limits for each action, or do it in the run that delegates`);
  const beyond = wanted.find((pattern) => !within(pattern, handedOn(from)) || (run !== '' && !within(pattern, run.split(' ')))) ?? narrowed.find((pattern) => !within(pattern, wanted));
  if (beyond !== undefined) return refused('invalid_scope', `${beyond} is more than was, or may be, delegated`);
  const both = scopeIntersection(narrowed, [...to.permissions, ...to.scoped?.flatMap(({ permission }) => permission.tools) ?? []], mostPatterns);
  if (both === undefined) return refused('invalid_scope', 'the patterns have too much in common: name tools, or fewer wildcards');
  return both.length === 0 ? refused('invalid_scope', 'the agent may do nothing of what is delegated') : both.join(' ');
};
