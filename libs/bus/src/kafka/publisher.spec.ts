import { expect, it } from '@jest/globals';
import type { Outgoing } from '../port.ts';
import type { Client } from './client.ts';
import { createPublisher } from './publisher.ts';
import type { Topics } from './topics.ts';

const message = (n: number): Outgoing => ({ topic: 't', key: 'run-1', value: `${n}` });

/** A broker that keeps what it is sent, and topics whose limit is asked for again now and then: the first who asks waits longest. */
const given = () => {
  const sent: string[] = [];
  let asked = 0;
  const client = { kafka: { producer: () => ({ connect: async () => undefined, disconnect: async () => undefined, sendBatch: async ({ topicMessages }: { topicMessages: { messages: { value: string }[] }[] }) => { for (const { messages } of topicMessages) sent.push(...messages.map(({ value }) => value)); } }) } } as unknown as Client;
  const topics = {
    partitions: async (topic: string) => { if (topic !== 't') throw new Error(`there is no topic ${topic}`); return 4; },
    limit: async () => { asked += 1; if (asked === 1) await new Promise((resolve) => { setTimeout(resolve, 20); }); return 10_000; },
  } as unknown as Topics;
  return { sent, publisher: createPublisher(client, topics) };
};

it('keeps the order in which it was called, however long the first has to wait for what is known of the topic', async () => {
  const { sent, publisher } = given();
  await Promise.all([1, 2, 3, 4].map((n) => publisher.publish([message(n)])));
  expect(sent).toEqual(['1', '2', '3', '4']);
});

it('refuses who publishes to no topic, and nobody else', async () => {
  const { sent, publisher } = given();
  const said = await Promise.allSettled([publisher.publish([message(1)]), publisher.publish([{ ...message(2), topic: 'none' }]), publisher.publish([message(3)])]);
  expect(said.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(sent).toEqual(['1', '3']);
  await publisher.close();
  await expect(publisher.publish([message(4)])).rejects.toMatchObject({ code: 'bus_closed' });
});
