import { describe, expect, it } from '@jest/globals';
import { newSlow, settle, slowAlarm, slowOf, takeRun, withdraw } from './slow.ts';

/** A generator of our own, so that a run is the same everywhere (Marsaglia's xorshift). */
const random = (seed: number) => { let x = seed; return (): number => { x ^= x << 13; x ^= x >>> 17; x ^= x << 5; return (x >>> 0) / 2 ** 32; }; };
const hour = 3_600_000;
let at = hour;
/** Runs until the alarm, at most so many; `odd` of them are as odd as one in thirty, the rest as usual. */
const runsUntil = (seed: number, odd: number, most: number, past = 0): number => {
  const slow = newSlow(), next = random(seed);
  for (let i = 0; i < past; i++) takeRun(slow, next(), true, at += hour);
  settle(slow);
  for (let i = 1; i <= most; i++) {
    takeRun(slow, next() < odd ? 0.03 * next() : next(), true, at += hour);
    if (slowOf(slow) >= slowAlarm) return i;
  }
  return Number.POSITIVE_INFINITY;
};
const seeds = Array.from({ length: 40 }, (_, i) => 3_001 + i * 17);

describe('evidence of what is slow', () => {
  it('gathers over runs of which none is an alert by itself', () => {
    const found = seeds.map((seed) => runsUntil(seed, 0.3, 400, 300)).sort((a, b) => a - b);
    expect(found[20]).toBeLessThan(40);
    expect(found.at(-1)).toBeLessThan(120);
  });

  it('does not come of itself: an agent is accused wrongly once in twenty thousand runs at most, on average', () => {
    expect(seeds.filter((seed) => runsUntil(seed, 0, 2_000) < Number.POSITIVE_INFINITY).length).toBeLessThanOrEqual(4);
  });

  it('goes by what is usual for the agent: work that was always a little odd is no attack, and the same is one for whom it is new', () => {
    const used = newSlow(), fresh = newSlow(), next = random(77);
    const odd = (): number => (next() < 0.12 ? 0.03 * next() : next());
    for (let i = 0; i < 400; i++) { takeRun(used, odd(), true, at += hour); takeRun(fresh, next(), true, at); settle(used); settle(fresh); }
    let most = 0;
    for (let i = 0; i < 100; i++) { const pValue = odd(); takeRun(used, pValue, true, at += hour); takeRun(fresh, pValue, true, at); most = Math.max(most, slowOf(used)); }
    expect(most).toBeLessThan(slowAlarm / 20);
    expect(slowOf(fresh) / slowOf(used)).toBeGreaterThan(20);
  });

  it('is not moved by one run alone, learns nothing from what is kept, and gives back what was none', () => {
    const slow = newSlow();
    takeRun(slow, 1e-12, false, at += hour);
    expect(slowOf(slow)).toBeLessThan(20);
    expect([slow.usual, slow.runs]).toEqual([newSlow().usual, 0]);
    const before = [...slow.bets];
    takeRun(slow, 0.02, false, at += hour);
    withdraw(slow, 0.02);
    slow.bets.forEach((bet, i) => { expect(bet).toBeCloseTo(before[i]!, 9); });
  });

  it('takes odd runs that come at once for one piece of news', () => {
    const slow = newSlow();
    for (let i = 0; i < 50; i++) takeRun(slow, 1e-6, true, at + i * 5_000);
    expect(slowOf(slow)).toBeLessThan(20);
  });

  it('takes rare things for no rarer than it can know: an agent that was never odd in a thousand runs may be odd twice', () => {
    const slow = newSlow();
    for (let i = 0; i < 1_000; i++) takeRun(slow, 0.5, true, at += hour);
    takeRun(slow, 0.005, true, at += hour);
    takeRun(slow, 0.005, true, at += hour);
    expect(slowOf(slow)).toBeLessThan(slowAlarm);
  });
});
