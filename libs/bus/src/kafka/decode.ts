import { gunzipSync } from 'node:zlib';
import type { BusMessage } from '../port.ts';
import type { FetchedPartition } from './fetching.ts';
import { createReader } from './wire.ts';
import type { Reader } from './wire.ts';

/** What one fetch brought of one partition. `next` is where to go on; `messages` may be empty where only markers or aborted records were, or compaction emptied a batch. */
export interface Segment {
  readonly topic: string;
  readonly partition: number;
  /** Decoded when first asked for: what waits in a queue waits as bytes, which the garbage collector need not walk through. */
  readonly messages: readonly BusMessage[];
  readonly next: bigint;
  /** About how much is kept; 0 where there is no message. */
  readonly bytes: number;
}

interface Batch { readonly first: bigint; readonly last: bigint; readonly control: boolean; readonly transactional: boolean; readonly producerId: bigint; readonly count: number; readonly appended: number | undefined; readonly firstAt: number; readonly bytes: number; readonly records: () => Reader }

const batchHead = 12;

/** The next whole batch; undefined at the end, or where the broker cut one off. */
const nextBatch = (from: Reader, where: string): Batch | undefined => {
  if (from.left < batchHead) return undefined;
  const first = from.int64();
  const length = from.int32();
  if (from.left < length) return undefined;
  const batch = createReader(from.raw(length));
  batch.int32();
  const magic = batch.int8();
  if (magic !== 2) throw new Error(`${where} holds a record batch of format ${magic} at offset ${first}; only format 2 (Kafka 0.11 and later) is read`);
  batch.int32();
  const attributes = batch.int16();
  const last = first + BigInt(batch.int32());
  const firstAt = Number(batch.int64());
  const latest = Number(batch.int64());
  const producerId = batch.int64();
  batch.int16();
  batch.int32();
  const count = batch.int32();
  const codec = attributes & 7;
  if (codec > 1) throw new Error(`${where} holds a batch at offset ${first} compressed in a way (${codec}) that is not read here; only gzip is`);
  return {
    first, last, producerId, count, firstAt, appended: (attributes & 8) === 0 ? undefined : latest, transactional: (attributes & 16) !== 0, control: (attributes & 32) !== 0,
    bytes: batch.left,
    records: () => (codec === 0 ? batch : createReader(gunzipSync(batch.raw(batch.left)))),
  };
};

const headersOf = (from: Reader): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (let left = from.varint(); left > 0; left -= 1) {
    const name = from.word(from.varint());
    const length = from.varint();
    // Of a repeated header the last one counts, as for a Java client's lastHeader.
    if (length >= 0) headers[name] = from.again(length);
  }
  return headers;
};

const message = (from: Reader, topic: string, partition: number, batch: Batch): BusMessage => {
  from.varint();
  from.int8();
  const timestamp = batch.appended ?? batch.firstAt;
  const late = from.varint();
  const offset = batch.first + BigInt(from.varint());
  const keyLength = from.varint();
  const key = keyLength < 0 ? null : from.text(keyLength);
  const valueLength = from.varint();
  const value = valueLength < 0 ? null : from.raw(valueLength);
  return { topic, partition, offset, timestamp: batch.appended === undefined ? timestamp + late : timestamp, key, value, headers: headersOf(from) };
};

const messagesOf = (batch: Batch, topic: string, partition: number, from: bigint): readonly BusMessage[] => {
  const records = batch.records();
  const messages: BusMessage[] = [];
  for (let nth = 0; nth < batch.count; nth += 1) {
    const one = message(records, topic, partition, batch);
    if (one.offset >= from) messages.push(one);
  }
  return messages;
};

/**
 * Keeps what is committed, is data, and stands at `from` or later. Aborted transactions come from the broker in no promised order and may
 * interleave; a marker ends its producer's, and only aborted ones are ignored.
 */
export const segmentOf = (topic: string, fetched: FetchedPartition, from: bigint): Segment => {
  const { partition } = fetched;
  const aborted = fetched.aborted.toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : a.firstOffset > b.firstOffset ? 1 : 0));
  const ignoring = new Set<bigint>();
  const kept: Batch[] = [];
  let next = from;
  let bytes = 0;
  const where = `${topic}/${partition}`;
  const reader = createReader(fetched.records);
  for (let batch = nextBatch(reader, where); batch !== undefined; batch = nextBatch(reader, where)) {
    // The batch's own end, not its last record's: compaction may have taken the records at its end, or all of them.
    if (batch.last >= next) next = batch.last + 1n;
    while (aborted.length > 0 && aborted[0]!.firstOffset <= batch.last) ignoring.add(aborted.shift()!.producerId);
    if (batch.control) { ignoring.delete(batch.producerId); continue; }
    if (batch.last < from || (batch.transactional && ignoring.has(batch.producerId))) continue;
    if (batch.count === 0) continue;
    bytes += batch.bytes;
    kept.push(batch);
  }
  let decoded: readonly BusMessage[] | undefined;
  return { topic, partition, next, bytes, get messages() { return (decoded ??= kept.flatMap((batch) => messagesOf(batch, topic, partition, from))); } };
};
