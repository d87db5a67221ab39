/** An event as it goes in. `data` is JSON of the event, kept as the bytes that were written. */
export interface NewEvent { readonly type: string; readonly data: unknown }

/** An event as it comes out; versions of a stream are dense from 1. */
export interface StoredEvent { readonly version: number; readonly type: string; readonly data: unknown; readonly at: number; readonly by: string }

/** A message that goes out exactly when the events are in: at least once, in order per key. */
export interface OutboxMessage {
  readonly topic: string;
  readonly key: string;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Append {
  readonly stream: string;
  /** Version of the last event the decision saw; 0 for a new stream. */
  readonly expectedVersion: number;
  readonly events: readonly NewEvent[];
  readonly outbox: readonly OutboxMessage[];
  /** Epoch ms, and who caused it. */
  readonly at: number;
  readonly by: string;
}

/** Appends to several streams, each at most once. */
export type AppendedAll = { readonly status: 'ok' } | { readonly status: 'conflict'; readonly stream: string };

export type Appended = { readonly status: 'ok'; readonly version: number } | { readonly status: 'conflict'; readonly version: number };

/** Events and outbox are written in one transaction or not at all. */
export interface EventStore {
  append(append: Append): Promise<Appended>;
  /** All of it in one transaction, or, where one stream has another version, nothing at all. */
  appendAll(appends: readonly Append[]): Promise<AppendedAll>;
  load(stream: string): Promise<{ readonly events: readonly StoredEvent[]; readonly version: number }>;
  /** Names of all streams that begin with a prefix, sorted: for rebuilding views. */
  streams(prefix: string): Promise<readonly string[]>;
  /** The last version of all streams that begin with a prefix. */
  heads(prefix: string): Promise<ReadonlyMap<string, number>>;
}
