import { conditionUnmet, countApprovals, glassBreakers, refused } from '@countersign/kernel';
import type { CheckedVote, Refused } from '@countersign/kernel';
import type { ApprovalAsked, ApprovalResolved, ClaimClaims, DelegationContext, GrantClaims, HaltNotice } from '@countersign/contracts';
import type { ActionStatus } from './action.ts';

export type ClaimCode = 'not_ready' | 'halted' | 'cancelled' | 'claim_refused' | 'grant_expired' | 'stale_snapshot' | 'agent_not_active' | 'credential_revoked' | 'approval_lapsed';

/** What is known of the action; undefined while the governed record has not arrived here yet. */
export interface ActionRow {
  readonly status: ActionStatus;
  readonly agent: string;
  readonly tool: string;
  /** Runs and agents that the action's run hangs on; absent or null where nobody delegated it. */
  readonly ancestors?: DelegationContext['ancestors'] | null;
  /** What people were asked, and the votes by which it was granted; absent or null where nobody had to. */
  readonly asked?: ApprovalAsked | null; readonly approved?: Approved | null;
  /** jti of the grant that claimed it, and the claim's id and times (seconds), once claimed. */
  readonly claimedBy: string | null;
  readonly claim: { readonly jti: string; readonly iat: number; readonly exp: number } | null;
}

/** The votes of an approval and what they were signed for. */
export type Approved = Pick<ApprovalResolved, 'approval' | 'digest' | 'votes'>;

/**
 * Why those who approved it are not enough any more; null where they are. Counted as policy counted them, with everybody's standing as of now: who
 * left, was suspended or lost the role since then does not count.
 */
export const lapsed = (votes: readonly CheckedVote[], asked: ApprovalAsked, now: number): string | null => {
  const held = votes.map((vote) => ({ ...vote, why: vote.why ?? conditionUnmet(vote, null, now) }));
  const { filling, why } = countApprovals(held, asked, now);
  return filling.met || glassBreakers(held, asked, now) !== null ? null : `${filling.have} of ${filling.need} approvals still hold (${why})`;
};

export type ClaimAnswer =
  | { readonly status: 'move'; readonly claims: ClaimClaims }
  /** The same grant asks again, its first answer lost: the same claim, not a new one. */
  | { readonly status: 'repeat'; readonly claims: ClaimClaims }
  | Refused<ClaimCode>;

/** How long a claim lives, in seconds: long enough to call the tool, short enough that a halt afterwards means something. */
export const claimLifeSeconds = 10;

/**
 * Whether an action may start now. The grant's signature was verified at the door; halts must be fresh (a stale view is refused before).
 * @param halt what stops this action at this moment, if anything
 * @param ids now in epoch ms, jti of the claim to be
 */
export const decideClaim = (grant: GrantClaims, row: ActionRow | undefined, halt: HaltNotice | undefined, ids: { readonly now: number; readonly jti: string }): ClaimAnswer => {
  const seconds = Math.floor(ids.now / 1000);
  if (seconds >= grant.exp) return refused<ClaimCode>('grant_expired', 'the grant has expired: propose the action again');
  if (halt) return refused<ClaimCode>('halted', `stopped at the scope ${halt.scope.kind} by ${halt.halt}`);
  if (row === undefined || row.status === 'open') return refused<ClaimCode>('not_ready', 'the decision has not arrived here yet: ask again in a moment');
  if (row.agent !== grant.agent || row.tool !== grant.tool) return refused<ClaimCode>('claim_refused', 'the grant names another agent or tool than the action');
  const base = { grant: grant.jti, tenant: grant.tenant, run: grant.run, action: grant.action, aud: grant.aud };
  switch (row.status) {
    case 'granted':
      return { status: 'move', claims: { ...base, jti: ids.jti, iat: seconds, exp: Math.min(seconds + claimLifeSeconds, grant.exp) } };
    case 'claimed':
      return row.claimedBy === grant.jti && row.claim !== null && seconds < row.claim.exp
        ? { status: 'repeat', claims: { ...base, ...row.claim } }
        : refused<ClaimCode>('claim_refused', 'this action was claimed already');
    case 'cancelled':
      return refused<ClaimCode>('cancelled', 'this action was cancelled');
    default:
      return refused<ClaimCode>('claim_refused', `this action is ${row.status}`);
  }
};
