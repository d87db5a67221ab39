import { randomUUID } from 'node:crypto';
import type { Subscription } from '../port.ts';
import type { Claim, LogStore } from './store.ts';
import { groupKey } from './store.ts';
import { startWorker } from './worker.ts';
import type { Work, Worker } from './worker.ts';

export interface MemberOptions {
  readonly store: LogStore;
  readonly group: string;
  readonly topics: readonly string[];
  readonly from: 'start' | 'now';
  readonly maxBatch: () => number;
  readonly pollMs: number;
  readonly leaseMs: number;
  readonly onError: (error: Error) => void;
  readonly work: (claim: Claim) => (signal: AbortSignal) => Work;
}

/**
 * One member of a group: every member computes the same shares from the same list of living members (partition p belongs to
 * the (p mod m)-th in order, for every topic alike), gives up what is not its own, and takes what is free.
 */
export const joinGroup = async (options: MemberOptions): Promise<Subscription> => {
  const { store, group, topics, leaseMs, onError } = options;
  const member = randomUUID();
  const stopping = new AbortController();
  const workers = new Map<string, { readonly worker: Worker; readonly claim: Claim }>();
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => undefined);
  let failure: Error | undefined;
  for (const topic of topics) await store.begin(group, topic, options.from);

  const halt = (): void => {
    stopping.abort();
    for (const { worker } of workers.values()) worker.stop();
  };
  const fail = (error: Error): void => { failure ??= error; halt(); };

  const start = (place: string, claim: Claim, next: bigint): void => {
    const worker = startWorker({ store, claim, next, maxBatch: options.maxBatch, pollMs: options.pollMs, onError, work: options.work(claim) });
    workers.set(place, { worker, claim });
    void worker.done.catch(fail)
      .then(() => store.release(claim)).catch(onError)
      .then(() => { workers.delete(place); store.wake.changed(groupKey(group, claim.topic)); });
  };

  /** One look at a topic; true when all of this member's share is at work. */
  const look = async (topic: string): Promise<boolean> => {
    const { members, held } = await store.renew(group, topic, member, leaseMs);
    const { partitions } = await store.topic(topic);
    const sorted = [...members].sort();
    let whole = true;
    for (let partition = 0; partition < partitions; partition += 1) {
      const place = `${topic}/${partition}`;
      const mine = sorted[partition % sorted.length] === member;
      const running = workers.get(place);
      if (running !== undefined) {
        if (!held.includes(partition)) running.worker.lose();
        else if (!mine) running.worker.stop();
      } else if (mine && !stopping.signal.aborted) {
        const taken = await store.acquire(group, topic, partition, member, leaseMs);
        if (taken === undefined) whole = false;
        else if (stopping.signal.aborted) await store.release({ group, topic, partition, member, epoch: taken.epoch });
        else start(place, { group, topic, partition, member, epoch: taken.epoch }, taken.next);
      }
    }
    return whole;
  };

  const tend = async (topic: string, whole: () => void): Promise<void> => {
    const key = groupKey(group, topic);
    let renewed = performance.now();
    while (!stopping.signal.aborted || [...workers.values()].some(({ claim }) => claim.topic === topic)) {
      const seen = store.wake.version(key);
      const began = performance.now();
      try {
        if (await look(topic)) whole();
        renewed = began;
      } catch (error) {
        onError(error as Error);
        // Without a renewal for a whole lease somebody else may own it; the write would be fenced, the work is spared.
        if (performance.now() - renewed > leaseMs) for (const { worker, claim } of workers.values()) if (claim.topic === topic) worker.lose();
      }
      const never = new AbortController();
      await store.wake.wait(key, seen, stopping.signal.aborted ? 50 : leaseMs / 4, stopping.signal.aborted ? never.signal : stopping.signal);
    }
    await store.leave(group, topic, member).catch(onError);
  };

  const waitingFor = new Set(topics);
  const ended = Promise.all(topics.map((topic) => tend(topic, () => {
    waitingFor.delete(topic);
    if (waitingFor.size === 0) ready.resolve();
  }))).then(() => {
    ready.reject(failure ?? new Error('stopped before it was ready'));
    if (failure !== undefined) throw failure;
  });
  ended.catch(() => undefined);

  return { ready: ready.promise, ended, stop: async () => { halt(); await ended.catch(() => undefined); } };
};
