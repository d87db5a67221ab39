import { createTurns } from '@countersign/kernel';
import type { FollowOptions, Subscription } from '../port.ts';
import type { LogStore } from './store.ts';
import { partitionKey } from './store.ts';
import { refuseOutOfRange } from './worker.ts';

const atOnce = 500;

/** Everything for this process alone; one batch is handed out at a time, whatever partition it comes from. */
export const followLog = async (store: LogStore, options: FollowOptions, pollMs: number): Promise<Subscription> => {
  const stopping = new AbortController();
  const places: { topic: string; partition: number; next: bigint; end: bigint }[] = [];
  for (const topic of options.topics) {
    for (const [partition, end] of (await store.ends(topic)).entries()) {
      const next = options.from === 'now' ? end : (await store.read(topic, partition, 0n, 0)).low;
      places.push({ topic, partition, next, end });
    }
  }
  const behind = new Set(places.map((_, i) => i));
  const inTurn = createTurns();
  const reached = (i: number): void => {
    if (behind.delete(i) && behind.size === 0) options.onCaughtUp?.();
  };

  const run = async (place: (typeof places)[number], i: number): Promise<void> => {
    const { topic, partition, end } = place;
    let wait = 20;
    while (!stopping.signal.aborted) {
      try {
        const key = partitionKey(topic, partition);
        const seen = store.wake.version(key);
        const page = await store.read(topic, partition, place.next, atOnce);
        try { refuseOutOfRange(topic, partition, place.next, page); } catch (error) { stopping.abort(); throw error; }
        if (page.messages.length > 0) {
          await inTurn(() => (stopping.signal.aborted ? undefined : options.onBatch(page.messages)));
          place.next = page.messages.at(-1)!.offset + 1n;
        }
        // Compaction may have taken the last records before the end, so an empty page ends the catching up too.
        if (place.next >= end || page.messages.length < atOnce) reached(i);
        wait = 20;
        if (page.messages.length === 0) await store.wake.wait(key, seen, pollMs, stopping.signal);
      } catch (error) {
        if (stopping.signal.aborted) throw error;
        options.onError?.(error as Error);
        await store.wake.wait('~failure', store.wake.version('~failure'), wait, stopping.signal);
        wait = Math.min(wait * 2, 2_000);
      }
    }
  };

  let stopped = false;
  const runs = places.map((place, i) => run(place, i).catch((error: unknown) => { stopping.abort(); if (!stopped) throw error; }));
  const ended = Promise.allSettled(runs).then((results) => {
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  });
  ended.catch(() => undefined);
  return { ready: Promise.resolve(), ended, stop: async () => { stopped = true; stopping.abort(); await ended.catch(() => undefined); } };
};
