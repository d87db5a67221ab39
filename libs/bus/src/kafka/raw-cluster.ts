import type { Kafka } from 'kafkajs';
import { asEncoder } from './framing.ts';
import type { Framed } from './framing.ts';

/**
 * kafkajs has connections, security, metadata and coordinators, but its public face offers no fetch without a group, no offsets as a read_committed
 * reader sees them, and its transactions cost twice the round trips they need (ADR 0002). This is its inner face, typed. The client's version is pinned
 * exactly, and a client without it is refused when a bus is made.
 */
interface Protocol {
  readonly request: { readonly apiKey: number; readonly apiVersion: number; readonly apiName: string; readonly expectResponse: () => boolean; readonly encode: () => Promise<{ readonly buf: Buffer; readonly buffer: Buffer }> };
  readonly response: { readonly decode: (payload: Buffer) => Promise<{ readonly read: unknown }>; readonly parse: (decoded: { readonly read: unknown }) => Promise<{ readonly read: unknown }> };
}

interface InnerBroker {
  disconnect(): Promise<void>;
  readonly connectionPool: { send(protocol: Protocol): Promise<{ readonly read: unknown }> };
  initProducerId(request: { transactionalId: string; transactionTimeout: number }): Promise<{ readonly producerId: string; readonly producerEpoch: number }>;
  addPartitionsToTxn(request: Transactional & { topics: readonly { topic: string; partitions: readonly number[] }[] }): Promise<unknown>;
  addOffsetsToTxn(request: Transactional & { groupId: string }): Promise<unknown>;
  txnOffsetCommit(request: Transactional & { groupId: string; topics: readonly { topic: string; partitions: readonly { partition: number; offset: string; metadata?: string }[] }[] }): Promise<unknown>;
  endTxn(request: Transactional & { transactionResult: boolean }): Promise<unknown>;
}

export interface Transactional { readonly transactionalId: string; readonly producerId: string; readonly producerEpoch: number }

/** A broker to talk to: what kafkajs encodes itself, and `send` for what we encode. */
export type RawBroker = Omit<InnerBroker, 'connectionPool' | 'disconnect'> & {
  send<T>(call: { readonly apiKey: number; readonly apiVersion: number; readonly apiName: string; readonly body: Buffer | Framed; readonly decode: (payload: Buffer) => T }): Promise<T>;
};

interface Shared {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number; readonly leader: number }[];
  fetchTopicsOffset(topics: readonly { topic: string; fromBeginning: boolean; partitions: readonly { partition: number }[] }[]): Promise<readonly { topic: string; partitions: readonly { partition: number; offset: string }[] }[]>;
}
type InnerCluster = Shared & {
  findBroker(which: { nodeId: number }): Promise<InnerBroker>;
  findGroupCoordinator(which: { groupId: string; coordinatorType: number }): Promise<InnerBroker>;
};
export type RawCluster = Shared & {
  findBroker(nodeId: number): Promise<RawBroker>;
  findCoordinator(of: 'group' | 'transaction', id: string): Promise<RawBroker>;
};

const opened = (inner: InnerBroker, closed: () => boolean): RawBroker => ({
  initProducerId: (request) => inner.initProducerId(request),
  addPartitionsToTxn: (request) => inner.addPartitionsToTxn(request),
  addOffsetsToTxn: (request) => inner.addOffsetsToTxn(request),
  txnOffsetCommit: (request) => inner.txnOffsetCommit(request),
  endTxn: (request) => inner.endTxn(request),
  send: async ({ apiKey, apiVersion, apiName, body, decode }) => {
    if (closed()) throw new Error('the connection was closed');
    try {
      const answer = await inner.connectionPool.send({
        // What kafkajs takes for one of its encoders.
        request: { apiKey, apiVersion, apiName, expectResponse: () => true, encode: async () => (Buffer.isBuffer(body) ? { buf: body, buffer: body } : asEncoder(body)) },
        response: { decode: async (payload) => ({ read: decode(payload) }), parse: async (decoded) => decoded },
      });
      return answer.read as ReturnType<typeof decode>;
    } finally {
      // The pool connects whenever it is asked, also while and after it is being closed.
      if (closed()) await inner.disconnect().catch(() => undefined);
    }
  },
});

const readCommitted = 1;

/** A maker of unconnected raw clusters with the client's own security and time-outs. */
export const rawClusters = (kafka: Kafka): (() => RawCluster) => {
  const symbol = Object.getOwnPropertySymbols(kafka).find((one) => one.description === 'private:Kafka:createCluster');
  const create = symbol === undefined ? undefined : (kafka as unknown as Record<symbol, unknown>)[symbol];
  if (typeof create !== 'function') throw new Error('this kafkajs is not the version the bus was made for (2.2.4)');
  return () => {
    const inner = create({ allowAutoTopicCreation: false, isolationLevel: readCommitted, metadataMaxAge: 300_000 }) as InnerCluster;
    let ended = false;
    const closed = (): boolean => ended;
    const using = async (find: () => Promise<InnerBroker>): Promise<RawBroker> => {
      if (ended) throw new Error('the connection was closed');
      const broker = await find();
      if (ended) { await broker.disconnect().catch(() => undefined); throw new Error('the connection was closed'); }
      return opened(broker, closed);
    };
    return {
      connect: () => inner.connect(),
      disconnect: () => { ended = true; return inner.disconnect(); },
      addMultipleTargetTopics: (topics) => inner.addMultipleTargetTopics(topics),
      refreshMetadata: () => inner.refreshMetadata(),
      refreshMetadataIfNecessary: () => inner.refreshMetadataIfNecessary(),
      findTopicPartitionMetadata: (topic) => inner.findTopicPartitionMetadata(topic),
      fetchTopicsOffset: (topics) => inner.fetchTopicsOffset(topics),
      findBroker: (nodeId) => using(() => inner.findBroker({ nodeId })),
      findCoordinator: (of, groupId) => using(() => inner.findGroupCoordinator({ groupId, coordinatorType: of === 'group' ? 0 : 1 })),
    };
  };
};
