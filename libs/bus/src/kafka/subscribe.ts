import { toDeadLetter } from '../dead-letter.ts';
import { PoisonMessage } from '../port.ts';
import type { BusMessage, Outgoing, SubscribeOptions, Subscription } from '../port.ts';
import type { Client } from './client.ts';
import { asError } from './failures.ts';
import { joinGroup } from './group.ts';
import type { Work } from './group.ts';
import { committedOffset } from './offsets.ts';
import { backoffMs, pause } from './pause.ts';
import type { Share } from './shares.ts';
import type { Topics } from './topics.ts';

/** At least once: a batch is committed after its handler resolved; a failing one is handed out again for as long as it takes. */
export const subscribe = async (client: Client, topics: Topics, publish: (messages: readonly Outgoing[]) => Promise<void>, options: SubscribeOptions): Promise<Subscription> => {
  const { group, onBatch, deadLetters, maxBatch = 500 } = options;
  const onError = (error: Error): void => { options.onError?.(error); };
  for (const topic of options.topics) await topics.partitions(topic);

  const startOf = async ({ assigned: { topic, partition }, member }: Work): Promise<bigint> => {
    const committed = await committedOffset(client, group, topic, partition);
    if (committed !== undefined) return committed;
    const edges = options.from === 'start' ? await topics.starts(topic) : await topics.ends(topic);
    // Kept at once: a crash before the first batch must not make 'now' a later now.
    if (options.from === 'now') await member.commit(topic, partition, edges[partition]!);
    return edges[partition]!;
  };

  const work = (work: Work): Share => {
    const { topic, partition } = work.assigned;
    const over = new AbortController();
    let lost = false;
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => { begin = resolve; });
    const context = { topic, partition, signal: over.signal, heartbeat: async () => undefined };

    const until = async <T>(attempt: () => Promise<T>): Promise<T | undefined> => {
      for (let failures = 1; !over.signal.aborted; failures += 1) {
        try { return await attempt(); } catch (error) {
          onError(asError(error));
          await pause(backoffMs(failures), over.signal);
        }
      }
      return undefined;
    };

    const handle = async (messages: readonly BusMessage[]): Promise<boolean> => {
      let rest = messages;
      let failures = 0;
      while (rest.length > 0) {
        try {
          await onBatch(rest, context);
          return true;
        } catch (error) {
          onError(asError(error));
          const at = error instanceof PoisonMessage ? rest.findIndex(({ offset }) => offset === error.poisoned.offset) : -1;
          if (at >= 0 && deadLetters !== undefined && await until(async () => { await publish([toDeadLetter(error as PoisonMessage, deadLetters)]); return true; })) {
            // What stood before the poison is handed out again with what stands after it: the handler did not say what it had done.
            rest = rest.toSpliced(at, 1);
            failures = 0;
          } else if (over.signal.aborted) return false;
          else await pause(backoffMs((failures += 1)), over.signal);
          if (over.signal.aborted && rest.length > 0) return false;
        }
      }
      return true;
    };

    const running = (async () => {
      const start = await until(() => startOf(work));
      if (start === undefined) return begin();
      const queue = work.readFrom(start);
      begin();
      for (let taken = await queue.take(maxBatch, over.signal); taken !== undefined; taken = await queue.take(maxBatch, over.signal)) {
        if (!await handle(taken.messages)) break;
        // A failed commit is made good by the next one; at worst the batch comes again.
        const { next } = taken;
        if (!lost) await work.member.commit(topic, partition, next).catch((error: unknown) => { if (!lost) onError(asError(error)); });
      }
    })().catch((error: unknown) => onError(asError(error)));

    return {
      begun,
      end: async (gone) => { lost ||= gone; over.abort(); work.stopReading(); await running; },
    };
  };
  return joinGroup(client, { group, topics: options.topics, onError, work });
};
