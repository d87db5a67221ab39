import { until } from '../until.ts';
import type { Bus, BusMessage, Outgoing, Subscription, TopicSpec } from '@countersign/bus';

/** What an adapter's test hands to the suite. `another` is a bus of another process on the same log. */
export interface BusUnderTest {
  readonly bus: Bus;
  another(): Promise<Bus>;
  close(): Promise<void>;
  /** Makes the log forget what is below `offset` (retention). Without it the out-of-range cases are skipped. */
  forget?(topic: string, partition: number, offset: bigint): Promise<void>;
}

/** What each group of cases gets. `under()` is the adapter opened for this suite. */
export interface Tools {
  readonly under: () => BusUnderTest;
  /** A topic of its own, created; returns its name. */
  readonly topic: (partitions?: number, change?: Partial<TopicSpec>) => Promise<string>;
  readonly group: () => string;
  /** Stopped after the test whatever happens. */
  readonly running: (subscription: Promise<Subscription>) => Promise<Subscription>;
  /** A second process's bus, closed after the test. */
  readonly another: () => Promise<Bus>;
}

let serial = 0;
const unique = `${process.pid.toString(36)}${Date.now().toString(36)}`;
export const fresh = (what: string): string => `${what}-${unique}-${(serial += 1)}`;

export const text = (message: BusMessage): string => (message.value === null ? '(tombstone)' : message.value.toString());

/** `count` messages over `keys` keys: value `<key>:<n>`, n rising per key. Deterministic. */
export const numbered = (topic: string, count: number, keys = 7, start = 0): Outgoing[] =>
  Array.from({ length: count }, (_, i) => {
    const key = `key-${(start + i) % keys}`, value = `${key}:${Math.floor((start + i) / keys)}`;
    return { topic, key, value: i % 2 === 0 ? value : Buffer.from(value) };
  });

/** Whether each key's numbers rise by one from zero, nothing missing and nothing twice. */
export const gapless = (values: readonly string[]): boolean => {
  const next = new Map<string, number>();
  return values.every((value) => {
    const [key, n] = value.split(':') as [string, string];
    const expected = next.get(key) ?? 0;
    next.set(key, expected + 1);
    return Number(n) === expected;
  });
};

/** Reads all that is in a topic now, by partition order, as a fresh follower would. */
export const readAll = async (bus: Bus, topic: string): Promise<BusMessage[]> => {
  const all: BusMessage[] = [];
  let caughtUp = false;
  const following = await bus.follow({ topics: [topic], from: 'start', onBatch: (batch) => { all.push(...batch); }, onCaughtUp: () => { caughtUp = true; } });
  await until(`${topic} read to its end`, () => caughtUp);
  await following.stop();
  return all;
};

/** A promise with its handles. */
export const gate = (): { readonly opened: Promise<void>; open(): void } => {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => { open = resolve; });
  return { opened, open };
};
