import { toDeadLetter } from '../dead-letter.ts';
import { partitionFor } from '../partition.ts';
import { PoisonMessage } from '../port.ts';
import type { BatchContext, BusMessage, SubscribeOptions } from '../port.ts';
import { bytesOf } from './store.ts';
import type { Claim, LogStore, Placed } from './store.ts';
import type { Work } from './worker.ts';

/** At least once. Poison is left out and the page handed out again without it; its dead letter and the offset are written in one step. */
export const subscribeWork = (store: LogStore, claim: Claim, options: SubscribeOptions) => (signal: AbortSignal): Work => {
  let poison = new Map<bigint, PoisonMessage>();
  const context: BatchContext = {
    topic: claim.topic, partition: claim.partition, signal,
    // The lease is renewed beside the handler; a handler only needs to hear that it lost the partition.
    heartbeat: async () => { signal.throwIfAborted(); },
  };

  const handOut = async (messages: readonly BusMessage[]): Promise<void> => {
    for (;;) {
      const sound = messages.filter((message) => !poison.has(message.offset));
      if (sound.length === 0) return;
      try {
        return await options.onBatch(sound, context);
      } catch (error) {
        if (!(error instanceof PoisonMessage) || options.deadLetters === undefined || !sound.some((message) => message.offset === error.poisoned.offset)) throw error;
        options.onError?.(error);
        poison.set(error.poisoned.offset, error);
      }
    }
  };

  return {
    page: async (messages) => {
      await handOut(messages);
      const letters: Placed[] = [];
      for (const [, one] of [...poison].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const { topic, key, value, headers = {} } = toDeadLetter(one, options.deadLetters!);
        letters.push({ topic, key, value: bytesOf(value), headers, partition: partitionFor(key, (await store.topic(topic)).partitions) });
      }
      await store.append(letters, { claim, next: messages.at(-1)!.offset + 1n });
      poison = new Map();
    },
    recover: async () => {
      const at = await store.position(claim);
      poison = new Map([...poison].filter(([offset]) => at !== undefined && offset >= at));
      return at;
    },
    end: () => undefined,
  };
};
