import type { BusMessage } from '../port.ts';
import type { RawMessage, RawPartition } from './raw-cluster.ts';

/** What one fetch brought of one partition. `next` is where to go on; `messages` may be empty where only markers or aborted records were. */
export interface Segment {
  readonly topic: string;
  readonly partition: number;
  readonly messages: readonly BusMessage[];
  readonly next: bigint;
  readonly bytes: number;
}

const headersOf = (raw: RawMessage['headers']): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (const name in raw) {
    const value = raw[name];
    // Of a repeated header the last one counts, as for a Java client's lastHeader.
    const one = Array.isArray(value) ? (value as readonly Buffer[]).at(-1) : value as Buffer | null;
    if (one !== null && one !== undefined) headers[name] = one.toString();
  }
  return headers;
};

/**
 * Keeps what is committed, is data, and stands at `from` or later. Aborted transactions come from the broker in no promised order and may
 * interleave; kafkajs' own filter assumes they do neither.
 */
export const segmentOf = (topic: string, raw: RawPartition, from: bigint): Segment => {
  const aborted = raw.abortedTransactions.map(({ producerId, firstOffset }) => ({ producerId, firstOffset: BigInt(firstOffset) }))
    .sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : a.firstOffset > b.firstOffset ? 1 : 0));
  const ignoring = new Set<string>();
  const messages: BusMessage[] = [];
  let next = from;
  let bytes = 0;
  for (const message of raw.messages) {
    const offset = BigInt(message.offset);
    const { producerId, inTransaction } = message.batchContext;
    while (aborted.length > 0 && aborted[0]!.firstOffset <= offset) ignoring.add(aborted.shift()!.producerId);
    // A marker ends its producer's transaction; only an aborted one is in the set.
    if (message.isControlRecord) { ignoring.delete(producerId); continue; }
    if (offset < from || (inTransaction && ignoring.has(producerId))) continue;
    bytes += (message.value?.length ?? 0) + 200;
    messages.push({
      topic, partition: raw.partition, offset, timestamp: Number(message.timestamp),
      key: message.key === null ? null : message.key.toString(), value: message.value, headers: headersOf(message.headers),
    });
  }
  const last = raw.messages.at(-1);
  if (last !== undefined) {
    // The batch's own end, not the last record's: compaction may have taken the records at its end.
    const end = BigInt(last.batchContext.firstOffset) + BigInt(last.batchContext.lastOffsetDelta) + 1n;
    if (end > next) next = end;
  }
  return { topic, partition: raw.partition, messages, next, bytes };
};
