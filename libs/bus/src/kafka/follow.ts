import type { FollowOptions, Subscription } from '../port.ts';
import type { Client } from './client.ts';
import type { Segment } from './decode.ts';
import { asError } from './failures.ts';
import { backoffMs, pause } from './pause.ts';
import { createReader } from './reader.ts';
import type { Topics } from './topics.ts';

const mostHeld = 16_777_216;

/** Reads every partition without a group. Batches are handed out one at a time; a failed one again until it succeeds. */
export const follow = async (client: Client, topics: Topics, options: FollowOptions): Promise<Subscription> => {
  const onError = (error: Error): void => { options.onError?.(error); };
  const over = new AbortController();
  const waiting: Segment[] = [];
  let held = 0;
  let arrived = (): void => undefined;
  let fail: ((error: Error) => void) | undefined;
  over.signal.addEventListener('abort', () => arrived());
  const missing = new Map<string, bigint>();
  const starts = new Map<string, readonly bigint[]>();
  for (const topic of options.topics) {
    const ends = await topics.ends(topic);
    const from = options.from === 'now' ? ends : await topics.starts(topic);
    starts.set(topic, from);
    ends.forEach((end, partition) => { if (end > from[partition]!) missing.set(`${topic}/${partition}`, end); });
  }
  let caughtUp = false;
  const checkCaughtUp = (): void => {
    if (caughtUp || missing.size > 0) return;
    caughtUp = true;
    options.onCaughtUp?.();
  };

  const reader = createReader(client, options.topics, {
    onSegment: (segment) => { waiting.push(segment); held += segment.bytes; arrived(); },
    wants: () => held < mostHeld,
    onError,
    onForgotten: (error) => { onError(error); fail?.(error); over.abort(); },
  });

  const handOut = async (segment: Segment): Promise<void> => {
    for (let failures = 1; segment.messages.length > 0 && !over.signal.aborted; failures += 1) {
      try { await options.onBatch(segment.messages); break; } catch (error) {
        onError(asError(error));
        await pause(backoffMs(failures), over.signal);
      }
    }
    const key = `${segment.topic}/${segment.partition}`;
    const end = missing.get(key);
    if (end !== undefined && segment.next >= end) missing.delete(key);
  };

  const running = (async () => {
    checkCaughtUp();
    while (!over.signal.aborted) {
      const segment = waiting.shift();
      if (segment === undefined) {
        await new Promise<void>((resolve) => { arrived = resolve; });
        continue;
      }
      const full = held >= mostHeld;
      await handOut(segment);
      held -= segment.bytes;
      if (full && held < mostHeld) reader.wake();
      if (!over.signal.aborted) checkCaughtUp();
    }
    await reader.stop();
  })();

  const ended = new Promise<void>((resolve, reject) => {
    fail = reject;
    running.then(resolve, reject);
  });
  ended.catch(() => undefined);
  for (const [topic, from] of starts) from.forEach((offset, partition) => reader.read(topic, partition, offset));
  return { ready: Promise.resolve(), ended, stop: async () => { over.abort(); await running; } };
};
