/**
 * The bus as the rest of the house sees it (DESIGN 6). Two adapters, kafka/ and embedded/, pass one contract suite.
 * Nothing outside libs/bus knows a Kafka client or the embedded tables.
 */

/** One record as it was read. Times are the broker's append time, never the producer's. */
export interface BusMessage {
  readonly topic: string;
  readonly partition: number;
  /** Position in its partition. Kafka leaves gaps (transaction markers); embedded is dense. */
  readonly offset: bigint;
  /** Epoch milliseconds, given by the broker at append. */
  readonly timestamp: number;
  readonly key: string | null;
  /** null is a tombstone. */
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** One record to write. Without `partition` it goes to murmur2(key) mod n; a key is required then. */
export interface Outgoing {
  readonly topic: string;
  readonly key: string;
  /** Text is written as UTF-8; null is a tombstone. Belongs to the bus from then on, like `headers`. */
  readonly value: Buffer | string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly partition?: number;
}

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly compacted: boolean;
  readonly retentionMs: number;
  readonly maxMessageBytes: number;
}

/** A running consumption. `stop` lets the batch in hand finish, then leaves; it resolves when nothing runs any more. */
export interface Subscription {
  /** Resolves once the member owns its partitions (or follows from its captured offsets) and will miss nothing published afterwards. */
  readonly ready: Promise<void>;
  /** Settles when consumption ended: normally after `stop`, or rejects with what made going on impossible (an offset out of range, say). */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export interface BatchContext {
  readonly topic: string;
  readonly partition: number;
  /** Aborted when the partition was taken away or `stop` was called. */
  readonly signal: AbortSignal;
  /** Long handlers call it between steps, so that the group does not think them dead. */
  heartbeat(): Promise<void>;
}

/**
 * What is wrong with a message itself (bad bytes, schema, signature). A handler throws it to have that one message
 * dead-lettered and the partition move on; any other error means our own infrastructure failed: the partition waits and the batch is handed out again.
 */
export class PoisonMessage extends Error {
  readonly poisoned: BusMessage;
  readonly code: string;
  constructor(poisoned: BusMessage, code: string, detail: string) {
    super(detail);
    this.name = 'PoisonMessage';
    this.poisoned = poisoned;
    this.code = code;
  }
}

export interface SubscribeOptions {
  readonly group: string;
  readonly topics: readonly string[];
  /** Where a group without committed offsets begins. */
  readonly from: 'start' | 'now';
  /** One call per partition batch, in order, at least once: offsets are committed after it resolves. Batches of different partitions run concurrently. */
  readonly onBatch: (messages: readonly BusMessage[], context: BatchContext) => Promise<void>;
  /** Largest batch handed out. Default 500. */
  readonly maxBatch?: number;
  /** Topic that takes poison messages (see deadLetterOf). Without it poison stops the partition like any error. */
  readonly deadLetters?: string;
  /** Told of each failure before the wait: for logs and health. */
  readonly onError?: (error: Error) => void;
}

export interface FollowOptions {
  readonly topics: readonly string[];
  /** 'start': all that is retained, 'now': from the ends captured before `ready` resolves. */
  readonly from: 'start' | 'now';
  readonly onBatch: (messages: readonly BusMessage[]) => void | Promise<void>;
  /** Called once when everything that was in the topics at the time of the call has been handed out. */
  readonly onCaughtUp?: () => void;
  readonly onError?: (error: Error) => void;
}

/** A bounded look back, by the broker's append time. */
export interface ScanOptions {
  readonly topic: string;
  /** Epoch ms, inclusive. Default: all that is retained. */
  readonly fromMs?: number;
  /** Epoch ms, exclusive. Default: the ends as of the call, which bound it in any case. */
  readonly toMs?: number;
  /** Each partition in order; batches of different partitions come in turn, one call at a time. */
  readonly onBatch: (messages: readonly BusMessage[]) => void | Promise<void>;
  /** Told once, before the first batch, what will be read: offsets from (inclusive) to (exclusive). */
  readonly onRanges?: (ranges: readonly { readonly partition: number; readonly from: bigint; readonly to: bigint }[]) => void;
}

/** What `process` hands to a new owner of a partition: it has fenced every older owner already. */
export interface Ownership {
  readonly partition: number;
  /** Next input offset to be handled: what is below it was committed. */
  readonly next: bigint;
  /** Writes outputs in a transaction of its own (no input offset advances). Returns the offset of each, in order. */
  append(outputs: readonly Outgoing[]): Promise<readonly bigint[]>;
  /** Reads committed records of an output topic's same partition, from (inclusive) to (exclusive; default: the end as of the call). */
  read(topic: string, from: bigint, to?: bigint): AsyncIterable<readonly BusMessage[]>;
  /** Aborted when the partition is lost. */
  readonly signal: AbortSignal;
}

/** The state of one owned partition. Thrown away after any failed transaction: memory never runs ahead of the log. */
export interface PartitionOwner {
  /** Handles messages in order and returns all outputs; the bus writes them and advances the offset in one transaction. Called again with later messages only after that committed. */
  handle(messages: readonly BusMessage[]): Promise<readonly Outgoing[]> | readonly Outgoing[];
  /** After the commit: the outputs of the last `handle` with their offsets. May checkpoint; must not throw for that. */
  committed?(next: bigint): void | Promise<void>;
  /** The partition is gone or the transaction failed; release what is held. */
  discard?(): void;
}

export interface ProcessOptions {
  readonly group: string;
  readonly input: string;
  /** Topics written to; same number of partitions as the input; outputs go to the input's partition unless they say otherwise. */
  readonly outputs: readonly string[];
  /** Called for each partition gained, after fencing and before any message. */
  readonly own: (ownership: Ownership) => Promise<PartitionOwner>;
  /** Most messages per transaction; a function is asked before each. Default 400. */
  readonly maxBatch?: number | (() => number);
  readonly onError?: (error: Error) => void;
}

export interface Bus {
  readonly kind: 'kafka' | 'embedded';
  /** Creates what is missing; refuses (throws) where an existing topic has another number of partitions. */
  ensureTopics(topics: readonly TopicSpec[]): Promise<void>;
  /** Resolves when all are durable. Order per key holds between awaited calls and within one call. On error nothing is known: publish identical bytes again. */
  publish(messages: readonly Outgoing[]): Promise<void>;
  /** At least once, one group, dead letters. */
  subscribe(options: SubscribeOptions): Promise<Subscription>;
  /** Everything, for this process alone, without a group or committed offsets. */
  follow(options: FollowOptions): Promise<Subscription>;
  /** Committed records of a stretch of time, once, without a group; resolves at its end. A batch that throws ends it. */
  scan(options: ScanOptions): Promise<void>;
  /** Exactly once: read, append, advance, all or nothing. */
  process(options: ProcessOptions): Promise<Subscription>;
  /** End offsets (next to be written, as a read_committed reader sees them) by partition. */
  ends(topic: string): Promise<readonly bigint[]>;
  /** Number of partitions of a topic. */
  partitions(topic: string): Promise<number>;
  close(): Promise<void>;
}

/** `runs.inbox.v1` → `runs.inbox-dead.v1`. */
export const deadLetterOf = (topic: string): string => topic.replace(/\.v(\d+)$/, '-dead.v$1');
