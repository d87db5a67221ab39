import { BusError } from '../errors.ts';
import type { BusMessage, ProcessOptions, Subscription } from '../port.ts';
import type { Client } from './client.ts';
import { asError, isFenced } from './failures.ts';
import { joinGroup } from './group.ts';
import type { Work } from './group.ts';
import { own } from './owning.ts';
import type { Owned } from './owning.ts';
import { backoffMs, pause } from './pause.ts';
import { knowTopics } from './record.ts';
import type { Share } from './shares.ts';
import type { Topics } from './topics.ts';

const rejoinMs = 5_000;
/**
 * A transaction costs the broker about the same whether it carries one message or hundreds. Under light load a partition therefore begins
 * the next one no sooner than this after the last: fewer transactions leave the machine free, and everybody's latency falls.
 */
const paceMs = 20;

const handled = (owned: Owned, messages: readonly BusMessage[], next: bigint): Promise<void> =>
  Promise.resolve(owned.owner.handle(messages)).then((outputs) => owned.commit(outputs, next));

/** Exactly once: outputs and input offset in one transaction per batch. Any failure throws the folded state and the producer away and begins from what is committed. */
export const processExactlyOnce = async (client: Client, topics: Topics, options: ProcessOptions): Promise<Subscription> => {
  const { group, input, maxBatch = 400 } = options;
  const mostNow = typeof maxBatch === 'number' ? () => maxBatch : maxBatch;
  const onError = (error: Error): void => { options.onError?.(error); };
  const known = await knowTopics(topics, [input, ...options.outputs]);
  const count = known.get(input)!.partitions;
  for (const [topic, { partitions }] of known) {
    if (partitions !== count) throw new BusError('topic_partitions_differ', `${topic} has ${partitions} partitions and ${input} ${count}: what is processed exactly once is written to the partition it came from`);
  }

  const work = (work: Work): Share => {
    const { partition } = work.assigned;
    const over = new AbortController();
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => { begin = resolve; });

    const go = async (owned: Owned, moved: () => void): Promise<void> => {
      const queue = work.readFrom(owned.next);
      begin();
      for (;;) {
        const most = mostNow();
        let taken = await queue.take(most, over.signal);
        if (taken === undefined) return;
        const started = performance.now();
        const { next, messages: { length } } = taken;
        const committing = handled(owned, taken.messages, next);
        // While a commit is on its way nothing here holds the messages: what lives through a collection is copied by it.
        taken = undefined;
        await committing;
        moved();
        try { await owned.owner.committed?.(next); } catch (error) { onError(asError(error)); }
        const rest = paceMs - (performance.now() - started);
        if (rest > 1 && length * 4 < most) await pause(rest, over.signal);
      }
    };

    const running = (async () => {
      let failures = 0;
      while (!over.signal.aborted) {
        let owned: Owned | undefined;
        let fenced = false;
        try {
          owned = await own(client, topics, known, options, partition);
          await go(owned, () => { failures = 0; });
        } catch (error) {
          failures += 1;
          fenced = isFenced(error);
          if (!over.signal.aborted) onError(asError(error));
        } finally {
          work.stopReading();
          await owned?.release().catch((error: unknown) => onError(asError(error)));
        }
        if (over.signal.aborted) break;
        // Fencing back would fence the rightful owner and be fenced again: let the group settle who it is.
        if (fenced) { work.member.rejoin(); await pause(rejoinMs, over.signal); } else await pause(backoffMs(failures), over.signal);
      }
      begin();
    })();
    return { begun, end: async () => { over.abort(); await running; } };
  };
  return joinGroup(client, { group, topics: [input], onError, work });
};
