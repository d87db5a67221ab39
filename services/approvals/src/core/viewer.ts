import { frozenAt, ineligible, rolesHeldAt } from '@countersign/kernel';
import type { Speaker } from './events.ts';
import type { Approval } from './state.ts';

/** What whoever looks may do about an approval (contracts: ApprovalView `you`). */
export interface Standing {
  /** Whether a vote of theirs would count by now. */
  readonly may: boolean;
  /** Why it would not, or what else they have to know first. */
  readonly why: string | null;
  readonly voted: 'approve' | 'deny' | 'break_glass' | null;
  /** Whether they are one of those who may go ahead without the quorum. */
  readonly glass: boolean;
}

/** @param as the one who looks as they would speak: for themselves first, then for whomever they stand in for */
export const standingOf = (state: Exclude<Approval, { status: 'none' }>, as: readonly [Speaker, ...Speaker[]], now: number): Standing => {
  const { question: { ask, expiresAt }, votes } = state;
  const { person } = as[0];
  const no = (why: string): Standing => ({ may: false, why, voted: votes.find(({ vote }) => vote.person === person)?.vote.vote ?? null, glass: false });
  if (state.status === 'closed') return no(`This is ${state.resolution}.`);
  if (now >= expiresAt) return no('Its deadline has passed.');
  const own = votes.find(({ vote }) => vote.person === person);
  if (own !== undefined) return no(`You said ${said[own.vote.vote]}. A vote is final.`);
  if (person === state.question.seededBy) return no('You put this there yourself, to see who looks.');
  if (ask.requesters.includes(person)) return no('You are one of those who asked for it: you own an agent in it, gave its instruction, edited it or signed the rules it is judged by. Others decide.');
  const glass = ask.breakGlass !== undefined && rolesHeldAt(as[0], ask.askedAt ?? now).some((role) => ask.breakGlass!.roles.includes(role));
  const faults = as.map((speaker) => ineligible({ ...speaker, vote: 'approve', why: null }, ask, now));
  if (!faults.includes(null)) return { ...no(`You are not asked: ${faults[0]!.why}.`), glass };
  const frozen = frozenAt(ask, now);
  return { may: true, why: frozen === undefined ? null : `Nothing is approved before ${new Date(frozen.to).toISOString()} (${frozen.reason}); a denial counts.`, voted: null, glass };
};

const said = { approve: 'approve', deny: 'deny', break_glass: 'to go ahead without the quorum' } as const;
