import type { Kafka } from 'kafkajs';

/**
 * kafkajs can fetch from a partition, and ask for offsets as a read_committed reader sees them, but its public face offers neither without a consumer group.
 * This is that inner face, typed. The client's version is pinned exactly, and a client without it is refused when a bus is made.
 */
export interface RawMessage {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | readonly Buffer[] | null>>;
  readonly isControlRecord: boolean;
  readonly batchContext: { readonly firstOffset: string; readonly lastOffsetDelta: number; readonly producerId: string; readonly inTransaction: boolean };
}

export interface RawPartition {
  readonly partition: number;
  readonly lastStableOffset: string;
  readonly abortedTransactions: readonly { readonly producerId: string; readonly firstOffset: string }[];
  readonly messages: readonly RawMessage[];
}

export interface FetchedTopic { readonly topicName: string; readonly partitions: readonly RawPartition[] }
export interface WantedTopic { readonly topic: string; readonly partitions: { partition: number; fetchOffset: string; maxBytes: number }[] }

export interface RawBroker {
  fetch(request: { maxWaitTime: number; minBytes: number; maxBytes: number; isolationLevel: number; topics: readonly WantedTopic[] }): Promise<{ responses: readonly FetchedTopic[] }>;
}

export interface RawCluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number; readonly leader: number }[];
  findBroker(which: { nodeId: number }): Promise<RawBroker>;
  fetchTopicsOffset(topics: readonly { topic: string; fromBeginning: boolean; partitions: readonly { partition: number }[] }[]): Promise<readonly { topic: string; partitions: readonly { partition: number; offset: string }[] }[]>;
}

export const readCommitted = 1;

/** A maker of unconnected raw clusters with the client's own security and time-outs. */
export const rawClusters = (kafka: Kafka): (() => RawCluster) => {
  const symbol = Object.getOwnPropertySymbols(kafka).find((one) => one.description === 'private:Kafka:createCluster');
  const create = symbol === undefined ? undefined : (kafka as unknown as Record<symbol, unknown>)[symbol];
  if (typeof create !== 'function') throw new Error('this kafkajs is not the version the bus was made for (2.2.4)');
  return () => create({ allowAutoTopicCreation: false, isolationLevel: readCommitted, metadataMaxAge: 300_000 }) as RawCluster;
};
