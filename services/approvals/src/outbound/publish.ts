import { envelope } from '@countersign/bus';
import { topic as topics } from '@countersign/contracts';
import type { ApprovalResolved, ServiceEvent } from '@countersign/contracts';
import { signServiceMessage } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import type { OutboxMessage } from '@countersign/event-store';
import { randomUUID } from 'node:crypto';
import type { ToMessages } from '../app/ports.ts';
import { streamOf } from '../app/handle.ts';
import { reviewStream } from '../app/review.ts';
import type { Drawn, Reviewed } from '../core/review.ts';

/** Domain events → contract messages, signed by approvals. A cancelled approval says nothing to the inbox: policy ended it. */
export const createToMessages = (key: SigningKey): ToMessages => (approval, events, state, version, by) => {
  if (state.status === 'none') return [];
  const { question, votes, edit } = state;
  const message = (topic: string, messageKey: string, type: string, body: object, at: number): OutboxMessage =>
    signServiceMessage({ topic, key: messageKey, value: Buffer.from(JSON.stringify(body)), headers: envelope({ id: randomUUID(), type, source: 'approvals', time: at, tenant: question.tenant }) }, key);
  return events.flatMap((event, i) => {
    const onRecord: ServiceEvent = { stream: streamOf(approval), version: version - events.length + 1 + i, type: event.type, at: event.at, by: event.type === 'voted' ? event.vote.person : by, data: JSON.parse(JSON.stringify(event)) };
    const record = message(topics.approvalsEvents, streamOf(approval), 'countersign.approvals.event.v1', onRecord, event.at);
    // Of what nobody asked for nobody hears.
    if (event.type !== 'resolved' || event.resolution === 'cancelled' || question.seededBy !== undefined) return [record];
    const resolved: ApprovalResolved = { approval, action: question.action, answers: question.answers, digest: question.digest, resolution: event.resolution, votes: votes.map(({ vote }) => vote), ...(event.resolution === 'edited' && edit !== undefined && { edit: { person: edit.person, arguments: edit.arguments, jws: edit.jws } }) };
    return [record, message(topics.runsInbox, question.run, 'countersign.runs.resolved.v1', resolved, event.at)];
  });
};

/** A verdict goes on the record, signed by its person inside; it changes nothing that was decided, so the inbox hears nothing. */
export const createReviewMessages = (key: SigningKey) => (events: readonly Reviewed[], version: number, { tenant, run, action }: Drawn): OutboxMessage[] => {
  const stream = reviewStream(run, action);
  return events.map((event, i) => {
    const onRecord: ServiceEvent = { stream, version: version - events.length + 1 + i, type: event.type, at: event.at, by: event.person, data: JSON.parse(JSON.stringify(event)) };
    return signServiceMessage({ topic: topics.approvalsEvents, key: stream, value: Buffer.from(JSON.stringify(onRecord)), headers: envelope({ id: randomUUID(), type: 'countersign.approvals.event.v1', source: 'approvals', time: event.at, tenant }) }, key);
  });
};

export const standInStream = (person: string): string => `stand-in-${person}`;

/** Whatever else is to be on the record, event by event. */
export const createEventMessages = (key: SigningKey, tenant: string, stream: string, by: string) => (events: readonly { readonly type: string; readonly at: number }[], _: unknown, version: number): OutboxMessage[] => events.map((event, i) => {
  const onRecord: ServiceEvent = { stream, version: version - events.length + 1 + i, type: event.type, at: event.at, by, data: JSON.parse(JSON.stringify(event)) };
  return signServiceMessage({ topic: topics.approvalsEvents, key: stream, value: Buffer.from(JSON.stringify(onRecord)), headers: envelope({ id: randomUUID(), type: 'countersign.approvals.event.v1', source: 'approvals', time: event.at, tenant }) }, key);
});
