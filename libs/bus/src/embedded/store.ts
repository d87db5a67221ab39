import type { BusMessage, Outgoing, TopicSpec } from '../port.ts';

/** A value as it is stored. */
export const bytesOf = (value: Outgoing['value']): Buffer | null => (typeof value === 'string' ? Buffer.from(value) : value);

/** A record with its place decided. */
export interface Placed {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** The right of one member to work on one partition for its group. A newer epoch fences it. */
export interface Claim {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly member: string;
  readonly epoch: bigint;
}

export interface Page {
  /** Oldest offset still kept, and the next to be written, as of this read. */
  readonly low: bigint;
  readonly end: bigint;
  readonly messages: readonly BusMessage[];
}

/** What the embedded engine needs of a log: PostgreSQL, or memory in tests. */
export interface LogStore {
  ensureTopics(topics: readonly TopicSpec[]): Promise<void>;
  /** Throws topic_unknown. */
  topic(name: string): Promise<{ readonly partitions: number; readonly maxMessageBytes: number }>;
  ends(topic: string): Promise<readonly bigint[]>;
  /** All or nothing, one step: checks the claim (throws fenced), advances its offset to `next` where given, appends. Returns the offsets in order. */
  append(records: readonly Placed[], guard?: { readonly claim: Claim; readonly next?: bigint }): Promise<readonly bigint[]>;
  read(topic: string, partition: number, from: bigint, limit: number): Promise<Page>;
  /** Gives a new group its first offsets; an existing one keeps its own. */
  begin(group: string, topic: string, from: 'start' | 'now'): Promise<void>;
  /** Keeps the member and its claims alive; tells who else lives and what is held. */
  renew(group: string, topic: string, member: string, leaseMs: number): Promise<{ readonly members: readonly string[]; readonly held: readonly number[] }>;
  /** Takes a partition that is free, whose lease ran out, or that is one's own already; every take is a new epoch. */
  acquire(group: string, topic: string, partition: number, member: string, leaseMs: number): Promise<{ readonly epoch: bigint; readonly next: bigint } | undefined>;
  /** The committed offset while the claim still holds. */
  position(claim: Claim): Promise<bigint | undefined>;
  release(claim: Claim): Promise<void>;
  leave(group: string, topic: string, member: string): Promise<void>;
  readonly wake: Wake;
  close(): Promise<void>;
}

/** Counts changes by key, so that one that came between looking and waiting is not missed. */
export interface Wake {
  version(key: string): number;
  changed(key: string): void;
  changedAll(): void;
  /** Resolves when the version of the key differs from `seen`, after `ms`, or on abort. */
  wait(key: string, seen: number, ms: number, signal: AbortSignal): Promise<void>;
}

export const partitionKey = (topic: string, partition: number): string => `p/${topic}/${partition}`;
export const groupKey = (group: string, topic: string): string => `g/${group}/${topic}`;

export const createWake = (): Wake => {
  const versions = new Map<string, number>();
  const waiting = new Map<string, Set<() => void>>();
  let epoch = 0;
  const version = (key: string): number => epoch + (versions.get(key) ?? 0);
  const rouse = (key: string): void => { for (const one of [...(waiting.get(key) ?? [])]) one(); };
  return {
    version,
    changed: (key) => { versions.set(key, (versions.get(key) ?? 0) + 1); rouse(key); },
    changedAll: () => { epoch += 1; for (const key of [...waiting.keys()]) rouse(key); },
    wait: (key, seen, ms, signal) => new Promise((resolve) => {
      if (signal.aborted || version(key) !== seen) { resolve(); return; }
      const waiters = waiting.get(key) ?? new Set();
      waiting.set(key, waiters);
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        waiters.delete(done);
        if (waiters.size === 0 && waiting.get(key) === waiters) waiting.delete(key);
        resolve();
      };
      const timer = setTimeout(done, ms);
      waiters.add(done);
      signal.addEventListener('abort', done);
    }),
  };
};
