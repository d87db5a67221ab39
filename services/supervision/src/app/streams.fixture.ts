import type { HaltNotice } from '@countersign/contracts';
import type { Streams } from './breakers.ts';
import type { HaltBook } from './ports.ts';

/** Streams and halts as they stand on the record and on the topic, in memory. */
export const recordInMemory = () => {
  const kept = new Map<string, { type: string; by: string; at: number; data: unknown }[]>();
  const streams: Streams = {
    load: async (stream) => [...kept.get(stream) ?? []],
    append: async (stream, after, type, by, data) => {
      const events = kept.get(stream) ?? [];
      if (events.length !== after) return false;
      kept.set(stream, [...events, { type, by, at: 0, data: JSON.parse(JSON.stringify(data)) as unknown }]);
      return true;
    },
    streams: async (prefix) => [...kept.keys()].filter((stream) => stream.startsWith(prefix)),
  };
  const notices: HaltNotice[] = [];
  let failing = false;
  const book: HaltBook = {
    add: async (notice) => {
      if (failing) return { topic: false, database: true };
      if (!notices.some(({ halt, op }) => halt === notice.halt && op === notice.op)) notices.push(notice);
      return { topic: true, database: true };
    },
    find: async (halt) => notices.find((one) => one.halt === halt && one.op === 'halt'),
    inForce: async () => notices.filter(({ op, halt }) => op === 'halt' && !notices.some((lift) => lift.op === 'lift' && lift.halt === halt)).toReversed(),
  };
  return { streams, book, notices, kept, fail: (on: boolean) => { failing = on; }, standing: async () => (await book.inForce()).map(({ halt }) => halt) };
};
