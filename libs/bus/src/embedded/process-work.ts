import { BusError } from '../errors.ts';
import type { Outgoing, Ownership, PartitionOwner, ProcessOptions } from '../port.ts';
import { bytesOf } from './store.ts';
import type { Claim, LogStore, Placed } from './store.ts';
import { refuseOutOfRange } from './worker.ts';
import type { Work } from './worker.ts';

const readAtOnce = 500;

/** Exactly once: outputs and offset in one step, fenced by the claim's epoch. */
export const processWork = (store: LogStore, claim: Claim, options: ProcessOptions) => (signal: AbortSignal): Work => {
  const { partition } = claim;
  let owner: PartitionOwner | undefined;

  const place = async (outputs: readonly Outgoing[]): Promise<Placed[]> => {
    const placed: Placed[] = [];
    for (const { topic, key, value: given, headers = {}, partition: wanted = partition } of outputs) {
      const value = bytesOf(given);
      if (!options.outputs.includes(topic)) throw new BusError('topic_unknown', `${topic} is not among the declared outputs`);
      const { maxMessageBytes } = await store.topic(topic);
      if ((value?.length ?? 0) > maxMessageBytes) throw new BusError('message_too_large', `an output of ${value?.length} bytes; ${topic} takes ${maxMessageBytes}`);
      placed.push({ topic, key, value, headers, partition: wanted });
    }
    return placed;
  };

  const read: Ownership['read'] = async function* (topic, from, to) {
    const end = to ?? (await store.ends(topic))[partition]!;
    for (let next = from; next < end;) {
      const page = await store.read(topic, partition, next, readAtOnce);
      refuseOutOfRange(topic, partition, next, page);
      const messages = page.messages.filter((message) => message.offset < end);
      if (messages.length === 0) return;
      yield messages;
      next = messages.at(-1)!.offset + 1n;
    }
  };

  const discard = (): void => {
    const gone = owner;
    owner = undefined;
    gone?.discard?.();
  };

  return {
    prepare: async (next) => {
      owner = await options.own({ partition, next, signal, read, append: async (outputs) => store.append(await place(outputs), { claim }) });
    },
    page: async (messages) => {
      const outputs = await owner!.handle(messages);
      const next = messages.at(-1)!.offset + 1n;
      await store.append(await place(outputs), { claim, next });
      await owner!.committed?.(next);
    },
    recover: () => {
      discard();
      return store.position(claim);
    },
    end: discard,
  };
};
