import { encodeBatch } from './encode.ts';
import type { Sized, Written } from './encode.ts';
import { brokerError } from './failures.ts';
import type { RawBroker } from './raw-cluster.ts';
import { createReader, createWriter } from './wire.ts';

/** One record batch on its way: all of them of one broker. */
export interface Going { readonly topic: string; readonly partition: number; readonly records: readonly Sized[]; readonly sequence: number }
/** Where a batch stands now. */
export interface Stands { readonly topic: string; readonly partition: number; readonly base: bigint }

const allReplicas = -1;

const encode = (transactionalId: string, by: Omit<Written, 'sequence' | 'transactional'>, timeoutMs: number, batches: readonly Going[]): Buffer => {
  const now = Date.now();
  const encoded = batches.map(({ records, sequence }) => encodeBatch(records, { ...by, sequence, transactional: true }, now));
  const to = createWriter(encoded.reduce((sum, { length }) => sum + length + 128, 256));
  to.string(transactionalId);
  to.int16(allReplicas);
  to.int32(timeoutMs);
  const topics = Map.groupBy(batches.map((batch, nth) => ({ topic: batch.topic, partition: batch.partition, records: encoded[nth]! })), ({ topic }) => topic);
  to.int32(topics.size);
  for (const [topic, parts] of topics) {
    to.string(topic);
    to.int32(parts.length);
    for (const { partition, records } of parts) {
      to.int32(partition);
      to.int32(records.length);
      to.raw(records);
    }
  }
  return to.written();
};

const decode = (payload: Buffer): readonly Stands[] => {
  const from = createReader(payload);
  return from.array(() => {
    const topic = from.string();
    return from.array((): Stands => {
      const partition = from.int32();
      const code = from.int16();
      const base = from.int64();
      from.int64();
      from.int64();
      if (code !== 0) throw brokerError(code, `a write to ${topic}/${partition}`);
      return { topic, partition, base };
    });
  }).flat();
};

/** Produce, version 7 (Kafka 2.1 and later), in a transaction. Rejects when any batch was refused; others may have been taken. */
export const produceTo = (broker: RawBroker, transactionalId: string, by: Omit<Written, 'sequence' | 'transactional'>, timeoutMs: number, batches: readonly Going[]): Promise<readonly Stands[]> =>
  broker.send({ apiKey: 0, apiVersion: 7, apiName: 'Produce', body: encode(transactionalId, by, timeoutMs, batches), decode });
