import { describe, expect, it } from '@jest/globals';
import { createStanding } from './standing.ts';

/** A bus with one source, of which some offsets are transaction markers, and a log that takes from it. */
const scene = (stored = 0) => {
  const records: { offset: bigint; at: number }[] = [];
  let end = 0n, next = 0n, now = 1_000, asked = 0;
  const said: number[] = [];
  let saved = stored;
  const ports = {
    ends: async () => new Map([['t/0', end]]), reached: () => new Map([['t/0', next]]),
    missing: async (short: ReadonlyMap<string, bigint>, ends: ReadonlyMap<string, bigint>, from: number) => { asked++; return records.some(({ offset, at }) => offset >= short.get('t/0')! && offset < ends.get('t/0')! && at >= from); },
    load: async () => saved, save: async (at: number) => { saved = at; }, say: async (at: number) => { said.push(at); }, now: () => now,
  };
  let standing = createStanding(ports);
  return {
    said, ports, asked: () => asked, saved: () => saved,
    append: (n: number) => { for (let i = 0; i < n; i++) records.push({ offset: end++, at: now }); },
    marker: () => { end++; },
    takes: (n: number) => { next = (records.filter(({ offset }) => offset >= next)[n - 1]?.offset ?? next - 1n) + 1n; },
    step: async (seconds = 1) => { now += seconds * 1_000; await standing.step(); return now - said.at(-1)!; },
    restart: () => { standing = createStanding(ports); },
  };
};

describe('up to when everything is on the record', () => {
  it('is now while nothing is open, also where the last thing that stands there is a transaction\'s marker', async () => {
    const s = scene();
    expect(await s.step()).toBe(0);
    s.append(3);
    s.marker();
    s.takes(3);
    const lags = [await s.step(), await s.step(), await s.step()];
    expect(lags.at(-1)).toBeLessThan(3_000);
    expect(s.saved()).toBe(s.said.at(-1));
  });

  it('stays at the last complete time while a record is missing, and moves on when it came', async () => {
    const s = scene();
    await s.step();
    s.append(5);
    s.takes(4);
    const lags: number[] = [];
    for (let n = 0; n < 10; n++) lags.push(await s.step(60));
    expect(lags.at(-1)).toBe(600_000);
    s.takes(1);
    await s.step();
    expect(await s.step()).toBe(0);
  });

  it('follows a log that never stands still: no look-back, and never behind by more than two looks', async () => {
    const s = scene();
    await s.step();
    for (let n = 0; n < 50; n++) {
      s.append(10);
      const lag = await s.step();
      expect(lag).toBeLessThanOrEqual(2_000);
      s.takes(10);
    }
    expect(s.asked()).toBe(0);
  });

  it('remembers over a restart what was missing', async () => {
    const s = scene();
    await s.step();
    s.append(1);
    await s.step();
    s.restart();
    for (let n = 0; n < 5; n++) await s.step(60);
    expect(await s.step(60)).toBe(361_000);
  });

  it('says nothing of a new log before all of it was reached once', async () => {
    const s = scene();
    s.append(5);
    for (let n = 0; n < 3; n++) await s.step();
    expect(s.said).toEqual([]);
    s.takes(5);
    await s.step();
    expect(s.said.at(-1)).toBeGreaterThan(0);
  });

  it('says nothing where the bus cannot be asked', async () => {
    const s = scene();
    await s.step();
    s.ports.ends = async () => { throw new Error('no broker'); };
    await expect(s.step(600)).rejects.toThrow('no broker');
    expect(s.said).toHaveLength(1);
  });
});
