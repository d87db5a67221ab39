import { brokerError } from './failures.ts';
import type { RawBroker } from './raw-cluster.ts';
import { createReader, createWriter } from './wire.ts';

/** One record batch on its way, encoded. */
export interface Going { readonly topic: string; readonly partition: number; readonly batch: Buffer }
/** Where a batch stands now. */
export interface Stands { readonly topic: string; readonly partition: number; readonly base: bigint }

const allReplicas = -1;

const encode = (transactionalId: string, timeoutMs: number, batches: readonly Going[]): Buffer => {
  const to = createWriter(batches.reduce((sum, { batch }) => sum + batch.length + 128, 256));
  to.string(transactionalId);
  to.int16(allReplicas);
  to.int32(timeoutMs);
  const topics = Map.groupBy(batches, ({ topic }) => topic);
  to.int32(topics.size);
  for (const [topic, parts] of topics) {
    to.string(topic);
    to.int32(parts.length);
    for (const { partition, batch } of parts) {
      to.int32(partition);
      to.int32(batch.length);
      to.raw(batch);
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

/** Produce, version 7 (Kafka 2.1 and later), in a transaction; all batches are of one broker. Rejects when any was refused; others may have been taken. */
export const produceTo = (broker: RawBroker, transactionalId: string, timeoutMs: number, batches: readonly Going[]): Promise<readonly Stands[]> =>
  broker.send({ apiKey: 0, apiVersion: 7, apiName: 'Produce', body: encode(transactionalId, timeoutMs, batches), decode });
