import type { ExtendScopeRequest, ExtendScopeResponse, ScopeExtension } from '@countersign/contracts';
import { issueAgentToken, verifyAgentToken, verifyGrant } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';
import { extendScopeTool, refused, registryAudience } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';
import type { ToolGuard } from '@countersign/tool-guard';
import { tokenLifeMs } from '../core/run.ts';
import type { IssueDeps } from './issue-token.ts';

/** Extra scope of runs; the newest takes the place of the one before. */
export interface ScopeExtensions {
  put(run: string, extension: ScopeExtension): Promise<void>;
  of(run: string): Promise<ScopeExtension | undefined>;
}

export interface ExtendDeps extends IssueDeps {
  readonly tokenKeys: KeySet;
  /** Policy's keys. */
  readonly grantKeys: KeySet;
  /** The same check as in front of any tool: grant, claim, session proof, halts, revocations, single use. */
  readonly guard: ToolGuard;
}

/**
 * Executes countersign.extend_scope: takes its grant once, and issues a token of the same run and session that carries the extra scope. Everything
 * else is as in the token given, `auth_time` too; everything that could be tried again is checked before the grant is used up.
 */
export const extendScope = async (deps: ExtendDeps, extensions: ScopeExtensions, { subject_token, grant, claim, session_proof, arguments: asked }: ExtendScopeRequest): Promise<{ readonly status: 'issued'; readonly response: ExtendScopeResponse } | Refused<string>> => {
  const now = deps.now();
  const token = verifyAgentToken(subject_token, deps.tokenKeys, { now, audience: deps.audience });
  if (!token.ok || token.claims.tenant !== deps.tenant) return refused(token.ok ? 'wrong_audience' : token.code, token.ok ? 'subject_token is of another tenant' : `subject_token: ${token.detail}`);
  const { claims } = token;
  if (deps.revocations.isStale()) return refused('stale_snapshot', 'the registry cannot see the revocations at this moment: ask again');
  if (deps.revocations.token(claims) !== undefined) return refused('credential_revoked', 'the subject_token or what it rests on was revoked');
  if (claims.act !== undefined) return refused('not_requestable', 'a child run has the scope it was given, and no more');
  const client = await deps.inventory.client(claims.sub);
  if (client?.snapshot.status !== 'active') return refused('agent_not_active', `the agent is ${client?.snapshot.status ?? 'not registered'}`);
  const given = verifyGrant(grant, deps.grantKeys, { now, audience: registryAudience });
  if (!given.ok) return refused(given.code, given.detail);
  if (given.claims.run !== claims.run || given.claims.jkt !== claims.cnf.jkt || given.claims.agent !== claims.sub) return refused('wrong_session', 'the grant is of another run than the subject_token');
  const used = await deps.guard.check({ grant, claim, sessionProof: session_proof, tool: extendScopeTool, arguments: asked });
  if (!used.ok) return refused(used.code, used.detail);
  const extension: ScopeExtension = { tools: asked.tools, until: Math.floor(now / 1_000) + asked.minutes * 60, action: used.claims.action };
  await extensions.put(claims.run, extension);
  const iat = Math.floor(now / 1_000), exp = Math.min(iat + tokenLifeMs / 1_000, claims.run_not_after);
  return {
    status: 'issued',
    response: {
      access_token: issueAgentToken({ ...claims, jti: deps.ids(), iat, exp, extension }, deps.key), token_type: 'PoP', expires_in: exp - iat, run: claims.run,
      scope: [...new Set([...claims.scope.split(' ').filter((one) => one !== ''), ...extension.tools])].join(' '), extension,
    },
  };
};
