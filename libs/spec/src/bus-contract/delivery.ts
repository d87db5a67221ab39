import { describe, expect, it } from '@jest/globals';
import type { BusMessage } from '@countersign/bus';
import { gapless, gate, numbered, text } from './harness.ts';
import { until } from '../until.ts';
import type { Tools } from './harness.ts';

export const deliveryCases = ({ under, topic, group, running, another }: Tools): void => {
  describe('subscribing', () => {
    it('hands out every message once to a group that nothing disturbs, in order per key, in batches', async () => {
      const { bus } = under();
      const name = await topic();
      await bus.publish(numbered(name, 700));
      const seen: string[] = [];
      let largest = 0;
      await running(bus.subscribe({ group: group(), topics: [name], from: 'start', maxBatch: 50, onBatch: async (batch, context) => {
        largest = Math.max(largest, batch.length);
        expect(context.topic).toBe(name);
        for (const message of batch) { expect(message.partition).toBe(context.partition); seen.push(text(message)); }
      } }));
      await until('all 700', () => seen.length >= 700);
      expect(seen).toHaveLength(700);
      expect(gapless(seen)).toBe(true);
      expect(largest).toBeGreaterThan(1);
      expect(largest).toBeLessThanOrEqual(50);
    });

    it('resumes where the group committed, and hands out again what a failed member did not', async () => {
      const { bus } = under();
      const name = await topic(1);
      const same = group();
      await bus.publish(numbered(name, 30, 1));
      const first: string[] = [];
      let failures = 0;
      const dying = await running(bus.subscribe({ group: same, topics: [name], from: 'start', maxBatch: 10, onBatch: async (batch) => {
        if (first.length >= 10) { failures += 1; throw new Error('the machine burns'); }
        first.push(...batch.map(text));
      } }));
      await until('the second batch to fail', () => failures > 0);
      await dying.stop();
      expect(first.length).toBeGreaterThanOrEqual(1);
      const second: string[] = [];
      await running((await another()).subscribe({ group: same, topics: [name], from: 'now', onBatch: async (batch) => { second.push(...batch.map(text)); } }));
      await until('the rest', () => first.length + second.length >= 30);
      expect(gapless([...first, ...second])).toBe(true);
    });

    it('begins with what is published after ready when told now, and misses nothing', async () => {
      const { bus } = under();
      const name = await topic();
      await bus.publish(numbered(name, 20));
      const seen: string[] = [];
      const subscription = await running(bus.subscribe({ group: group(), topics: [name], from: 'now', onBatch: async (batch) => { seen.push(...batch.map(text)); } }));
      await subscription.ready;
      await bus.publish(numbered(name, 21, 3).map((one) => ({ ...one, key: `late-${one.key}`, value: Buffer.from(`late-${one.value!.toString()}`) })));
      await until('what came after ready', () => seen.length >= 21);
      expect(seen.every((value) => value.startsWith('late-'))).toBe(true);
      expect(gapless(seen)).toBe(true);
    });

    it('waits for a slow handler instead of running ahead in one partition', async () => {
      const { bus } = under();
      const name = await topic(1);
      await bus.publish(numbered(name, 60, 1));
      const hold = gate();
      const handed: BusMessage[] = [];
      let atOnce = 0;
      let most = 0;
      await running(bus.subscribe({ group: group(), topics: [name], from: 'start', maxBatch: 5, onBatch: async (batch) => {
        atOnce += 1;
        most = Math.max(most, atOnce);
        handed.push(...batch);
        await hold.opened;
        atOnce -= 1;
      } }));
      await until('the first batch', () => handed.length > 0);
      await bus.publish(numbered(name, 10, 1, 60));
      expect(handed.length).toBeLessThanOrEqual(5);
      hold.open();
      await until('all 70', () => handed.length >= 70);
      expect(most).toBe(1);
      expect(gapless(handed.map(text))).toBe(true);
    });

    it('lets partitions run beside one another', async () => {
      const { bus } = under();
      const name = await topic(2);
      const hold = gate();
      const entered = new Set<number>();
      await running(bus.subscribe({ group: group(), topics: [name], from: 'start', onBatch: async (_, context) => { entered.add(context.partition); await hold.opened; } }));
      await bus.publish([0, 1].map((partition) => ({ topic: name, key: 'k', value: Buffer.from('x'), partition })));
      try {
        await until('both partitions at work', () => entered.size === 2);
      } finally { hold.open(); }
    });

    it('finishes the batch in hand when stopped, and then hands out nothing', async () => {
      const { bus } = under();
      const name = await topic(1);
      const same = group();
      await bus.publish(numbered(name, 4, 1));
      const hold = gate();
      const entered = gate();
      let finished = 0;
      const busy = await running(bus.subscribe({ group: same, topics: [name], from: 'start', maxBatch: 2, onBatch: async (batch) => { entered.open(); await hold.opened; finished += batch.length; } }));
      await entered.opened;
      const stopping = busy.stop();
      hold.open();
      await stopping;
      await busy.ended;
      const done = finished;
      expect(done).toBeGreaterThan(0);
      expect(done).toBeLessThanOrEqual(2);
      const rest: string[] = [];
      await running((await another()).subscribe({ group: same, topics: [name], from: 'start', onBatch: async (batch) => { rest.push(...batch.map(text)); } }));
      await until('what the stopped one left', () => rest.length >= 4 - done);
      expect(rest).toEqual(['key-0:0', 'key-0:1', 'key-0:2', 'key-0:3'].slice(done));
      expect(finished).toBe(done);
    });

    it('closes while busy, and its work ends first', async () => {
      const name = await topic(1);
      const other = await another();
      const hold = gate();
      const entered = gate();
      let ended = false;
      const busy = await running(other.subscribe({ group: group(), topics: [name], from: 'start', onBatch: async () => { entered.open(); await hold.opened; ended = true; } }));
      await under().bus.publish(numbered(name, 1, 1));
      await entered.opened;
      const closing = other.close();
      hold.open();
      await closing;
      await busy.ended;
      expect(ended).toBe(true);
      await expect(other.publish(numbered(name, 1, 1))).rejects.toThrow();
    });
  });
};
