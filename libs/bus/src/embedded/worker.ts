import { BusError } from '../errors.ts';
import type { BusMessage } from '../port.ts';
import type { Claim, LogStore } from './store.ts';
import { partitionKey } from './store.ts';

/** What is done with the pages of one owned partition. `page` handles all messages it was given and advances the committed offset. */
export interface Work {
  page(messages: readonly BusMessage[]): Promise<void>;
  /** After a failure: what is held in memory goes. Returns the offset to go on from (what is committed), undefined when the claim is lost. */
  recover(): Promise<bigint | undefined>;
  /** Before the first page and after each recovery. */
  prepare?(next: bigint): Promise<void>;
  end(): void;
}

export interface Worker {
  readonly done: Promise<void>;
  /** The page in hand is finished first. */
  stop(): void;
  /** The claim is gone: nothing more may be written. */
  lose(): void;
}

export interface WorkerOptions {
  readonly store: LogStore;
  readonly claim: Claim;
  readonly next: bigint;
  /** Asked before each page. */
  readonly maxBatch: () => number;
  readonly pollMs: number;
  readonly onError: (error: Error) => void;
  readonly work: (signal: AbortSignal) => Work;
}

/** `next` outside of what the log keeps is never put right silently. */
export const refuseOutOfRange = (topic: string, partition: number, next: bigint, page: { readonly low: bigint; readonly end: bigint }): void => {
  if (next >= page.low && next <= page.end) return;
  throw new BusError('offset_out_of_range', `offset ${next} of ${topic}/${partition} is out of range (${page.low} to ${page.end}): what the group has not read is gone; set its offset by hand`);
};

const firstWait = 20;
const longestWait = 2_000;

/** Works through a partition page by page, waiting out failures for as long as it takes. `done` rejects only for an offset out of range. */
export const startWorker = (options: WorkerOptions): Worker => {
  const { store, claim, maxBatch, pollMs, onError } = options;
  const { topic, partition } = claim;
  const stopping = new AbortController();
  let lost = false;
  const work = options.work(stopping.signal);

  const run = async (): Promise<void> => {
    let next = options.next;
    let prepared = false;
    let wait = firstWait;
    const key = partitionKey(topic, partition);
    while (!stopping.signal.aborted) {
      try {
        if (!prepared) { await work.prepare?.(next); prepared = true; }
        const seen = store.wake.version(key);
        const page = await store.read(topic, partition, next, maxBatch());
        refuseOutOfRange(topic, partition, next, page);
        if (stopping.signal.aborted) break;
        if (page.messages.length === 0) {
          await store.wake.wait(key, seen, pollMs, stopping.signal);
          continue;
        }
        await work.page(page.messages);
        next = page.messages.at(-1)!.offset + 1n;
        wait = firstWait;
      } catch (error) {
        if (error instanceof BusError && error.code === 'offset_out_of_range') throw error;
        if (lost) break;
        onError(error as Error);
        await store.wake.wait('~failure', store.wake.version('~failure'), wait, stopping.signal);
        wait = Math.min(wait * 2, longestWait);
        prepared = false;
        const from = await recovered(next);
        if (from === undefined) break;
        next = from;
      }
    }
  };

  const recovered = async (next: bigint): Promise<bigint | undefined> => {
    try {
      return await work.recover();
    } catch (error) {
      onError(error as Error);
      return next;
    }
  };

  const done = run().finally(() => work.end());
  return { done, stop: () => stopping.abort(), lose: () => { lost = true; stopping.abort(); } };
};
