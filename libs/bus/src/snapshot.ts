import { defaultStaleAfterMs, isHeartbeat } from './snapshot-heartbeat.ts';
import type { Bus, BusMessage, Outgoing, Subscription } from './port.ts';

/** What `accept` makes of a record. With a `version`, a record older than the one held is dropped. */
export interface Accepted<T> {
  readonly value: T;
  readonly version?: number;
}

export interface SnapshotOptions<T> {
  readonly topic: string;
  /** Verifies and parses. undefined (bad signature, bad schema) or a throw drops the record and counts it. */
  readonly accept: (message: BusMessage) => Accepted<T> | undefined;
  /** Whether a tombstone may delete (its signature, say). Default: yes. */
  readonly acceptTombstone?: (message: BusMessage) => boolean;
  /** Whether a heartbeat is its owner's. Default: yes. */
  readonly acceptHeartbeat?: (message: BusMessage) => boolean;
  /** After the view changed; undefined = deleted. */
  readonly onChange?: (key: string, value: T | undefined) => void;
  readonly onError?: (error: Error) => void;
  /** Local clock, epoch ms; only differences count. */
  readonly now: () => number;
  /** Silence of one partition that makes the whole stale. Default 3000. */
  readonly staleAfterMs?: number;
}

/** A compacted topic as a map in memory. */
export interface Snapshot<T> {
  /** Resolves when a heartbeat written after the start was seen in every partition: all that was there before is in. Rejects when following ended before. */
  readonly ready: Promise<void>;
  get(key: string): T | undefined;
  entries(): IterableIterator<[string, T]>;
  readonly size: number;
  /** True until ready, and whenever some partition's newest heartbeat arrived longer ago than staleAfterMs. */
  isStale(): boolean;
  /** Rises with every change of the view. */
  version(): number;
  /** Records that `accept` refused. */
  dropped(): number;
  stop(): Promise<void>;
}

/**
 * Follows a compacted topic whole, from its start (DESIGN 6). What "after the start" means is decided by offsets, not by clocks:
 * the ends are captured first, and only heartbeats at or beyond them count.
 */
export const followSnapshot = <T>(bus: Bus, options: SnapshotOptions<T>): Snapshot<T> => {
  const { topic, now, staleAfterMs = defaultStaleAfterMs } = options;
  const held = new Map<string, { value: T; version: number | undefined }>();
  const heard = new Map<number, number>();
  let version = 0;
  let dropped = 0;
  let starts: readonly bigint[] | undefined;
  let stopped = false;
  let becomeReady = (): void => undefined;
  let fail = (_: Error): void => undefined;
  const ready = new Promise<void>((resolve, reject) => { becomeReady = resolve; fail = reject; });
  ready.catch(() => undefined);

  const change = (key: string, value: T | undefined): void => {
    version += 1;
    options.onChange?.(key, value);
  };

  const take = (message: BusMessage): void => {
    const key = message.key ?? '';
    if (isHeartbeat(message)) {
      if (message.offset < (starts?.[message.partition] ?? 0n)) return;
      if (options.acceptHeartbeat?.(message) === false) { dropped += 1; return; }
      heard.set(message.partition, now());
      if (heard.size === starts?.length) becomeReady();
      return;
    }
    if (message.value === null) {
      if (options.acceptTombstone?.(message) === false) { dropped += 1; return; }
      if (held.delete(key)) change(key, undefined);
      return;
    }
    let accepted: Accepted<T> | undefined;
    try { accepted = options.accept(message); } catch { accepted = undefined; }
    if (accepted === undefined) { dropped += 1; return; }
    const before = held.get(key)?.version;
    if (accepted.version !== undefined && before !== undefined && accepted.version < before) return;
    held.set(key, { value: accepted.value, version: accepted.version });
    change(key, accepted.value);
  };

  const begun: Promise<Subscription | undefined> = (async () => {
    starts = await bus.ends(topic);
    if (stopped) return undefined;
    const following = await bus.follow({
      topics: [topic], from: 'start', onBatch: (messages) => { for (const message of messages) take(message); },
      ...(options.onError === undefined ? {} : { onError: options.onError }),
    });
    following.ended.then(() => fail(new Error(`following ${topic} ended`)), fail);
    return following;
  })();
  begun.catch((error: unknown) => { fail(error as Error); options.onError?.(error as Error); });

  return {
    ready,
    get: (key) => held.get(key)?.value,
    *entries() { for (const [key, { value }] of held) yield [key, value]; },
    get size() { return held.size; },
    isStale: () => starts === undefined || heard.size < starts.length || [...heard.values()].some((at) => now() - at > staleAfterMs),
    version: () => version,
    dropped: () => dropped,
    stop: async () => {
      stopped = true;
      await (await begun.catch(() => undefined))?.stop();
      fail(new Error(`following ${topic} was stopped`));
    },
  };
};

/** Publishes one entry of a snapshot; a null value deletes it. */
export const publishSnapshot = (bus: Bus, topic: string, entry: Pick<Outgoing, 'key' | 'value' | 'headers'>): Promise<void> =>
  bus.publish([{ topic, ...entry }]);
