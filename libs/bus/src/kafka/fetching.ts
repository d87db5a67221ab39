import { brokerError } from './failures.ts';
import type { RawBroker } from './raw-cluster.ts';
import { createReader, createWriter } from './wire.ts';

export interface FetchedPartition {
  readonly partition: number;
  readonly lastStableOffset: bigint;
  readonly aborted: readonly { readonly producerId: bigint; readonly firstOffset: bigint }[];
  /** Record batches as they lie in the log; the last one may be cut off. */
  readonly records: Buffer;
}
export interface FetchedTopic { readonly topic: string; readonly partitions: readonly FetchedPartition[] }
export interface WantedTopic { readonly topic: string; readonly partitions: { partition: number; offset: bigint; maxBytes: number }[] }

const readCommitted = 1;

const encode = (waitMs: number, maxBytes: number, topics: readonly WantedTopic[]): Buffer => {
  const to = createWriter(1_024);
  to.int32(-1);
  to.int32(waitMs);
  to.int32(1);
  to.int32(maxBytes);
  to.int8(readCommitted);
  to.int32(0);
  to.int32(-1);
  to.int32(topics.length);
  for (const { topic, partitions } of topics) {
    to.string(topic);
    to.int32(partitions.length);
    for (const { partition, offset, maxBytes: most } of partitions) {
      to.int32(partition);
      to.int32(-1);
      to.int64(offset);
      to.int64(-1n);
      to.int32(most);
    }
  }
  to.int32(0);
  to.string('');
  return to.written();
};

const decode = (payload: Buffer): readonly FetchedTopic[] => {
  const from = createReader(payload);
  from.int32();
  const failure = from.int16();
  if (failure !== 0) throw brokerError(failure, 'a fetch');
  from.int32();
  return from.array(() => {
    const topic = from.string();
    const partitions = from.array(() => {
      const partition = from.int32();
      const code = from.int16();
      from.int64();
      const lastStableOffset = from.int64();
      from.int64();
      const aborted = from.array(() => ({ producerId: from.int64(), firstOffset: from.int64() }));
      from.int32();
      const length = from.int32();
      const records = from.raw(Math.max(0, length));
      if (code !== 0) throw Object.assign(brokerError(code, `a fetch from ${topic}/${partition}`), { topic, partition });
      return { partition, lastStableOffset, aborted, records };
    });
    return { topic, partitions };
  });
};

/** Fetch, version 11 (Kafka 2.3 and later), read_committed. Rejects when any partition is refused, with its `type`, `topic` and `partition`. */
export const fetchFrom = (broker: RawBroker, waitMs: number, maxBytes: number, topics: readonly WantedTopic[]): Promise<readonly FetchedTopic[]> =>
  broker.send({ apiKey: 1, apiVersion: 11, apiName: 'Fetch', body: encode(waitMs, maxBytes, topics), decode });
