import type { SASLOptions } from 'kafkajs';
import type { ConnectionOptions } from 'node:tls';

export interface KafkaBusLog {
  (level: 'error' | 'warn' | 'info' | 'debug', message: string, details: Readonly<Record<string, unknown>>): void;
}

/** How to reach the brokers, and the few times an operator may want to change. */
export interface KafkaBusConfig {
  /** `host:port` of some brokers. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl?: boolean | ConnectionOptions;
  readonly sasl?: SASLOptions;
  /** Longest wait for one answer of a broker, ms. Default 10 000. */
  readonly requestTimeoutMs?: number;
  /** After this silence the group gives a member's partitions away, ms. Default 10 000; brokers take 6 000 and up. */
  readonly sessionTimeoutMs?: number;
  /** Largest silence of an open transaction before the broker aborts it, ms. Default 15 000. */
  readonly transactionTimeoutMs?: number;
  /** Declares what a transaction touches before it does, as brokers before Kafka 4.0 want it. Default: what the cluster says of itself. */
  readonly declareTransactions?: boolean;
  readonly log?: KafkaBusLog;
}
