import { StreamContended } from '@countersign/event-store';
import type { EventStore, Handled } from '@countersign/event-store';
import { fold } from '@countersign/kernel';
import type { ApprovalCode, ApprovalCommand } from '../core/commands.ts';
import { approvalDecider } from '../core/decider.ts';
import type { ApprovalEvent } from '../core/events.ts';
import { unreviewed } from '../core/state.ts';
import type { Approval } from '../core/state.ts';
import type { ToMessages } from './ports.ts';

type Vote = Extract<ApprovalCommand, { type: 'vote' }>;

/** For which approvals the tenant's one glass was broken, in order. */
export const glassStream = (tenant: string): string => `glass-${tenant}`;
const attempts = 5;

/**
 * A vote to break the glass: decided first, and counted against the tenant's one glass only where it breaks it, both in one transaction.
 * What was refused, or waits for its second person, holds up nobody; of two that would break it at the same moment one finds it broken.
 */
export const createBreakGlass = (store: EventStore, toMessages: ToMessages, streamOf: (approval: string) => string) => {
  const load = async (approval: string) => {
    const { events, version } = await store.load(streamOf(approval));
    return { state: fold(approvalDecider, events.map(({ data }) => data as ApprovalEvent)), version };
  };
  return async (approval: string, tenant: string, command: Vote, by: string): Promise<Handled<ApprovalEvent, Approval, ApprovalCode>> => {
    for (let left = attempts; left > 0; left--) {
      const glass = await store.load(glassStream(tenant));
      const last = (glass.events.at(-1)?.data as { readonly approval: string } | undefined)?.approval;
      const held = last !== undefined && last !== approval && unreviewed((await load(last)).state);
      const { state, version } = await load(approval);
      const outcome = approvalDecider.decide({ ...command, ...(held && { glassBrokenFor: last }) }, state);
      const events = outcome.status === 'nothing-new' ? [] : outcome.events;
      if (events.length === 0) return { outcome, state, version };
      const after = events.reduce(approvalDecider.evolve, state), next = version + events.length, at = command.now;
      const written = await store.appendAll([
        { stream: streamOf(approval), expectedVersion: version, at, by, events: events.map((event) => ({ type: event.type, data: event })), outbox: toMessages(approval, events, after, next, by) },
        ...(events.some(({ type }) => type === 'glass_broken') ? [{ stream: glassStream(tenant), expectedVersion: glass.version, at, by, events: [{ type: 'glass_broken_for', data: { approval } }], outbox: [] }] : []),
      ]);
      if (written.status === 'ok') return { outcome, state: after, version: next };
    }
    throw new StreamContended(streamOf(approval));
  };
};
