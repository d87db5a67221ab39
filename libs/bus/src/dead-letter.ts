import type { BusMessage, Outgoing, PoisonMessage } from './port.ts';

const prefix = 'cs_dead_';
const longest = 1_000;

/** What goes to the dead letters: the raw bytes and headers as received, and beside them the code, the detail and where the message stood. */
export const toDeadLetter = (poison: PoisonMessage, topic: string): Outgoing => {
  const { poisoned } = poison;
  return {
    topic,
    key: poisoned.key ?? '',
    value: poisoned.value,
    headers: {
      ...poisoned.headers,
      [`${prefix}code`]: poison.code,
      [`${prefix}detail`]: poison.message.slice(0, longest),
      [`${prefix}topic`]: poisoned.topic,
      [`${prefix}partition`]: String(poisoned.partition),
      [`${prefix}offset`]: String(poisoned.offset),
    },
  };
};

/** A dead letter as it goes back to where it came from (same bytes, same partition); undefined where the message is no dead letter. */
export const putBack = (letter: BusMessage): Outgoing | undefined => {
  const topic = letter.headers[`${prefix}topic`];
  const partition = Number(letter.headers[`${prefix}partition`] ?? Number.NaN);
  if (topic === undefined || !Number.isSafeInteger(partition) || partition < 0) return undefined;
  const headers = Object.fromEntries(Object.entries(letter.headers).filter(([name]) => !name.startsWith(prefix)));
  return { topic, key: letter.key ?? '', value: letter.value, headers, partition };
};
