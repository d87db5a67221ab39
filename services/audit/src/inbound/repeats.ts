import { hash } from 'node:crypto';
import { isHeartbeat } from '@countersign/bus';
import type { BusMessage } from '@countersign/bus';
import type { RefusalOf } from './writers.ts';

/** Of what its writer signed leaves heartbeats out, and what says the same as the last of its key: the registry says everything again at each of its starts. */
export const createRepeats = (refusalOf: RefusalOf, most = 50_000) => {
  const last = new Map<string, string>();
  const same = (message: BusMessage): string => hash('sha256', message.value ?? '', 'base64');
  return {
    fresh: (messages: readonly BusMessage[]): readonly BusMessage[] => messages.filter((message) => (!isHeartbeat(message) && last.get(`${message.topic}/${message.key}`) !== same(message)) || refusalOf(message) !== undefined),
    /** Only once they are in the log. Forgetting costs an entry that says the same again, never one that is missing. */
    keep: (messages: readonly BusMessage[]): void => {
      if (last.size + messages.length > most) last.clear();
      // A stranger's copy must not stand in the way of the writer's own.
      for (const message of messages) if (refusalOf(message) === undefined) last.set(`${message.topic}/${message.key}`, same(message));
    },
  };
};
