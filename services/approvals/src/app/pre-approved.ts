import type { EventStore, OutboxMessage } from '@countersign/event-store';
import { approvalDecider } from '../core/decider.ts';
import type { ApprovalCommand } from '../core/commands.ts';
import type { Speaker } from '../core/events.ts';
import { answeredBefore } from '../core/pre-approval.ts';
import type { PreApprovalEvent, SignedPreApproval } from '../core/pre-approval.ts';
import { initialState } from '../core/state.ts';
import type { Approval } from '../core/state.ts';
import { streamOf } from './handle.ts';
import type { ToMessages } from './ports.ts';

type Request = Extract<ApprovalCommand, { type: 'request' }>;

export interface PreApprovedPorts {
  readonly store: EventStore;
  /** Pre-approvals of an agent and a tool that are not over. */
  of(about: Request['question'], now: number): Promise<readonly { readonly state: SignedPreApproval; readonly version: number }[]>;
  stream(id: string): string;
  /** Who is active now, as they would speak. */
  speaker(person: string): Speaker | undefined;
  /** Whether the scope stands still. */
  stopped(question: Request['question']): boolean;
  readonly toMessages: ToMessages;
  usedMessages(stream: string, events: readonly PreApprovalEvent[], version: number): readonly OutboxMessage[];
  readonly now: () => number;
}

const attempts = 5;

/**
 * Answers a question out of what people agreed to beforehand, where that covers it and those who signed are enough: asked, voted, approved and the
 * use counted, all in one transaction, so that a use is counted once and nothing goes through uncounted. Null where people have to be asked.
 */
export const createPreApproved = ({ store, of, stream, speaker, stopped, toMessages, usedMessages, now }: PreApprovedPorts) => async (approval: string, command: Request): Promise<{ readonly state: Approval; readonly version: number } | null> => {
  const { question } = command;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const at = now();
    // One that does not cover it, or that nobody with a say signed, does not hide another.
    const found = (await of(question, at)).flatMap(({ state, version }) => { const how = answeredBefore(state, command, speaker, at); return how === undefined ? [] : [{ pre: state, version, ...how }]; })[0];
    if (found === undefined || stopped(question)) return null;
    const { pre, version, used, asked } = found;
    const state = asked.reduce(approvalDecider.evolve, initialState);
    const by = 'policy';
    const written = await store.appendAll([
      { stream: streamOf(approval), expectedVersion: 0, at, by, events: asked.map((event) => ({ type: event.type, data: event })), outbox: toMessages(approval, asked, state, asked.length, by) },
      { stream: stream(pre.id), expectedVersion: version, at, by, events: used.map((event) => ({ type: event.type, data: event })), outbox: usedMessages(stream(pre.id), used, version + used.length) },
    ]);
    if (written.status === 'ok') return { state, version: asked.length };
    // It was put to people before, and this record is one that came again.
    if (written.stream === streamOf(approval)) return null;
  }
  return null;
};
