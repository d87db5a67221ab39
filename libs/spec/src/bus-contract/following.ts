import { describe, expect, it } from '@jest/globals';
import { gapless, numbered, text } from './harness.ts';
import { until } from '../until.ts';
import type { Tools } from './harness.ts';

export const followCases = ({ under, topic, running, another }: Tools): void => {
  describe('following', () => {
    it('from start: everything, in every follower, and then what comes', async () => {
      const { bus } = under();
      const name = await topic();
      await bus.publish(numbered(name, 50));
      const followers = await Promise.all([bus, await another()].map(async (one) => {
        const seen: string[] = [];
        let atCaughtUp = -1;
        let times = 0;
        const following = await running(one.follow({ topics: [name], from: 'start', onBatch: (batch) => { seen.push(...batch.map(text)); }, onCaughtUp: () => { times += 1; atCaughtUp = seen.length; } }));
        await following.ready;
        return { seen, caughtUp: () => [times, atCaughtUp] as const };
      }));
      await until('caught up', () => followers.every(({ caughtUp }) => caughtUp()[0] > 0));
      for (const { caughtUp } of followers) expect(caughtUp()[1]).toBeGreaterThanOrEqual(50);
      await bus.publish(numbered(name, 50, 7, 50));
      await until('all 100 in both', () => followers.every(({ seen }) => seen.length >= 100));
      for (const { seen, caughtUp } of followers) {
        expect(seen).toHaveLength(100);
        expect(gapless(seen)).toBe(true);
        expect(caughtUp()[0]).toBe(1);
      }
    });

    it('says caught up on empty topics', async () => {
      let caughtUp = false;
      await running(under().bus.follow({ topics: [await topic(), await topic(1)], from: 'start', onBatch: () => undefined, onCaughtUp: () => { caughtUp = true; } }));
      await until('caught up on nothing', () => caughtUp);
    });

    it('from now: misses nothing published right after ready, and shows nothing older', async () => {
      const { bus } = under();
      for (let round = 0; round < 5; round += 1) {
        const name = await topic(2);
        await bus.publish(numbered(name, 5).map((one) => ({ ...one, value: Buffer.from('old') })));
        const seen: string[] = [];
        const following = await running(bus.follow({ topics: [name], from: 'now', onBatch: (batch) => { seen.push(...batch.map(text)); } }));
        await following.ready;
        await bus.publish(numbered(name, 10));
        await until('what came right after ready', () => seen.length >= 10);
        expect(seen).not.toContain('old');
        expect(gapless(seen)).toBe(true);
        await following.stop();
      }
    });

    it('hands a failed batch out again', async () => {
      const { bus } = under();
      const name = await topic(1);
      const seen: string[] = [];
      const told: string[] = [];
      let failing = 2;
      await running(bus.follow({ topics: [name], from: 'start', onError: (error) => told.push(error.message), onBatch: async (batch) => {
        if (failing > 0) { failing -= 1; throw new Error('not yet'); }
        seen.push(...batch.map(text));
      } }));
      await bus.publish(numbered(name, 20, 1));
      await until('all 20', () => seen.length >= 20);
      expect(gapless(seen)).toBe(true);
      expect(told.filter((message) => message.includes('not yet'))).toHaveLength(2);
    });

    it('hands out nothing after stop', async () => {
      const { bus } = under();
      const name = await topic(1);
      let count = 0;
      const following = await running(bus.follow({ topics: [name], from: 'start', onBatch: (batch) => { count += batch.length; } }));
      await bus.publish(numbered(name, 5, 1));
      await until('five', () => count === 5);
      await following.stop();
      await following.ended;
      await bus.publish(numbered(name, 5, 1));
      let control = 0;
      await running(bus.follow({ topics: [name], from: 'start', onBatch: (batch) => { control += batch.length; } }));
      await until('the control follower to see all', () => control === 10);
      expect(count).toBe(5);
    });
  });
};
