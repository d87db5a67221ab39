import { refused } from '@countersign/kernel';
import type { AgentSnapshot, TokenClaims } from '@countersign/contracts';

/** A run as the registry keeps it: who opened it, with which session key, until when (epoch ms). */
export interface Run { readonly run: string; readonly agent: string; readonly jkt: string; readonly notAfter: number; /** Of a run that was opened before. */ readonly openedAt?: number; /** Thumbprint of the registered key that opened it. */ readonly authKey?: string; readonly delegation?: DelegatedRun }

/** What makes a run a child: the run and the action of it that delegated, the scope it was given, and the agents it acts for, the nearest first. */
export interface DelegatedRun { readonly parent: string; readonly action: string; readonly scope: string; readonly actors: readonly string[] }

export type ChildRun = Run & { readonly delegation: DelegatedRun };
/** What a child run was opened with: a digest of the request, and the id of the token that it was answered with. */
export interface Taken { readonly request: string; readonly jti: string }

/** The claims of a child run's token (RFC 8693 section 4.1). */
export const claimsOf = ({ parent, action, actors }: DelegatedRun): Pick<TokenClaims, 'act' | 'parent'> => ({
  act: actors.reduceRight<TokenClaims['act']>((act, sub) => ({ sub, ...(act !== undefined && { act }) }), undefined)!, parent: { run: parent, action },
});

export const tokenLifeMs = 600_000;
export const longestRunMs = 86_400_000;

export type TokenCode = 'agent_not_active' | 'run_unknown' | 'run_expired' | 'wrong_key';
export type Issue = { readonly status: 'issue'; readonly run: Run; readonly opened: boolean; readonly expiresAt: number };

/**
 * Opens a run or renews the token of one; a token never outlives its run. Renewal needs the session key that opened it: seq and chain
 * belong to (run, session key).
 * @param existing the run asked for; undefined where a new one is opened, null where the asked one is not known
 */
export const decideToken = (ask: { readonly agent: string; readonly status: AgentSnapshot['status']; readonly jkt: string; readonly authKey?: string; readonly newRun: string; readonly now: number; /** Life of a new run, ms; a day at most. */ readonly lifeMs?: number; /** Of a new child run. */ readonly delegation?: DelegatedRun }, existing: Run | null | undefined): Issue | ReturnType<typeof refused<TokenCode>> => {
  const { agent, jkt, authKey, now } = ask;
  if (ask.status !== 'active') return refused('agent_not_active', `the agent is ${ask.status}`);
  // Somebody else's run looks the same as none.
  if (existing === null || (existing !== undefined && existing.agent !== agent)) return refused('run_unknown', 'there is no such run of this agent');
  if (existing !== undefined && existing.jkt !== jkt) return refused('wrong_key', 'this run was opened with another session key');
  const run = existing ?? { run: ask.newRun, agent, jkt, ...(authKey !== undefined && { authKey }), notAfter: now + Math.min(ask.lifeMs ?? longestRunMs, longestRunMs), ...(ask.delegation !== undefined && { delegation: ask.delegation }) };
  if (now >= run.notAfter) return refused('run_expired', 'the run is over: open a new one');
  return { status: 'issue', run, opened: existing === undefined, expiresAt: Math.min(now + tokenLifeMs, run.notAfter) };
};
