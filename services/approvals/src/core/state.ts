import { assertNever, countApprovals, fill, factorsOf } from '@countersign/kernel';
import type { Filling } from '@countersign/kernel';
import type { Vote } from '@countersign/contracts';
import type { ApprovalEvent, Edit, Question, Resolution, Speaker } from './events.ts';

export interface Cast { readonly vote: Vote; readonly speaker: Speaker; readonly reason: string; readonly at: number }
export interface AskedBack { readonly person: string; readonly text: string; readonly at: number }

export interface Life {
  readonly question: Question; readonly requestedAt: number; readonly votes: readonly Cast[]; readonly questions: readonly AskedBack[];
  /** What somebody made of it, which ended this question. */
  readonly edit?: Edit;
  readonly glass?: { readonly people: readonly string[]; /** Epoch ms. */ readonly at?: number; readonly reviewed: { readonly person: string; readonly verdict: 'right' | 'wrong' } | null };
  /** How many reminders and escalations are out. */
  readonly reminded: number; readonly escalated: number;
}
export type Approval =
  | { readonly status: 'none' }
  | (Life & { readonly status: 'open' })
  | (Life & { readonly status: 'closed'; readonly resolution: Resolution; readonly resolvedAt: number });

/** Whether the glass was broken for it and nobody has said yet whether that was right. */
export const unreviewed = (state: Approval): boolean => state.status === 'closed' && state.question.seededBy === undefined && state.glass !== undefined && state.glass.reviewed === null;

export const initialState: Approval = { status: 'none' };

export const evolve = (state: Approval, event: ApprovalEvent): Approval => {
  if (event.type === 'requested') return { status: 'open', question: event.question, requestedAt: event.at, votes: [], questions: [], reminded: 0, escalated: 0 };
  if (event.type === 'glass_reviewed') {
    if (state.status !== 'closed' || state.glass === undefined) throw new Error('a review where no glass was broken');
    return { ...state, glass: { ...state.glass, reviewed: { person: event.person, verdict: event.verdict } } };
  }
  if (event.type === 'reopened') {
    if (state.status !== 'closed') throw new Error('reopened, and it was open');
    const { resolution: _, resolvedAt: __, glass: ___, ...life } = state;
    return { ...life, status: 'open', votes: [] };
  }
  if (state.status !== 'open') throw new Error(`${event.type} outside of an open approval`);
  switch (event.type) {
    case 'unfilled': return state;
    case 'reminded': return { ...state, reminded: event.reminder + 1 };
    case 'escalated': return { ...state, escalated: event.escalation + 1 };
    case 'asked': return { ...state, questions: [...state.questions, { person: event.person, text: event.text, at: event.at }] };
    case 'voted': return { ...state, votes: [...state.votes, { vote: event.vote, speaker: event.speaker, reason: event.reason, at: event.at }] };
    case 'edited': return { ...state, edit: event.edit };
    case 'glass_broken': return { ...state, glass: { people: event.people, at: event.at, reviewed: null } };
    case 'resolved': return { ...state, status: 'closed', resolution: event.resolution, resolvedAt: event.at };
    default: return assertNever(event, 'approval event');
  }
};

/** How many of the places are filled, and each factor's part. */
export const progressOf = ({ question, votes }: Pick<Life, 'question' | 'votes'>, now: number): Filling => {
  const cast = votes.map(({ vote, speaker }) => ({ ...speaker, vote: vote.vote, why: null }));
  return votes.length === 0 ? fill(factorsOf(question.ask, now), []) : countApprovals(cast, question.ask, now).filling;
};

/** How soon somebody with no part in it is to look at a broken glass, ms. Nobody breaks it again before, however long that takes. */
export const glassReviewMs = 24 * 3_600_000;

/** The places that were left empty where the glass was broken: who was asked and not heard. */
export const skipped = (state: Life): readonly { readonly name: string; readonly roles: readonly string[]; readonly people: readonly string[]; readonly missing: number }[] => {
  const at = state.glass?.at ?? state.requestedAt;
  const { factors } = progressOf(state, at);
  return factorsOf(state.question.ask, at).flatMap(({ name, roles, people }, i) => (factors[i]!.have < factors[i]!.need ? [{ name, roles, people, missing: factors[i]!.need - factors[i]!.have }] : []));
};

/** When something is next due; null where it is closed. Derived from the stream alone, so a restart loses and doubles nothing. */
export const nextDue = (state: Approval): number | null => {
  if (state.status !== 'open') return null;
  const { ask, expiresAt } = state.question;
  return Math.min(ask.reminders?.[state.reminded] ?? Infinity, ask.escalations?.[state.escalated]?.at ?? Infinity, expiresAt);
};
