import type { EventStore, OutboxMessage } from '@countersign/event-store';
import { ineligible } from '@countersign/kernel';
import { approvalDecider } from '../core/decider.ts';
import type { ApprovalCommand } from '../core/commands.ts';
import type { Speaker } from '../core/events.ts';
import { agreedTo, preApprovalDecider } from '../core/pre-approval.ts';
import type { PreApproval, PreApprovalEvent } from '../core/pre-approval.ts';
import { initialState } from '../core/state.ts';
import type { Approval } from '../core/state.ts';
import { streamOf } from './handle.ts';
import type { ToMessages } from './ports.ts';

type Request = Extract<ApprovalCommand, { type: 'request' }>;
type Signed = Extract<PreApproval, { status: 'signed' }>;

export interface PreApprovedPorts {
  readonly store: EventStore;
  /** Pre-approvals of an agent and a tool that are not over. */
  of(about: Request['question'], now: number): Promise<readonly { readonly state: Signed; readonly version: number }[]>;
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
  /** Asked and answered by those who signed; undefined where they are not enough. */
  const answered = (pre: Signed, at: number) => {
    const used = preApprovalDecider.decide({ type: 'use', use: { approval, run: question.run, action: question.action, money: question.evidence.cost }, now: at }, pre);
    const agreed = pre.signers.flatMap(({ person, jws, reason, agreedAt }) => {
      const known = speaker(person);
      // Whoever signed and has no say in this one is left out: it is no vote of theirs.
      if (known === undefined || ineligible({ ...known, agreedAt, vote: 'approve', why: null }, question.ask, at) !== null) return [];
      return [{ vote: { person, vote: 'approve' as const, jws, preApproval: pre.id }, speaker: { ...known, agreedAt }, reason }];
    });
    const asked = approvalDecider.decide({ ...command, agreed, now: at }, initialState);
    return used.status === 'accepted' && asked.status === 'accepted' && asked.events.at(-1)?.type === 'resolved' ? { used: used.events, asked: asked.events } : undefined;
  };
  for (let attempt = 0; attempt < attempts; attempt++) {
    const at = now();
    const covering = (await of(question, at)).filter(({ state }) => agreedTo(state, question, at));
    // One that nobody with a say signed does not hide another.
    const found = covering.flatMap(({ state, version }) => { const how = answered(state, at); return how === undefined ? [] : [{ pre: state, version, ...how }]; })[0];
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
