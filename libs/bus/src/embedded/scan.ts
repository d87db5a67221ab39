import type { ScanOptions } from '../port.ts';
import type { LogStore } from './store.ts';
import { refuseOutOfRange } from './worker.ts';

const atOnce = 500;

/** Append times rise with offsets, so where a time begins is found by halving. */
const offsetAt = async (store: LogStore, topic: string, partition: number, time: number, low: bigint, end: bigint): Promise<bigint> => {
  let [from, to] = [low, end];
  while (from < to) {
    const middle = from + (to - from) / 2n;
    const [found] = (await store.read(topic, partition, middle, 1)).messages;
    if (found !== undefined && found.offset < to && found.timestamp < time) from = found.offset + 1n;
    else to = middle;
  }
  return from;
};

/** Reads a stretch of time, one partition's page after the other's. */
export const scanLog = async (store: LogStore, { topic, fromMs, toMs, onBatch, onRanges }: ScanOptions): Promise<void> => {
  const places: { readonly partition: number; from: bigint; readonly to: bigint }[] = [];
  for (const [partition, end] of (await store.ends(topic)).entries()) {
    const { low } = await store.read(topic, partition, 0n, 0);
    const at = (time: number | undefined, otherwise: bigint): Promise<bigint> | bigint => (time === undefined ? otherwise : offsetAt(store, topic, partition, time, low, end));
    places.push({ partition, from: await at(fromMs, low), to: await at(toMs, end) });
  }
  onRanges?.(places.map((place) => ({ ...place })));
  for (let open = places.filter(({ from, to }) => from < to); open.length > 0; open = open.filter(({ from, to }) => from < to)) {
    for (const place of open) {
      const page = await store.read(topic, place.partition, place.from, atOnce);
      refuseOutOfRange(topic, place.partition, place.from, page);
      const messages = page.messages.filter(({ offset }) => offset < place.to);
      if (messages.length > 0) await onBatch(messages);
      // Nothing more before the end: compaction may have taken it.
      place.from = messages.length < page.messages.length || page.messages.length < atOnce ? place.to : messages.at(-1)!.offset + 1n;
    }
  }
};
