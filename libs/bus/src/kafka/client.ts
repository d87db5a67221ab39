import { Kafka, Partitioners, logLevel } from 'kafkajs';
import type { Admin, LogEntry } from 'kafkajs';
import { calmRequestQueues } from './calm.ts';
import type { KafkaBusConfig } from './config.ts';
import { sendWithoutCopies } from './framing.ts';
import { quietNegativeTimeouts } from './quiet.ts';
import { rawClusters } from './raw-cluster.ts';
import type { RawCluster } from './raw-cluster.ts';
import { socketFactory } from './socket.ts';

/** What the parts of this adapter share: the client, and its connections for questions asked now and then. */
export interface Client {
  readonly kafka: Kafka;
  readonly config: KafkaBusConfig;
  /** A connection of its own, read_committed, knowing `topics`. The caller disconnects it. */
  open(topics: readonly string[]): Promise<RawCluster>;
  /** Runs with the shared admin connection; after a failure the next call gets a new one. */
  admin<T>(ask: (admin: Admin) => Promise<T>): Promise<T>;
  /** Runs with the shared raw connection; after a failure the next call gets a new one. */
  raw<T>(ask: (cluster: RawCluster) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const levels = new Map<logLevel, 'error' | 'warn' | 'info' | 'debug'>([[logLevel.ERROR, 'error'], [logLevel.WARN, 'warn'], [logLevel.INFO, 'info'], [logLevel.DEBUG, 'debug']]);

/** Keeps one connection and replaces it after a failure. */
const renewed = <C>(make: () => Promise<C>, end: (connection: C) => Promise<void>) => {
  let current: Promise<C> | undefined;
  return {
    use: async <T>(ask: (connection: C) => Promise<T>): Promise<T> => {
      const mine = (current ??= make());
      try {
        return await ask(await mine);
      } catch (error) {
        if (current === mine) current = undefined;
        mine.then(end).catch(() => undefined);
        throw error;
      }
    },
    close: async (): Promise<void> => { await current?.then(end).catch(() => undefined); },
  };
};

export const retries = { initialRetryTime: 20, factor: 0.2, multiplier: 1.6, maxRetryTime: 500, retries: 8 };
export const createPartitioner = Partitioners.DefaultPartitioner;

/** Nothing is connected before it is asked something. */
export const createClient = (config: KafkaBusConfig): Client => {
  quietNegativeTimeouts();
  calmRequestQueues();
  sendWithoutCopies();
  const { log } = config;
  const kafka = new Kafka({
    brokers: [...config.brokers],
    clientId: config.clientId,
    connectionTimeout: 3_000,
    requestTimeout: config.requestTimeoutMs ?? 10_000,
    enforceRequestTimeout: true,
    retry: retries,
    logLevel: log === undefined ? logLevel.NOTHING : logLevel.WARN,
    logCreator: () => ({ level, log: { message, ...details } }: LogEntry) => log?.(levels.get(level) ?? 'debug', message, details),
    socketFactory,
    ...(config.ssl === undefined ? {} : { ssl: config.ssl }),
    ...(config.sasl === undefined ? {} : { sasl: config.sasl }),
  });
  const openRaw = rawClusters(kafka);
  const open = async (topics: readonly string[]): Promise<RawCluster> => {
    const cluster = openRaw();
    try {
      await cluster.connect();
      await cluster.addMultipleTargetTopics([...topics]);
      return cluster;
    } catch (error) {
      await cluster.disconnect().catch(() => undefined);
      throw error;
    }
  };
  const admin = renewed(async () => { const one = kafka.admin(); await one.connect(); return one; }, (one) => one.disconnect());
  const raw = renewed(() => open([]), (one) => one.disconnect());
  return { kafka, config, open, admin: admin.use, raw: raw.use, close: async () => { await Promise.all([admin.close(), raw.close()]); } };
};
