import type { Producer } from 'kafkajs';
import { BusError } from '../errors.ts';
import type { Outgoing } from '../port.ts';
import { createPartitioner } from './client.ts';
import type { Client } from './client.ts';
import { knowTopics, place, rounds } from './record.ts';
import type { Placed } from './record.ts';
import type { Topics } from './topics.ts';

interface Waiting { readonly messages: readonly Outgoing[]; readonly resolve: () => void; readonly reject: (error: unknown) => void }
interface Taken { readonly placed: readonly Placed[]; readonly by: Waiting }

const mostBytes = 4_000_000;

/**
 * One idempotent producer with one send outstanding, ever: kafkajs rolls sequence numbers back between retries, and with two outstanding it
 * acknowledges records that were never written (FACTS 2). Whoever calls while a send is under way shares the next one. After a failure the producer
 * is thrown away: its next batch could be taken for the failed one.
 */
export const createPublisher = (client: Client, topics: Topics): { publish(messages: readonly Outgoing[]): Promise<void>; close(): Promise<void> } => {
  const limits = new Map<string, number>();
  let waiting: Waiting[] = [];
  let sending: Promise<void> | undefined;
  let producer: Producer | undefined;
  let closed = false;

  const connected = async (): Promise<Producer> => {
    if (producer !== undefined) return producer;
    const made = client.kafka.producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false, createPartitioner, retry: { initialRetryTime: 10, factor: 0.2, multiplier: 2, maxRetryTime: 1_000, retries: 6 } });
    try { await made.connect(); } catch (error) { await made.disconnect().catch(() => undefined); throw error; }
    return (producer = made);
  };

  /** What is needed of topics is asked here and not by who publishes: whose question is answered later would come later. */
  const placing = async (by: Waiting): Promise<Taken | undefined> => {
    try {
      const known = await knowTopics(topics, by.messages.map(({ topic }) => topic));
      for (const [topic, { limit }] of known) limits.set(topic, limit);
      return { by, placed: by.messages.map((message) => place(message, known.get(message.topic)!.partitions, known.get(message.topic)!.limit)) };
    } catch (error) {
      by.reject(error);
      return undefined;
    }
  };

  /** The next of those that wait, in the order in which they came, as far as one send goes. */
  const next = async (): Promise<Taken[]> => {
    const taken: Taken[] = [];
    let bytes = 0, count = 0;
    for (; count < waiting.length && bytes <= mostBytes; count += 1) {
      const one = await placing(waiting[count]!);
      if (one === undefined) continue;
      taken.push(one);
      for (const each of one.placed) bytes += each.bytes;
    }
    waiting = waiting.slice(count);
    return taken;
  };

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const taken = await next();
      if (taken.length === 0) continue;
      try {
        const through = await connected();
        for (const round of rounds(taken.flatMap(({ placed }) => placed), (topic) => limits.get(topic)!)) {
          await through.sendBatch({ acks: -1, topicMessages: round.map(({ topic, placed }) => ({ topic, messages: placed.map(({ message }) => message) })) });
        }
        for (const { by } of taken) by.resolve();
      } catch (error) {
        const failed = producer;
        producer = undefined;
        await failed?.disconnect().catch(() => undefined);
        for (const { by } of taken) by.reject(error);
      }
    }
    sending = undefined;
  };

  return {
    publish: async (messages) => {
      if (closed) throw new BusError('bus_closed', 'the bus was closed');
      if (messages.length === 0) return;
      await new Promise<void>((resolve, reject) => {
        waiting.push({ messages, resolve, reject });
        sending ??= drain();
      });
    },
    close: async () => {
      closed = true;
      await sending;
      await producer?.disconnect().catch(() => undefined);
      producer = undefined;
    },
  };
};
