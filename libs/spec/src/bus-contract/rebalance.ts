import { describe, expect, it } from '@jest/globals';
import type { Bus, Subscription } from '@countersign/bus';
import { counting, faultsOf } from './counting-owner.ts';
import { numbered, readAll } from './harness.ts';
import { until } from '../until.ts';
import type { Tools } from './harness.ts';

export const rebalanceCases = ({ under, topic, group, running, another }: Tools): void => {
  describe('members come and go', () => {
    it('shares partitions, and stays exactly once while a third joins and one leaves', async () => {
      const { bus } = under();
      const names = { group: group(), input: await topic(4), governed: await topic(4), replies: await topic(4) };
      const worked = [new Set<number>(), new Set<number>(), new Set<number>()];
      const join = (on: Bus, member: number): Promise<Subscription> => running(counting(on, { ...names, maxBatch: 7, before: (messages) => { worked[member]!.add(messages[0]!.partition); } }));
      const published: string[] = [];
      let stopping = false;
      const publisher = (async () => {
        for (let n = 0; !stopping; n += 14) {
          const batch = numbered(names.input, 14, 14, n);
          await bus.publish(batch);
          published.push(...batch.map((one) => one.value!.toString()));
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      })();
      try {
        const first = await join(bus, 0);
        await until('the first at work', () => worked[0]!.size >= 1);
        await join(await another(), 1);
        await until('the second at work', () => worked[1]!.size >= 1);
        await join(await another(), 2);
        await until('the third at work', () => worked[2]!.size >= 1);
        await first.stop();
        worked[1]!.clear();
        worked[2]!.clear();
        await until('the two to have all four', () => new Set([...worked[1]!, ...worked[2]!]).size === 4);
      } finally {
        stopping = true;
        await publisher;
      }
      await until('all replies', async () => (await readAll(bus, names.replies)).length >= published.length);
      expect(faultsOf(await readAll(bus, names.governed), await readAll(bus, names.replies), published)).toEqual([]);
    }, 120_000);

    it('hands a subscription over too: nothing lost', async () => {
      const { bus } = under();
      const name = await topic(4);
      const same = group();
      const seen = new Set<string>();
      const owners = [new Set<number>(), new Set<number>()];
      const join = (on: Bus, member: number): Promise<Subscription> => running(on.subscribe({ group: same, topics: [name], from: 'start', onBatch: async (batch, context) => {
        owners[member]!.add(context.partition);
        for (const message of batch) seen.add(message.value!.toString());
      } }));
      const first = await join(bus, 0);
      await first.ready;
      const second = await join(await another(), 1);
      await second.ready;
      let sent = 0;
      await until('the second to work', async () => {
        await bus.publish(numbered(name, 16, 16, sent));
        sent += 16;
        return owners[1]!.size >= 1;
      });
      await first.stop();
      owners[1]!.clear();
      await bus.publish(numbered(name, 16, 16, sent));
      sent += 16;
      await until('all of it', () => seen.size === sent);
      expect(seen.size).toBe(sent);
    }, 120_000);
  });
};
