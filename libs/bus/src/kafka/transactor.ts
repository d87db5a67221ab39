import type { Producer, RecordMetadata, Transaction } from 'kafkajs';
import { createPartitioner } from './client.ts';
import type { Client } from './client.ts';
import { failureType } from './failures.ts';
import { pause } from './pause.ts';
import type { Round } from './record.ts';

/** The one transactional producer of an input partition. After any failure it is good for nothing but `abandon`. */
export interface Transactor {
  /** Writes all rounds, and the input's next offset if given, in one transaction. Resolves once it is committed, with where each batch went. */
  commit(rounds: readonly (readonly Round[])[], next?: bigint): Promise<readonly RecordMetadata[]>;
  abandon(): Promise<void>;
}

const patient = { initialRetryTime: 5, factor: 0.2, multiplier: 1.3, maxRetryTime: 100, retries: 25 };
const longestAbortMs = 2_000;

/** The broker is still writing the markers of the transaction before; kafkajs tries sends again by itself, but not this. */
const sendOffsets = async (transaction: Transaction, group: string, topic: string, partition: number, next: bigint): Promise<void> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction.sendOffsets({ consumerGroupId: group, topics: [{ topic, partitions: [{ partition, offset: next.toString() }] }] });
    } catch (error) {
      if (failureType(error) !== 'CONCURRENT_TRANSACTIONS' || attempt > 200) throw error;
      await pause(3);
    }
  }
};

/** Fences every older owner of (group, partition) and ends its open transaction: when this resolves, the committed offset is final (DESIGN 6). */
export const takeOver = async (client: Client, group: string, input: string, partition: number): Promise<Transactor> => {
  const producer: Producer = client.kafka.producer({
    transactionalId: `${group}-${partition}`, maxInFlightRequests: 1, transactionTimeout: client.config.transactionTimeoutMs ?? 15_000,
    allowAutoTopicCreation: false, createPartitioner, retry: patient,
  });
  let open: Transaction | undefined;
  let broken: unknown;
  let turn: Promise<unknown> = Promise.resolve();

  const end = async (): Promise<void> => {
    const transaction = open;
    open = undefined;
    if (transaction !== undefined) await Promise.race([transaction.abort().catch(() => undefined), pause(longestAbortMs)]);
    await producer.disconnect().catch(() => undefined);
  };

  const write = async (rounds: readonly (readonly Round[])[], next?: bigint): Promise<readonly RecordMetadata[]> => {
    if (broken !== undefined) throw broken;
    try {
      const transaction = (open ??= await producer.transaction());
      const sending = (async () => {
        const written: RecordMetadata[] = [];
        // One send after the other: two outstanding may lose acknowledged records (FACTS 2).
        for (const round of rounds) written.push(...await transaction.sendBatch({ acks: -1, topicMessages: [...round] }));
        return written;
      })();
      const advancing = next === undefined ? undefined : sendOffsets(transaction, group, input, partition, next);
      const [sent, advanced] = await Promise.allSettled([sending, advancing]);
      if (sent.status === 'rejected') throw sent.reason;
      if (advanced.status === 'rejected') throw advanced.reason;
      await transaction.commit();
      open = undefined;
      return sent.value;
    } catch (error) {
      broken = error;
      throw error;
    }
  };

  try {
    await producer.connect();
    open = await producer.transaction();
  } catch (error) {
    await end();
    throw error;
  }
  return {
    commit: (rounds, next) => {
      const mine = turn.then(() => write(rounds, next));
      turn = mine.catch(() => undefined);
      return mine;
    },
    abandon: end,
  };
};
