import { describe, expect, it } from '@jest/globals';
import type { Bus, Subscription } from '@countersign/bus';
import { counting, faultsOf } from './counting-owner.ts';
import { numbered, readAll, until } from './harness.ts';
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
        await until(() => worked[0]!.size >= 1, 'the first at work');
        await join(await another(), 1);
        await until(() => worked[1]!.size >= 1, 'the second at work');
        await join(await another(), 2);
        await until(() => worked[2]!.size >= 1, 'the third at work');
        await first.stop();
        worked[1]!.clear();
        worked[2]!.clear();
        await until(() => new Set([...worked[1]!, ...worked[2]!]).size === 4, 'the two to have all four');
      } finally {
        stopping = true;
        await publisher;
      }
      await until(async () => (await readAll(bus, names.replies)).length >= published.length, 'all replies');
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
      await until(async () => {
        await bus.publish(numbered(name, 16, 16, sent));
        sent += 16;
        return owners[1]!.size >= 1;
      }, 'the second to work');
      await first.stop();
      owners[1]!.clear();
      await bus.publish(numbered(name, 16, 16, sent));
      sent += 16;
      await until(() => seen.size === sent, 'all of it');
      expect(seen.size).toBe(sent);
    }, 120_000);
  });
};
