import { refused, seniorHaltId } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';
import type { ClaimClaims, GrantClaims } from '@countersign/contracts';
import { decideClaim } from '../core/claim.ts';
import type { ClaimCode } from '../core/claim.ts';
import type { ActionStore, AgentsNow, HaltsNow, RevocationsNow } from './ports.ts';

/**
 * Claims an action for execution: load → decide → move. A lost race is decided again with what won.
 */
export const claimAction = async (store: ActionStore, halts: HaltsNow, agents: AgentsNow, revocations: RevocationsNow, grant: GrantClaims, ids: { readonly now: number; readonly jti: string }): Promise<{ readonly status: 'claimed'; readonly claims: ClaimClaims } | Refused<ClaimCode>> => {
  // Nothing starts while a halt may have been missed.
  if (halts.isStale()) return refused<ClaimCode>('stale_snapshot', 'supervision cannot see the halts at this moment: ask again');
  if (agents.isStale()) return refused<ClaimCode>('stale_snapshot', 'supervision cannot see the agents at this moment: ask again');
  // Suspending an agent stops what it was granted as well (DESIGN 7: identity as of now).
  if (!agents.isActive(grant.tenant, grant.agent)) return refused<ClaimCode>('agent_not_active', 'the agent was suspended or retired since the decision');
  if (revocations.isStale()) return refused<ClaimCode>('stale_snapshot', 'supervision cannot see the revocations at this moment: ask again');
  const revoked = revocations.work(grant);
  if (revoked !== undefined) return refused<ClaimCode>('credential_revoked', `the ${revoked.kind} of this grant was revoked`);
  for (let attempt = 0; attempt < 3; attempt++) {
    const answer = decideClaim(grant, await store.find(grant), halts.halted(grant, seniorHaltId(grant.run, grant.action)), ids);
    if (answer.status === 'refused') return answer;
    if (answer.status === 'repeat' || await store.claim(answer.claims)) return { status: 'claimed', claims: answer.claims };
  }
  return refused<ClaimCode>('claim_refused', 'the action moved while it was being claimed');
};
