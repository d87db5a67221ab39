import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { HotState } from '@countersign/hot-state';
import { until } from './until.ts';

/** What every hot-state adapter must do. `open` gives a store of its own key space; `openGone` one whose store does not answer. */
export const hotStateContract = (name: string, open: () => Promise<HotState>, openGone: () => Promise<HotState>): void => {
  describe(`hot-state contract: ${name}`, () => {
    let store: HotState;
    beforeAll(async () => { store = await open(); });
    afterAll(async () => { await store.close(); });

    it('gives a key to exactly one of many callers', async () => {
      const won = await Promise.all(Array.from({ length: 50 }, () => store.setIfAbsent('once', 60_000)));
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await store.setIfAbsent('once', 60_000)).toBe(false);
    });

    it('frees a key after its life and after delete', async () => {
      expect(await store.setIfAbsent('short', 30)).toBe(true);
      await until('the short one has ended', () => store.setIfAbsent('short', 60_000));
      expect(await store.delete('short')).toBe(true);
      expect(await store.delete('short')).toBe(false);
      expect(await store.setIfAbsent('short', 60_000)).toBe(true);
    });

    it('reads back what was set, until its end', async () => {
      expect(await store.get('none')).toBeUndefined();
      await store.set('text', 'ä "quoted"\n', 60_000);
      expect(await store.get('text')).toBe('ä "quoted"\n');
      await store.set('text', 'later', 30);
      await until('the text has ended', async () => (await store.get('text')) === undefined);
    });

    it('counts in a window that begins with the first increment', async () => {
      expect(await Promise.all([1, 2, 3].map(() => store.increment('rate', 60_000)))).toEqual([1, 2, 3]);
      expect(await store.increment('rate', 60_000, 5)).toBe(8);
      expect(await store.increment('brief', 30)).toBe(1);
      await until('the count begins anew', async () => (await store.increment('brief', 30)) === 1);
    });

    it('says since when it remembers', async () => {
      const started = await store.startedAt();
      expect(started).toBeLessThanOrEqual(Date.now() + 2_000);
      expect(started).toBeGreaterThan(0);
      expect(typeof store.forgets).toBe('boolean');
    });

    it('refuses keys and lives that make no sense', async () => {
      await expect(store.setIfAbsent('', 10)).rejects.toThrow(RangeError);
      await expect(store.set('k', 'v', 0)).rejects.toThrow(RangeError);
      await expect(store.increment('k', Number.NaN)).rejects.toThrow(RangeError);
      await expect(store.get('k'.repeat(2_000))).rejects.toThrow(RangeError);
    });

    it('rejects, with a code, when the store is gone', async () => {
      const gone = await openGone();
      for (const call of [() => gone.setIfAbsent('k', 1_000), () => gone.get('k'), () => gone.increment('k', 1_000), () => gone.startedAt()]) {
        await expect(call()).rejects.toMatchObject({ code: 'hot_state_unavailable' });
      }
      await gone.close();
    });
  });
};
