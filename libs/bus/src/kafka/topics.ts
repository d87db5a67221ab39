// Not a named import: Node's reading of CommonJS exports does not find this one.
import kafkajs from 'kafkajs';
import { BusError } from '../errors.ts';
import type { TopicSpec } from '../port.ts';
import type { Client } from './client.ts';
import { failureType } from './failures.ts';
import { backoffMs, pause } from './pause.ts';

export interface Topics {
  ensure(specs: readonly TopicSpec[]): Promise<void>;
  /** Throws BusError topic_unknown. Remembered: a topic's count is fixed for its version. */
  partitions(topic: string): Promise<number>;
  /** The largest record batch the topic takes, bytes. Remembered for a minute. */
  limit(topic: string): Promise<number>;
  /** End offsets as a read_committed reader sees them. */
  ends(topic: string): Promise<readonly bigint[]>;
  /** First offsets that are still there. */
  starts(topic: string): Promise<readonly bigint[]>;
  /** Offset of the first record of each partition appended at or after a time (epoch ms); the end where there is none. */
  at(topic: string, time: number): Promise<readonly bigint[]>;
}

const settings = (spec: TopicSpec) => [
  { name: 'cleanup.policy', value: spec.compacted ? 'compact' : 'delete' },
  { name: 'retention.ms', value: String(spec.retentionMs) },
  { name: 'max.message.bytes', value: String(spec.maxMessageBytes) },
  { name: 'message.timestamp.type', value: 'LogAppendTime' },
];

const settling = new Set(['NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE', 'UNKNOWN_TOPIC_OR_PARTITION']);
const settlingMs = 5_000;
/** A topic just created may not have its leaders everywhere yet, and a broker that restarts or is busy answers nothing for a while. */
const patienceMs = 45_000;
/** kafkajs takes apart the answer it did not get where none of its connections is up at that moment: a TypeError, which says nothing about the question. */
const mayPass = (error: unknown): boolean => (error as { retriable?: boolean }).retriable === true || (error as Error).name === 'TypeError';

/** Asks again while no broker answers. @param between what to do before asking again */
const patiently = async <T>(ask: () => Promise<T>, between: () => Promise<unknown> = () => Promise.resolve()): Promise<T> => {
  const end = Date.now() + patienceMs;
  for (let attempt = 1; ; attempt += 1) {
    try { return await ask(); } catch (error) {
      if (Date.now() >= end || !mayPass(error)) throw error;
      await between().catch(() => undefined);
      await pause(backoffMs(attempt));
    }
  }
};

export const createTopics = (client: Client): Topics => {
  const counts = new Map<string, number>();
  const limits = new Map<string, { readonly bytes: number; readonly at: number }>();

  const partitions = async (topic: string): Promise<number> => {
    const known = counts.get(topic);
    if (known !== undefined) return known;
    const metadata = await patiently(() => client.admin((admin) => admin.fetchTopicMetadata({ topics: [topic] })).catch((error: unknown) => {
      if (failureType(error) === 'UNKNOWN_TOPIC_OR_PARTITION' || failureType(error) === 'INVALID_TOPIC_EXCEPTION') throw new BusError('topic_unknown', `there is no topic ${topic}; contracts/topics.yaml declares them and the start creates them`);
      throw error;
    }));
    const count = metadata.topics.find((one) => one.name === topic)?.partitions.length ?? 0;
    if (count === 0) throw new BusError('topic_unknown', `there is no topic ${topic}`);
    counts.set(topic, count);
    return count;
  };

  const limit = async (topic: string): Promise<number> => {
    const known = limits.get(topic);
    if (known !== undefined && Date.now() - known.at < 60_000) return known.bytes;
    const { resources } = await patiently(() => client.admin((admin) => admin.describeConfigs({ includeSynonyms: false, resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: ['max.message.bytes'] }] })));
    const bytes = Number(resources[0]?.configEntries.find((one) => one.configName === 'max.message.bytes')?.configValue ?? 1_048_588);
    limits.set(topic, { bytes, at: Date.now() });
    return bytes;
  };

  const offsets = (topic: string, fromBeginning: boolean): Promise<readonly bigint[]> => patiently(
    () => readOffsets(topic, fromBeginning),
    // A new connection that knows no topic would ask for all there are.
    () => client.raw(async (cluster) => { await cluster.addMultipleTargetTopics([topic]); await cluster.refreshMetadata(); }),
  );

  const readOffsets = async (topic: string, fromBeginning: boolean): Promise<readonly bigint[]> => {
    const count = await partitions(topic);
    // A new topic's leaders are known here a moment before they know it themselves.
    for (const until = Date.now() + settlingMs; ; await pause(20)) {
      try { return await ask(topic, count, fromBeginning); } catch (error) {
        if (!settling.has(failureType(error) ?? '') || Date.now() > until) throw error;
      }
    }
  };

  const ask = (topic: string, count: number, fromBeginning: boolean): Promise<readonly bigint[]> =>
    client.raw(async (cluster) => {
      await cluster.addMultipleTargetTopics([topic]);
      if (cluster.findTopicPartitionMetadata(topic).length < count) await cluster.refreshMetadata();
      const [found] = await cluster.fetchTopicsOffset([{ topic, fromBeginning, partitions: Array.from({ length: count }, (_, partition) => ({ partition })) }]);
      const by = new Map(found?.partitions.map(({ partition, offset }) => [partition, BigInt(offset)]));
      return Array.from({ length: count }, (_, partition) => {
        const offset = by.get(partition);
        if (offset === undefined) throw new Error(`no broker told the offsets of ${topic}/${partition}`);
        return offset;
      });
    });

  return {
    partitions,
    limit,
    ends: (topic) => offsets(topic, false),
    starts: (topic) => offsets(topic, true),
    at: async (topic, time) => {
      const count = await partitions(topic);
      const found = await patiently(() => client.admin((admin) => admin.fetchTopicOffsetsByTimestamp(topic, time)));
      const by = new Map(found.map(({ partition, offset }) => [partition, BigInt(offset)]));
      return Array.from({ length: count }, (_, partition) => by.get(partition)!);
    },
    ensure: async (specs) => {
      for (let attempt = 1; ; attempt += 1) {
        const existing = new Set(await patiently(() => client.admin((admin) => admin.listTopics())));
        const missing = specs.filter(({ name }) => !existing.has(name));
        if (missing.length === 0) break;
        try {
          await client.admin((admin) => admin.createTopics({ waitForLeaders: true, topics: missing.map((spec) => ({ topic: spec.name, numPartitions: spec.partitions, replicationFactor: -1, configEntries: settings(spec) })) }));
        } catch (error) {
          // Two processes start together: who came second finds the topic there.
          if (attempt >= 5) throw error;
          await pause(50 * attempt);
        }
      }
      for (const { name, partitions: wanted } of specs) {
        counts.delete(name);
        const found = await partitions(name);
        if (found !== wanted) throw new BusError('topic_partitions_differ', `topic ${name} has ${found} partitions and is declared with ${wanted}; the number of partitions of a topic version never changes: declare a new version`);
        // Created is not led: whoever publishes next is not to find a partition that nobody leads yet.
        await offsets(name, false);
      }
    },
  };
};
