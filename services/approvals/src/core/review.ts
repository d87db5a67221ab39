import { accepted, nothingNew, refused } from '@countersign/kernel';
import type { Decider } from '@countersign/kernel';
import type { GovernedDecided, JsonObject } from '@countersign/contracts';

/** Something that an agent did without a person, drawn for a blind review: nothing in it tells what was decided, claimed or came of it. */
export interface Drawn {
  readonly tenant: string; readonly run: string; readonly action: string; readonly tool: string;
  readonly instruction: string; readonly arguments: JsonObject; readonly digest: string; readonly at: number;
  /** Whose agent and instruction it was. */
  readonly requesters: readonly string[];
}

export type Verdict = 'right' | 'wrong';
export interface Reviewed { readonly type: 'reviewed'; readonly run: string; readonly action: string; readonly verdict: Verdict; readonly person: string; readonly reason: string; readonly jws: string; readonly at: number }
export interface GiveReview { readonly drawn: Drawn; readonly digest: string; readonly verdict: Verdict; readonly person: string; readonly roles: readonly string[]; readonly reason: string; readonly jws: string; readonly now: number }
export type ReviewCode = 'vote_invalid' | 'self_approval' | 'not_eligible' | 'already_voted';

/** Roles whose people review. */
export const reviewerRoles: readonly string[] = ['reviewer', 'approver'];

/** One verdict each, by somebody with no part in it. */
export const reviewDecider: Decider<GiveReview, Reviewed, Reviewed | null, ReviewCode> = {
  initialState: null,
  evolve: (_, event) => event,
  decide: (command, given) => {
    const { drawn, person, verdict, now } = command;
    if (command.digest !== drawn.digest) return refused('vote_invalid', 'the verdict is signed for another content than this review shows: reload it');
    if (drawn.requesters.includes(person)) return refused('self_approval', 'whoever owns the agent or gave the instruction does not review what it did');
    if (!command.roles.some((role) => reviewerRoles.includes(role))) return refused('not_eligible', `this needs one of the roles ${reviewerRoles.join(', ')}`);
    if (given !== null) return given.person === person && given.verdict === verdict ? nothingNew : refused('already_voted', 'there is a verdict, and it is final');
    return accepted({ type: 'reviewed', run: drawn.run, action: drawn.action, verdict, person, reason: command.reason, jws: command.jws, at: now });
  },
};

/** What a decision drew for review, if it did. */
export const drawnFrom = (record: GovernedDecided): Drawn | undefined =>
  (record.review === undefined || record.run === null ? undefined : {
    tenant: record.tenant, run: record.run, action: record.action, tool: record.tool, instruction: record.review.instruction,
    arguments: (record.modified?.arguments ?? record.message.arguments) as JsonObject, digest: record.review.digest, at: record.now, requesters: record.review.requesters,
  });
