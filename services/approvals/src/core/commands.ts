import type { Vote } from '@countersign/contracts';
import type { ChannelAuthority } from '@countersign/kernel';
import type { Conditions, Edit, Question, Speaker } from './events.ts';

/** The vote's signature was checked at the door; whether this person may cast it is decided here. */
export type ApprovalCommand =
  /** `overflow`: more waits of this agent or its owner than people are asked. */
  | { readonly type: 'request'; readonly question: Question; readonly overflow?: boolean; /** Of people who agreed beforehand to what covers it: whoever is asked finds it answered, if they are enough. */ readonly agreed?: readonly { readonly vote: Vote; readonly speaker: Speaker; readonly reason: string }[]; readonly now: number }
  | { readonly type: 'vote'; readonly vote: Vote; readonly speaker: Speaker; readonly digest: string; /** Digest of the evidence that they had before them, where they name it. */ readonly evidence?: string | undefined; readonly reason: string; /** It holds until then (epoch seconds), for no more than the cap. */ readonly conditions?: Conditions | undefined; /** Of a vote given in a channel: what that may say. */ readonly authority?: ChannelAuthority | null; /** The approval for which the tenant's glass was broken, where nobody has reviewed that yet. */ readonly glassBrokenFor?: string; readonly now: number }
  | { readonly type: 'edit'; readonly speaker: Speaker; readonly digest: string; readonly edit: Edit; readonly now: number }
  | { readonly type: 'review_glass'; readonly person: string; readonly roles: readonly string[]; readonly verdict: 'right' | 'wrong'; readonly reason: string; readonly jws: string; readonly now: number }
  | { readonly type: 'ask'; readonly speaker: Speaker; readonly digest: string; readonly text: string; readonly jws: string; readonly now: number }
  /** Whatever is due by now: reminders, escalations, the end. */
  | { readonly type: 'tick'; readonly now: number }
  | { readonly type: 'reopen'; readonly why: string; readonly now: number }
  | { readonly type: 'cancel'; readonly now: number };

export type ApprovalCode = 'not_found' | 'approval_closed' | 'approval_expired' | 'self_approval' | 'not_eligible' | 'already_voted' | 'vote_invalid' | 'over_channel_cap' | 'channel_factor_taken' | 'reason_required' | 'frozen' | 'condition_unmet' | 'nothing_changed' | 'no_glass' | 'too_many_questions' | 'glass_unreviewed' | 'slow_down' | 'conflict';
