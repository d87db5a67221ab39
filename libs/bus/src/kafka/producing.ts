import { batchBound, putBatch } from './encode.ts';
import type { Sized, Written } from './encode.ts';
import { brokerError } from './failures.ts';
import { frameRoom } from './framing.ts';
import type { Framed } from './framing.ts';
import type { RawBroker } from './raw-cluster.ts';
import { createReader, putUvarint } from './wire.ts';

/** One record batch to write. `sequence` counts the producer's records of this partition. */
export interface Going { readonly topic: string; readonly partition: number; readonly records: readonly Sized[]; readonly sequence: number }
/** Where a batch stands now. */
export interface Stands { readonly topic: string; readonly partition: number; readonly base: bigint }

const allReplicas = -1;

/** How a request is written: 7 is spoken by brokers since Kafka 2.1; 12 (flexible, KIP-890) also enlists the partitions in the transaction. */
export type ProduceVersion = 7 | 12;

/** Room for the length of a batch, which is known at its end. A varint may carry more bytes than it needs. */
const lengthBytes = 4;
const putLength = (to: Buffer, length: number, at: number): void => {
  for (let nth = 0; nth < lengthBytes - 1; nth += 1) to[at + nth] = ((length >>> (7 * nth)) & 127) | 128;
  to[at + lengthBytes - 1] = length >>> (7 * (lengthBytes - 1));
};

/**
 * A produce request of batches of one broker, encoded into what `room` gives: a megabyte a request, made anew each time, is what makes
 * the garbage collector run.
 */
export const produceRequest = (version: ProduceVersion, transactionalId: string, by: Omit<Written, 'sequence' | 'transactional'>, timeoutMs: number, batches: readonly Going[], now: number, room: (bytes: number) => Buffer): Framed => {
  const to = room(batches.reduce((sum, { topic, records }) => sum + batchBound(records) + topic.length * 3 + 32, frameRoom + 256 + transactionalId.length * 3));
  const flexible = version === 12;
  const string = flexible ? putCompactString : putString;
  const count = (value: number): void => { at = flexible ? putUvarint(to, value + 1, at) : to.writeInt32BE(value, at); };
  const noTags = (): void => { if (flexible) to[at++] = 0; };
  let at = frameRoom;
  noTags(); // of the header
  at = string(to, transactionalId, at);
  at = to.writeInt16BE(allReplicas, at);
  at = to.writeInt32BE(timeoutMs, at);
  const topics = Map.groupBy(batches, ({ topic }) => topic);
  count(topics.size);
  for (const [topic, parts] of topics) {
    at = string(to, topic, at);
    count(parts.length);
    for (const { partition, records, sequence } of parts) {
      at = to.writeInt32BE(partition, at);
      const begin = at + lengthBytes;
      at = putBatch(to, begin, records, { ...by, sequence, transactional: true }, now);
      if (flexible) putLength(to, at - begin + 1, begin - lengthBytes); else to.writeInt32BE(at - begin, begin - lengthBytes);
      noTags();
    }
    noTags();
  }
  noTags();
  return { room: to, from: frameRoom, to: at };
};

const putString = (to: Buffer, text: string, at: number): number => {
  const bytes = to.write(text, at + 2);
  to.writeInt16BE(bytes, at);
  return at + 2 + bytes;
};
const putCompactString = (to: Buffer, text: string, at: number): number => {
  at = putUvarint(to, Buffer.byteLength(text) + 1, at);
  return at + to.write(text, at);
};

const decode7 = (payload: Buffer): readonly Stands[] => {
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

const decode12 = (payload: Buffer): readonly Stands[] => {
  const from = createReader(payload);
  from.skipTags();
  return from.compactArray(() => {
    const topic = from.compactString();
    const stands = from.compactArray((): Stands => {
      const partition = from.int32();
      const code = from.int16();
      const base = from.int64();
      from.int64();
      from.int64();
      from.compactArray(() => { from.int32(); from.compactString(); from.skipTags(); });
      const why = from.compactString();
      from.skipTags();
      if (code !== 0) throw brokerError(code, `a write to ${topic}/${partition}${why === '' ? '' : ` (${why})`}`);
      return { topic, partition, base };
    });
    from.skipTags();
    return stands;
  }).flat();
};

/** Rejects when any batch was refused; others may have been taken. */
export const produceTo = (broker: RawBroker, version: ProduceVersion, body: Framed): Promise<readonly Stands[]> =>
  broker.send({ apiKey: 0, apiVersion: version, apiName: 'Produce', body, decode: version === 12 ? decode12 : decode7 });
