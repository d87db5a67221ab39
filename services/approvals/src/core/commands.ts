import type { Vote } from '@countersign/contracts';
import type { Question } from './events.ts';

/** The vote's signature was checked at the door; whether this person may cast it is decided here. */
export type ApprovalCommand =
  | { readonly type: 'request'; readonly question: Question; readonly now: number }
  | { readonly type: 'vote'; readonly vote: Vote; readonly digest: string; readonly reason: string; readonly roles: readonly string[]; readonly now: number }
  | { readonly type: 'expire'; readonly now: number }
  | { readonly type: 'cancel'; readonly now: number };

export type ApprovalCode = 'not_found' | 'approval_closed' | 'approval_expired' | 'self_approval' | 'not_eligible' | 'already_voted' | 'vote_invalid' | 'conflict';
