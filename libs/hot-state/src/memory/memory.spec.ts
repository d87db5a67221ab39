import { describe, expect, it } from '@jest/globals';
import { hotStateContract } from '@countersign/spec';
import { createMemoryHotState } from './index.ts';

hotStateContract('memory', async () => createMemoryHotState(), async () => {
  const store = createMemoryHotState();
  await store.close();
  return store;
});

describe('memory hot state', () => {
  it('refuses to grow beyond its bound instead of dropping what was used, and takes new keys once old ones died', async () => {
    let time = 0;
    const store = createMemoryHotState({ now: () => time, max: 1_000 });
    for (let i = 0; i < 1_000; i++) await store.setIfAbsent(`k${i}`, 100);
    await expect(store.setIfAbsent('one more', 100)).rejects.toMatchObject({ code: 'hot_state_unavailable' });
    expect(await store.setIfAbsent('k5', 100)).toBe(false);
    time = 100;
    expect(await store.setIfAbsent('k5', 100)).toBe(true);
  });

  it('holds a key to the millisecond', async () => {
    let time = 1_000;
    const store = createMemoryHotState({ now: () => time });
    await store.setIfAbsent('k', 10);
    time = 1_009;
    expect(await store.setIfAbsent('k', 10)).toBe(false);
    time = 1_010;
    expect(await store.setIfAbsent('k', 10)).toBe(true);
    expect([store.forgets, await store.startedAt()]).toEqual([true, 1_000]);
  });
});
