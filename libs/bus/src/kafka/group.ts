import type { BusError } from '../errors.ts';
import type { Subscription } from '../port.ts';
import type { Client } from './client.ts';
import { createMember } from './member.ts';
import type { Assigned, Member } from './member.ts';
import { createQueue } from './queue.ts';
import type { Queue } from './queue.ts';
import { createReader } from './reader.ts';
import type { Reader } from './reader.ts';
import { createShares } from './shares.ts';
import type { Share } from './shares.ts';

export interface Work {
  readonly assigned: Assigned;
  readonly member: Member;
  /** Reads this partition into a fresh queue; what an earlier one of this partition still held is dropped. */
  readFrom(offset: bigint): Queue;
  stopReading(): void;
}

/** A member of a group whose partitions are each worked on by `work`. Shared by subscribe and process. */
export const joinGroup = (client: Client, options: { readonly group: string; readonly topics: readonly string[]; readonly onError: (error: Error) => void; readonly work: (work: Work) => Share }): Subscription => {
  const { group, topics, onError } = options;
  const queues = new Map<string, Queue>();
  let reader: Reader | undefined;
  let stopped: Promise<void> | undefined;
  let becomeReady = (): void => undefined;
  let fail = (_: Error): void => undefined;
  let finish = (): void => undefined;
  const ready = new Promise<void>((resolve) => { becomeReady = resolve; });
  const ended = new Promise<void>((resolve, reject) => { finish = resolve; fail = reject; });
  ended.catch(() => undefined);

  const end = (error?: BusError): Promise<void> => (stopped ??= (async () => {
    await shares.drain();
    await reader?.stop();
    await member.leave();
    becomeReady();
    if (error === undefined) finish(); else fail(error);
  })());

  const shares = createShares((assigned) => {
    const { topic, partition } = assigned;
    return options.work({
      assigned,
      member,
      readFrom: (offset) => {
        reader ??= createReader(client, topics, {
          onSegment: (segment) => queues.get(`${segment.topic}/${segment.partition}`)?.push(segment),
          wants: (...place) => queues.get(place.join('/'))?.hasRoom() ?? false,
          onError,
          onForgotten: (error) => { onError(error); void end(error); },
        });
        const queue = createQueue(() => reader?.wake());
        queues.set(`${topic}/${partition}`, queue);
        reader.read(topic, partition, offset);
        return queue;
      },
      stopReading: () => { queues.delete(`${topic}/${partition}`); reader?.forget(topic, partition); },
    });
  }, (begun) => { begun.then(() => { if (joined) becomeReady(); }, () => undefined); });

  let joined = false;
  const member = createMember(client, group, topics, {
    onError,
    onAssigned: (assigned, renewed) => {
      if (stopped !== undefined) return;
      // The empty share between two lives is not a join.
      if (!(renewed && assigned.length === 0)) joined = true;
      shares.assign(assigned, renewed);
    },
  });
  return { ready, ended, stop: () => end() };
};
