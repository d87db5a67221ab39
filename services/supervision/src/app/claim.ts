import { refused, seniorHaltId } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';
import type { ClaimClaims, GrantClaims } from '@countersign/contracts';
import { decideClaim, lapsed } from '../core/claim.ts';
import type { ClaimCode } from '../core/claim.ts';
import type { ActionStore, AgentsNow, HaltsNow, RevocationsNow, VotersNow } from './ports.ts';

/**
 * Claims an action for execution: load → decide → move. A lost race is decided again with what won.
 */
export const claimAction = async (store: ActionStore, halts: HaltsNow, agents: AgentsNow, revocations: RevocationsNow, voters: VotersNow, grant: GrantClaims, ids: { readonly now: number; readonly jti: string }): Promise<{ readonly status: 'claimed'; readonly claims: ClaimClaims } | Refused<ClaimCode>> => {
  // Nothing starts while a halt may have been missed.
  if (halts.isStale()) return refused<ClaimCode>('stale_snapshot', 'supervision cannot see the halts at this moment: ask again');
  if (agents.isStale()) return refused<ClaimCode>('stale_snapshot', 'supervision cannot see the agents at this moment: ask again');
  // Suspending an agent stops what it was granted as well (DESIGN 7: identity as of now).
  if (!agents.isActive(grant.tenant, grant.agent)) return refused<ClaimCode>('agent_not_active', 'the agent was suspended or retired since the decision');
  if (revocations.isStale()) return refused<ClaimCode>('stale_snapshot', 'supervision cannot see the revocations at this moment: ask again');
  const revoked = revocations.work(grant);
  if (revoked !== undefined) return refused<ClaimCode>('credential_revoked', `the ${revoked.kind} of this grant was revoked`);
  for (let attempt = 0; attempt < 3; attempt++) {
    const row = await store.find(grant);
    // Whoever it acts for must still be there, and nothing that it hangs on be halted.
    const above = row?.ancestors ?? [];
    const gone = above.find(({ agent }) => !agents.isActive(grant.tenant, agent));
    if (gone !== undefined) return refused<ClaimCode>('agent_not_active', `the agent ${gone.agent}, for which it acts, was suspended or retired since the decision`);
    const halt = [grant, ...above.map(({ run, agent }) => ({ tenant: grant.tenant, tool: grant.tool, run, agent }))].map((target) => halts.halted(target, seniorHaltId(grant.run, grant.action))).find((one) => one !== undefined);
    if (row?.status === 'granted' && row.asked && row.approved) {
      if (voters.isStale()) return refused<ClaimCode>('stale_snapshot', 'supervision cannot see the people at this moment: ask again');
      const why = lapsed(voters.check(row.approved, grant.tenant, ids.now), row.asked, ids.now);
      if (why !== null) return refused<ClaimCode>('approval_lapsed', why);
    }
    const answer = decideClaim(grant, row, halt, ids);
    if (answer.status === 'refused') return answer;
    if (answer.status === 'repeat' || await store.claim(answer.claims)) return { status: 'claimed', claims: answer.claims };
  }
  return refused<ClaimCode>('claim_refused', 'the action moved while it was being claimed');
};
