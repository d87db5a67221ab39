import { BusError } from '../errors.ts';
import { partitionFor } from '../partition.ts';
import type { Bus, Outgoing, Subscription } from '../port.ts';
import { followLog } from './follow.ts';
import { joinGroup } from './member.ts';
import { processWork } from './process-work.ts';
import { scanLog } from './scan.ts';
import { bytesOf } from './store.ts';
import type { LogStore, Placed } from './store.ts';
import { subscribeWork } from './subscribe-work.ts';

export interface LogBusOptions {
  /** How often a reader looks without having been woken. Default 250. */
  readonly pollMs?: number;
  /** A member silent for longer loses its partitions. Default 3000. */
  readonly leaseMs?: number;
  readonly log?: (message: string) => void;
}

/** The port on any log store. */
export const createLogBus = (store: LogStore, options: LogBusOptions = {}): Bus => {
  const { pollMs = 250, leaseMs = 3_000, log = () => undefined } = options;
  const running = new Set<Subscription>();
  let closing: Promise<void> | undefined;

  const open = (): void => { if (closing !== undefined) throw new BusError('bus_closed', 'this bus was closed'); };
  const kept = async (starting: Promise<Subscription>): Promise<Subscription> => {
    const subscription = await starting;
    running.add(subscription);
    subscription.ended.catch(() => undefined).finally(() => running.delete(subscription));
    return subscription;
  };
  const place = async ({ topic, key, value: given, headers = {}, partition }: Outgoing): Promise<Placed> => {
    const { partitions, maxMessageBytes } = await store.topic(topic);
    const value = bytesOf(given);
    if ((value?.length ?? 0) > maxMessageBytes) throw new BusError('message_too_large', `a message of ${value?.length} bytes; ${topic} takes ${maxMessageBytes}`);
    const to = partition ?? partitionFor(key, partitions);
    if (!Number.isSafeInteger(to) || to < 0 || to >= partitions) throw new BusError('partition_wrong', `${topic} has ${partitions} partitions, not one numbered ${to}`);
    return { topic, key, value, headers, partition: to };
  };
  const telling = (onError?: (error: Error) => void) => (error: Error): void => { log(`bus: ${error.message}`); onError?.(error); };

  return {
    kind: 'embedded',
    ensureTopics: async (topics) => { open(); await store.ensureTopics(topics); },
    publish: async (messages) => {
      open();
      const placed: Placed[] = [];
      for (const message of messages) placed.push(await place(message));
      if (placed.length > 0) await store.append(placed);
    },
    subscribe: async (wanted) => {
      open();
      return kept(joinGroup({
        store, pollMs, leaseMs, group: wanted.group, topics: wanted.topics, from: wanted.from, maxBatch: () => wanted.maxBatch ?? 500,
        onError: telling(wanted.onError), work: (claim) => subscribeWork(store, claim, wanted),
      }));
    },
    process: async (wanted) => {
      open();
      const { partitions } = await store.topic(wanted.input);
      for (const output of wanted.outputs) {
        if ((await store.topic(output)).partitions !== partitions) throw new BusError('topic_partitions_differ', `${output} must have ${partitions} partitions, as ${wanted.input} has`);
      }
      return kept(joinGroup({
        store, pollMs, leaseMs, group: wanted.group, topics: [wanted.input], from: 'start', maxBatch: () => (typeof wanted.maxBatch === 'function' ? wanted.maxBatch() : wanted.maxBatch ?? 400),
        onError: telling(wanted.onError), work: (claim) => processWork(store, claim, wanted),
      }));
    },
    follow: async (wanted) => { open(); return kept(followLog(store, wanted, pollMs)); },
    scan: async (wanted) => { open(); await scanLog(store, wanted); },
    ends: async (topic) => { open(); await store.topic(topic); return store.ends(topic); },
    partitions: async (topic) => { open(); return (await store.topic(topic)).partitions; },
    close: () => closing ??= (async () => {
      await Promise.all([...running].map((one) => one.stop()));
      await store.close();
    })(),
  };
};
