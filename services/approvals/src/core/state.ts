import { assertNever } from '@countersign/kernel';
import type { Vote } from '@countersign/contracts';
import type { ApprovalEvent, Question, Resolution } from './events.ts';

export type Approval =
  | { readonly status: 'none' }
  | { readonly status: 'open'; readonly question: Question; readonly requestedAt: number; readonly votes: readonly Vote[] }
  | { readonly status: 'closed'; readonly question: Question; readonly requestedAt: number; readonly votes: readonly Vote[]; readonly resolution: Resolution };

export const initialState: Approval = { status: 'none' };

export const evolve = (state: Approval, event: ApprovalEvent): Approval => {
  switch (event.type) {
    case 'requested':
      return { status: 'open', question: event.question, requestedAt: event.at, votes: [] };
    case 'voted':
      if (state.status !== 'open') throw new Error('a vote outside an open approval');
      return { ...state, votes: [...state.votes, event.vote] };
    case 'resolved':
      if (state.status !== 'open') throw new Error('a resolution outside an open approval');
      return { ...state, status: 'closed', resolution: event.resolution };
    default:
      return assertNever(event, 'approval event');
  }
};
