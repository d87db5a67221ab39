import { decideAndAppend } from '@countersign/event-store';
import type { EventStore, OutboxMessage } from '@countersign/event-store';
import type { GovernedRecord } from '@countersign/contracts';
import type { Outcome } from '@countersign/kernel';
import { drawnFrom, reviewDecider } from '../core/review.ts';
import type { Drawn, GiveReview, ReviewCode, Reviewed } from '../core/review.ts';

export const reviewStream = (run: string, action: string): string => `review-${run}-${action}`;

export interface ReviewIndex { put(drawn: Drawn): Promise<void>; given(run: string, action: string): Promise<void> }

/** Keeps what is drawn, and verdicts: one event each, on the record in the same transaction. */
export const createReviewer = (store: EventStore, index: ReviewIndex, toMessages: (events: readonly Reviewed[], version: number, drawn: Drawn) => readonly OutboxMessage[]) => ({
  take: async (records: readonly GovernedRecord[]): Promise<void> => {
    for (const record of records) {
      const drawn = record.kind === 'action.decided' ? drawnFrom(record) : undefined;
      if (drawn !== undefined) await index.put(drawn);
    }
  },
  give: async (command: GiveReview): Promise<Outcome<Reviewed, ReviewCode>> => {
    const { drawn } = command;
    const { outcome } = await decideAndAppend({
      store, decider: reviewDecider, stream: reviewStream(drawn.run, drawn.action), command, at: command.now, by: command.person, outbox: (events, _, version) => toMessages(events, version, drawn),
    });
    // Also where a crash kept an earlier verdict from being noted.
    if (outcome.status !== 'refused' || outcome.code === 'already_voted') await index.given(drawn.run, drawn.action);
    return outcome;
  },
});
