import { BusError } from '../errors.ts';
import type { BusMessage, ScanOptions } from '../port.ts';
import type { Client } from './client.ts';
import { backoffMs, pause } from './pause.ts';
import { readRange } from './range.ts';
import type { Topics } from './topics.ts';

/** So many partitions are read at once: one is fetched while another is worked on, and memory stays small. */
const atOnce = 4;
const mostFailures = 8;

/** Reads a stretch of time. Where it begins and ends the broker knows by its own append times. */
export const scan = async (client: Client, topics: Topics, { topic, fromMs, toMs, onBatch, onRanges }: ScanOptions): Promise<void> => {
  const ends = await topics.ends(topic);
  const from = fromMs === undefined ? await topics.starts(topic) : await topics.at(topic, fromMs);
  const upTo = toMs === undefined ? ends : await topics.at(topic, toMs);
  const ranges = ends.map((end, partition) => ({ partition, from: from[partition]!, to: upTo[partition]! < end ? upTo[partition]! : end }));
  onRanges?.(ranges);
  let turn: Promise<unknown> = Promise.resolve();
  let failed = false;
  const inTurn = (messages: readonly BusMessage[]): Promise<void> => {
    const mine = turn.then(() => { if (failed) throw new BusError('bus_closed', 'the scan has ended with another partition'); return onBatch(messages); });
    turn = mine.catch(() => { failed = true; });
    return mine;
  };
  const waiting = ranges.filter((range) => range.from < range.to);
  const worker = async (): Promise<void> => {
    for (let range = waiting.shift(); range !== undefined; range = waiting.shift()) await readOne(client, topic, range, inTurn);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
};

/** One partition to its end; a lost connection is opened again where reading stopped. What the reader of the batches throws is thrown. */
const readOne = async (client: Client, topic: string, { partition, from, to }: { readonly partition: number; readonly from: bigint; readonly to: bigint }, hand: (messages: readonly BusMessage[]) => Promise<void>): Promise<void> => {
  let next = from;
  for (let failures = 0; ;) {
    let thrown: { readonly error: unknown } | undefined;
    try {
      for await (const messages of readRange(client, topic, partition, next, to)) {
        await hand(messages).catch((error: unknown) => { thrown = { error }; throw error; });
        next = messages.at(-1)!.offset + 1n;
        failures = 0;
      }
      return;
    } catch (error) {
      failures++;
      if (thrown !== undefined || error instanceof BusError || failures >= mostFailures) throw error;
      await pause(backoffMs(failures));
    }
  }
};
