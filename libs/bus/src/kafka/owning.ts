import type { BusMessage, Outgoing, Ownership, PartitionOwner, ProcessOptions } from '../port.ts';
import type { Client } from './client.ts';
import { committedOffset } from './offsets.ts';
import { pause } from './pause.ts';
import { readRange } from './range.ts';
import type { Stands } from './producing.ts';
import { place, rounds } from './record.ts';
import type { Placed } from './record.ts';
import type { Topics } from './topics.ts';
import { takeOver } from './transactor.ts';

export interface Known { readonly partitions: number; readonly limit: number }

/** A partition taken over: its owner and its way to write. */
export interface Owned {
  readonly owner: PartitionOwner;
  readonly next: bigint;
  /** Outputs and input offset, all or nothing. */
  commit(outputs: readonly Outgoing[], next: bigint): Promise<void>;
  /** Ends it all; memory and open transaction go. */
  release(): Promise<void>;
}

/** Fence, then read the committed offset, then own: in any other order an older owner could still move the offset. */
export const own = async (client: Client, topics: Topics, known: ReadonlyMap<string, Known>, options: ProcessOptions, partition: number): Promise<Owned> => {
  const { group, input } = options;
  const transactor = await takeOver(client, group, input, partition, options.outputs);
  const over = new AbortController();
  let owner: PartitionOwner | undefined;

  const placing = (outgoing: Outgoing): Placed => {
    const topic = known.get(outgoing.topic);
    if (topic === undefined) throw new Error(`${outgoing.topic} is not among the outputs that processing of ${input} was declared with`);
    return place(outgoing, topic.partitions, topic.limit, partition);
  };
  const inRounds = (placed: readonly Placed[]) => rounds(placed, (topic) => known.get(topic)!.limit);

  // A commit is answered before its markers are written: until then the end that others see lies before what we wrote.
  const newest = new Map<string, bigint>();
  const write = (placed: readonly Placed[], next?: bigint): Promise<readonly Stands[]> => transactor.commit(inRounds(placed), next).then((written) => {
    for (const one of written) if (one.partition === partition) newest.set(one.topic, one.base);
    return written;
  });
  const endOf = async (topic: string): Promise<bigint> => {
    for (;;) {
      const end = (await topics.ends(topic))[partition]!;
      if (end > (newest.get(topic) ?? -1n) || over.signal.aborted) return end;
      await pause(2, over.signal);
    }
  };

  const append = async (outputs: readonly Outgoing[]): Promise<readonly bigint[]> => {
    if (outputs.length === 0) return [];
    const placed = outputs.map(placing);
    const written = await write(placed);
    // Batches of one partition are answered in the order they were sent, and records of a batch stand one after the other.
    const bases = new Map<string, { base: bigint; count: number }[]>();
    const sent = inRounds(placed).flatMap((round) => round.flatMap(({ topic, placed: all }) => [...Map.groupBy(all, (one) => one.partition)].map(([at, batch]) => ({ key: `${topic}/${at}`, count: batch.length }))));
    const answers = Map.groupBy(written, ({ topic, partition: at }) => `${topic}/${at}`);
    for (const { key, count } of sent) {
      const nth = bases.get(key) ?? [];
      nth.push({ base: answers.get(key)![nth.length]!.base, count });
      bases.set(key, nth);
    }
    return placed.map(({ topic, partition: at }) => {
      const batches = bases.get(`${topic}/${at}`)!;
      const [first] = batches as [{ base: bigint; count: number }];
      const offset = first.base;
      first.base += 1n;
      if ((first.count -= 1) === 0) batches.shift();
      return offset;
    });
  };

  const read = async function* (topic: string, from: bigint, to?: bigint): AsyncGenerator<readonly BusMessage[]> {
    yield* readRange(client, topic, partition, from, to ?? await endOf(topic));
  };

  const release = async (): Promise<void> => {
    over.abort();
    try { owner?.discard?.(); } finally { await transactor.abandon(); }
  };

  try {
    const next = await committedOffset(client, group, input, partition) ?? (await topics.starts(input))[partition]!;
    const ownership: Ownership = { partition, next, append, read, signal: over.signal };
    const made = await options.own(ownership);
    owner = made;
    return { owner: made, next, release, commit: (outputs, until) => write(outputs.map(placing), until).then(() => undefined) };
  } catch (error) {
    await release();
    throw error;
  }
};
