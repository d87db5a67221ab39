import type { Fact, FiredRule, JsonObject, RewrittenArgument, Tier, Vote } from '@countersign/contracts';

/** What the people are shown. `reason` is the agent's own text: untrusted, to be rendered inert. */
export interface Evidence {
  readonly arguments: JsonObject;
  /** What rules changed in the proposal: the arguments above are the changed ones. */
  readonly changes?: readonly RewrittenArgument[];
  readonly reason: string | null;
  readonly facts: { readonly [name: string]: Fact };
  readonly rules: readonly FiredRule[];
  readonly policyVersion: string;
}

/** What an approval asks, as policy decided it. `answers` is the governed position of that decision, `digest` commits to what people are shown. */
export interface Question {
  readonly approval: string;
  readonly tenant: string;
  readonly run: string;
  readonly action: string;
  readonly agent: string;
  readonly tool: string;
  readonly answers: number;
  readonly digest: string;
  readonly tier: Tier;
  /** Roles of which an approver needs one. */
  readonly route: readonly string[];
  readonly quorum: number;
  /** Epoch ms; the moment it expires. */
  readonly expiresAt: number;
  /** Everyone who asked for this in some way: they cannot vote on it. */
  readonly requesters: readonly string[];
  readonly evidence: Evidence;
}

export type Resolution = 'approved' | 'denied' | 'expired' | 'cancelled';

export type ApprovalEvent =
  | { readonly type: 'requested'; readonly question: Question; readonly at: number }
  | { readonly type: 'voted'; readonly vote: Vote; readonly reason: string; readonly at: number }
  | { readonly type: 'resolved'; readonly resolution: Resolution; readonly at: number };
