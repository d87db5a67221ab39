import { afterAll } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import { busContract, exactlyOnceCases } from '@countersign/spec';
import type { BusUnderTest } from '@countersign/spec';
import { createKafkaBus } from './index.ts';

const brokers = (process.env['CS_TEST_KAFKA'] ?? '127.0.0.1:29092').split(',');
const admin = new Kafka({ clientId: 'contract-admin', brokers, logLevel: logLevel.NOTHING }).admin();

afterAll(() => admin.disconnect());

const on = (declareTransactions: boolean) => async (): Promise<BusUnderTest> => {
  await admin.connect();
  const open = () => createKafkaBus({ brokers, clientId: 'contract', sessionTimeoutMs: 6_000, declareTransactions });
  const bus = await open();
  return {
    bus,
    another: open,
    close: () => bus.close(),
    forget: async (topic, partition, offset) => {
      // kafkajs deletes only in topics that this admin has met.
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: offset.toString() }] });
    },
  };
};

busContract('kafka', on(false));
busContract('kafka, transactions as before 4.0', on(true), [exactlyOnceCases]);
