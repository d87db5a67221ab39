import { batchBound, putBatch } from './encode.ts';
import type { Sized, Written } from './encode.ts';
import { brokerError } from './failures.ts';
import type { RawBroker } from './raw-cluster.ts';
import { createReader } from './wire.ts';

/** One record batch to write. `sequence` counts the producer's records of this partition. */
export interface Going { readonly topic: string; readonly partition: number; readonly records: readonly Sized[]; readonly sequence: number }
/** Where a batch stands now. */
export interface Stands { readonly topic: string; readonly partition: number; readonly base: bigint }

const allReplicas = -1;

/**
 * A produce request of batches of one broker, encoded into what `room` gives: a megabyte a request, made anew each time, is what makes
 * the garbage collector run.
 */
export const produceRequest = (transactionalId: string, by: Omit<Written, 'sequence' | 'transactional'>, timeoutMs: number, batches: readonly Going[], now: number, room: (bytes: number) => Buffer): Buffer => {
  const to = room(batches.reduce((sum, { topic, records }) => sum + batchBound(records) + topic.length * 3 + 16, 256 + transactionalId.length * 3));
  let at = putString(to, transactionalId, 0);
  at = to.writeInt16BE(allReplicas, at);
  at = to.writeInt32BE(timeoutMs, at);
  const topics = Map.groupBy(batches, ({ topic }) => topic);
  at = to.writeInt32BE(topics.size, at);
  for (const [topic, parts] of topics) {
    at = putString(to, topic, at);
    at = to.writeInt32BE(parts.length, at);
    for (const { partition, records, sequence } of parts) {
      at = to.writeInt32BE(partition, at);
      const end = putBatch(to, at + 4, records, { ...by, sequence, transactional: true }, now);
      to.writeInt32BE(end - at - 4, at);
      at = end;
    }
  }
  return to.subarray(0, at);
};

const putString = (to: Buffer, text: string, at: number): number => {
  const bytes = to.write(text, at + 2);
  to.writeInt16BE(bytes, at);
  return at + 2 + bytes;
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
export const produceTo = (broker: RawBroker, body: Buffer): Promise<readonly Stands[]> =>
  broker.send({ apiKey: 0, apiVersion: 7, apiName: 'Produce', body, decode });
