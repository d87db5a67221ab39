import { decideAndAppend } from '@countersign/event-store';
import type { EventStore } from '@countersign/event-store';
import type { GovernedRecord } from '@countersign/contracts';
import type { Outcome } from '@countersign/kernel';
import type { ApprovalCode, ApprovalCommand } from '../core/commands.ts';
import { approvalDecider } from '../core/decider.ts';
import type { ApprovalEvent } from '../core/events.ts';
import { react } from '../core/react.ts';
import type { ApprovalIndex, ToMessages } from './ports.ts';

export interface Handler {
  handle(approval: string, command: ApprovalCommand, by: string): Promise<Outcome<ApprovalEvent, ApprovalCode>>;
  /** Governed records in order; safe to repeat. */
  take(records: readonly GovernedRecord[]): Promise<void>;
  /** Expires what is overdue; answers how many it looked at. */
  expire(now: number): Promise<number>;
}

export const streamOf = (approval: string): string => `approval-${approval}`;

/** load → decide → append, then the read model. A crash in between leaves the model behind; it catches up at the next start. */
export const createHandler = (store: EventStore, index: ApprovalIndex, toMessages: ToMessages, approvalId: (run: string, action: string, position: number) => string): Handler => {
  const handle = async (approval: string, command: ApprovalCommand, by: string) => {
    const { outcome, state, version } = await decideAndAppend({
      store, decider: approvalDecider, stream: streamOf(approval), command, at: command.now, by,
      outbox: (events, after, last) => toMessages(approval, events, after, last, by),
    });
    if (outcome.status !== 'nothing-new' && outcome.events.length > 0) await index.put(approval, state, version);
    return outcome;
  };
  return {
    handle,
    take: async (records) => {
      // Looked up once per record that may close one: a batch opens and closes approvals of the same run.
      for (const record of records) {
        if (record.run === null || !['action.decided', 'action.cancelled', 'action.outcome', 'run.ended'].includes(record.kind)) continue;
        for (const { approval, command } of react(record, await index.open([record.run]), approvalId)) await handle(approval, command, 'policy');
      }
    },
    expire: async (now) => {
      const overdue = await index.overdue(now, 100);
      for (const approval of overdue) await handle(approval, { type: 'expire', now }, 'clock');
      return overdue.length;
    },
  };
};
