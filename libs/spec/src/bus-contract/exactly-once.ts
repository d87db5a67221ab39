import { describe, expect, it } from '@jest/globals';
import type { Outgoing, Ownership } from '@countersign/bus';
import { counting, faultsOf, marker } from './counting-owner.ts';
import { gapless, numbered, readAll, text } from './harness.ts';
import { until } from '../until.ts';
import type { Tools } from './harness.ts';

export const exactlyOnceCases = ({ under, topic, group, running, another }: Tools): void => {
  const three = async (partitions: number) => ({ group: group(), input: await topic(partitions), governed: await topic(partitions), replies: await topic(partitions) });
  const values = (messages: readonly Pick<Outgoing, 'value'>[]): string[] => messages.map((message) => message.value!.toString());

  describe('exactly-once processing', () => {
    it('writes two outputs per message into the partition it came from, once, in order', async () => {
      const { bus } = under();
      const names = await three(3);
      const input = numbered(names.input, 300);
      await bus.publish(input);
      const next = new Map<number, bigint>();
      await running(counting(bus, { ...names, onCommitted: (offset, partition) => next.set(partition, offset) }));
      await until('all replies', async () => (await readAll(bus, names.replies)).length >= 300);
      const [governed, replies, read] = await Promise.all([readAll(bus, names.governed), readAll(bus, names.replies), readAll(bus, names.input)]);
      expect(faultsOf(governed, replies, values(input))).toEqual([]);
      expect(gapless(replies.map(text))).toBe(true);
      const home = new Map(read.map((message) => [text(message), message.partition]));
      for (const reply of replies) expect(reply.partition).toBe(home.get(text(reply)));
      const ends = await bus.ends(names.input);
      await until('committed told for each partition', () => ends.every((end, partition) => (next.get(partition) ?? 0n) === end || end === 0n));
    });

    it('takes no more at a time than it is told before each batch', async () => {
      const { bus } = under();
      const names = await three(1);
      const input = numbered(names.input, 60);
      await bus.publish(input);
      const sizes = [1, 7, 2];
      const tooMany: string[] = [];
      let asked = 0, most = 0;
      await running(counting(bus, { ...names, maxBatch: () => (most = sizes[asked++ % sizes.length]!), before: ({ length }) => { if (length > most) tooMany.push(`${length} of ${most}`); } }));
      await until('all replies', async () => (await readAll(bus, names.replies)).length >= 60);
      expect(faultsOf(await readAll(bus, names.governed), await readAll(bus, names.replies), values(input))).toEqual([]);
      expect(tooMany).toEqual([]);
      expect(asked).toBeGreaterThanOrEqual(60 / 7);
    });

    it('discards the folded state and the outputs when a handler fails, and owns anew', async () => {
      const { bus } = under();
      const names = await three(1);
      const input = numbered(names.input, 60);
      let failing = 3;
      let owned = 0;
      let discarded = 0;
      const told: string[] = [];
      await running(counting(bus, { ...names, maxBatch: 10, onOwn: () => { owned += 1; }, onDiscard: () => { discarded += 1; }, onError: (error) => told.push(error.message), before: (messages) => {
        if (messages.some((message) => message.offset >= 20n) && failing > 0) { failing -= 1; throw new Error('mid-way'); }
      } }));
      await bus.publish(input);
      await until('all replies', async () => (await readAll(bus, names.replies)).length >= 60);
      expect(faultsOf(await readAll(bus, names.governed), await readAll(bus, names.replies), values(input))).toEqual([]);
      expect(failing).toBe(0);
      expect(owned).toBeGreaterThanOrEqual(4);
      expect(discarded).toBeGreaterThanOrEqual(3);
      expect(told.filter((message) => message.includes('mid-way'))).toHaveLength(3);
    });

    it('waits when taking over fails, and tries again', async () => {
      const { bus } = under();
      const names = await three(1);
      let failing = 2;
      await running(counting(bus, { ...names, onOwn: () => { if (failing > 0) { failing -= 1; throw new Error('no checkpoint yet'); } } }));
      const input = numbered(names.input, 5);
      await bus.publish(input);
      await until('all replies', async () => (await readAll(bus, names.replies)).length >= 5);
      expect(faultsOf(await readAll(bus, names.governed), await readAll(bus, names.replies), values(input))).toEqual([]);
    });

    it('resumes in another process where the last transaction ended', async () => {
      const { bus } = under();
      const names = await three(2);
      const input = numbered(names.input, 120);
      await bus.publish(input.slice(0, 70));
      const first = await running(counting(bus, names));
      await until('the first 70', async () => (await readAll(bus, names.replies)).length >= 70);
      await first.stop();
      await bus.publish(input.slice(70));
      const starts: bigint[] = [];
      await running(counting(await another(), { ...names, onOwn: ({ partition, next }) => { starts[partition] = next; } }));
      await until('the other 50', async () => (await readAll(bus, names.replies)).length >= 120);
      expect(faultsOf(await readAll(bus, names.governed), await readAll(bus, names.replies), values(input))).toEqual([]);
      expect(starts.some((next) => next > 0n)).toBe(true);
    });

    it('goes on where a handler returns no outputs', async () => {
      const { bus } = under();
      const input = await topic(1);
      const output = await topic(1);
      const same = group();
      await bus.publish(numbered(input, 10, 1));
      const done: bigint[] = [];
      const options = { group: same, input, outputs: [output], own: async (ownership: Ownership) => { done.push(-1n - ownership.next); return { handle: () => [], committed: (next: bigint) => { done.push(next); } }; } };
      const first = await running(bus.process(options));
      await until('ten folded away', () => done.at(-1) === 10n);
      await first.stop();
      done.length = 0;
      await running(bus.process(options));
      await until('to own again', () => done.length > 0);
      expect(done[0]).toBe(-11n);
    });

    it('gives an owner append with offsets and read up to the end as of the call', async () => {
      const { bus } = under();
      const names = await three(2);
      const input = numbered(names.input, 30);
      await bus.publish(input);
      const first = await running(counting(bus, names));
      await until('governed with two markers', async () => (await readAll(bus, names.governed)).length >= 32);
      await first.stop();
      const seen: { partition: number; offsets: bigint[]; read: string[]; part: string[] }[] = [];
      await running(bus.process({ group: names.group, input: names.input, outputs: [names.governed], own: async (ownership) => {
        const offsets = [...await ownership.append([{ topic: names.governed, key: marker, value: Buffer.from('m1') }, { topic: names.governed, key: marker, value: Buffer.from('m2') }])];
        const read: string[] = [];
        for await (const batch of ownership.read(names.governed, 0n)) { expect(batch.every((message) => message.partition === ownership.partition)).toBe(true); read.push(...batch.map(text)); }
        const part: string[] = [];
        for await (const batch of ownership.read(names.governed, offsets[0]!, offsets[1]!)) part.push(...batch.map(text));
        seen.push({ partition: ownership.partition, offsets, read, part });
        return { handle: () => [] };
      } }));
      await until('both partitions owned', () => seen.length === 2);
      const all = await readAll(bus, names.governed);
      for (const { partition, offsets, read, part } of seen) {
        const mine = all.filter((message) => message.partition === partition);
        expect(read).toEqual(mine.map(text));
        expect(read.slice(-2)).toEqual(['m1', 'm2']);
        expect(part).toEqual(['m1']);
        expect(mine.slice(-2).map((message) => message.offset)).toEqual(offsets);
      }
    });
  });
};
