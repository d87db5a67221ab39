import { refused } from '@countersign/kernel';
import type { ClaimClaims, GrantClaims } from '@countersign/contracts';
import { decideClaim } from '../core/claim.ts';
import type { ClaimCode } from '../core/claim.ts';
import type { Halts } from '../core/halts.ts';
import type { ActionStore } from './ports.ts';

/**
 * Claims an action for execution: load → decide → move. A lost race is decided again with what won.
 * @param halts undefined while the view of halts is stale: nothing may start then
 */
export const claimAction = async (store: ActionStore, halts: Halts | undefined, grant: GrantClaims, ids: { readonly now: number; readonly jti: string }): Promise<{ readonly status: 'claimed'; readonly claims: ClaimClaims } | ReturnType<typeof refused<ClaimCode>>> => {
  if (halts === undefined) return refused<ClaimCode>('stale_snapshot', 'supervision cannot see the halts at this moment: ask again');
  for (let attempt = 0; attempt < 3; attempt++) {
    const answer = decideClaim(grant, await store.find(grant), halts, ids);
    if (answer.status === 'refused') return answer;
    if (answer.status === 'repeat' || await store.claim(answer.claims)) return { status: 'claimed', claims: answer.claims };
  }
  return refused<ClaimCode>('claim_refused', 'the action moved while it was being claimed');
};
