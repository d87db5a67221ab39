import type { KafkaBusConfig } from './config.ts';
import { createClient, createPartitioner } from './client.ts';

/**
 * The raw echo that the bus is measured against (FACTS 2): one kafkajs consumer and one producer, acks all, no transactions, at least once.
 * Resolves when the group is joined. For the bench only.
 */
export const rawEcho = async (config: KafkaBusConfig, options: { readonly group: string; readonly input: string; readonly output: string; readonly partitions: number; readonly maxBatch?: number }): Promise<{ stop(): Promise<void> }> => {
  const { kafka } = createClient(config);
  const producer = kafka.producer({ allowAutoTopicCreation: false, createPartitioner });
  const consumer = kafka.consumer({ groupId: options.group, maxWaitTimeInMs: 250, allowAutoTopicCreation: false });
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topics: [options.input], fromBeginning: true });
  const joined = new Promise<void>((resolve) => { consumer.on(consumer.events.GROUP_JOIN, () => resolve()); });
  const most = options.maxBatch ?? 400;
  await consumer.run({
    eachBatchAutoResolve: false, autoCommitInterval: 1_000, partitionsConsumedConcurrently: options.partitions,
    eachBatch: async ({ batch, resolveOffset, heartbeat }) => {
      for (let at = 0; at < batch.messages.length; at += most) {
        const part = batch.messages.slice(at, at + most);
        await producer.send({ topic: options.output, acks: -1, messages: part.map(({ key, value }) => ({ key, value, partition: batch.partition })) });
        resolveOffset(part.at(-1)!.offset);
        await heartbeat();
      }
    },
  });
  await joined;
  return { stop: async () => { await consumer.disconnect(); await producer.disconnect(); } };
};
