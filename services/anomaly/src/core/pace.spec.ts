import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { driftAlarm, driftOf, frozenAt, learnMix, newMix } from './mix-drift.ts';
import { factorOf, hourOfWeek, hourTail, learnGap, learnHour, newPace, newSeason, rateTail, silenceTail } from './pace.ts';
import { amountTail, learnAmount, newAmounts, newShare, takeShare } from './tails.ts';

const hour = 3_600_000;
const monday = Date.UTC(2026, 0, 5);

describe('pace', () => {
  it('has tail probabilities that fall with the count and start at one', () => {
    fc.assert(fc.property(fc.double({ min: 0.5, max: 50, noNaN: true }), fc.double({ min: 0.5, max: 50, noNaN: true }), fc.nat(200), (shape, minutes, count) => {
      const here = rateTail({ shape, minutes }, count);
      expect(here).toBeGreaterThanOrEqual(0);
      expect(here).toBeLessThanOrEqual(1);
      expect(rateTail({ shape, minutes }, count + 1)).toBeLessThanOrEqual(here + 1e-12);
      expect(rateTail({ shape, minutes }, 0)).toBe(1);
    }), { seed: 10, numRuns: 300 });
  });

  it('finds the same count odd at night and usual at noon once the group has a rhythm', () => {
    const season = newSeason();
    expect(factorOf(season, monday)).toBe(1);
    for (let week = 0; week < 8; week++) for (let at = 0; at < 168; at++) {
      const busy = at % 24 >= 9 && at % 24 < 17 && at < 120;
      for (let n = 0; n < (busy ? 40 : 1); n++) learnHour(season, monday + (week * 168 + at) * hour);
    }
    const habit = { shape: 500, minutes: 100 };
    expect(hourOfWeek(monday + 30 * hour)).toBe(30);
    expect(rateTail(habit, 14, factorOf(season, monday + 12 * hour))).toBeGreaterThan(0.1);
    expect(rateTail(habit, 14, factorOf(season, monday + 3 * hour))).toBeLessThan(1e-6);
    expect(hourTail(season, monday + 3 * hour)).toBeLessThan(0.12);
    expect(hourTail(season, monday + 12 * hour)).toBe(1);
  });

  it('wonders at a dormant agent that wakes, not at one that is always irregular', () => {
    const live = (gaps: readonly number[]) => {
      const pace = newPace();
      let now = monday;
      for (const gap of gaps) { now += gap; learnGap(pace, now); pace.last = now; }
      return { pace, now };
    };
    const regular = live(Array.from({ length: 60 }, (_, i) => (50 + i % 20) * 60_000));
    expect(silenceTail(regular.pace, regular.now + 2 * hour)).toBeGreaterThan(0.05);
    expect(silenceTail(regular.pace, regular.now + 60 * 24 * hour)).toBeLessThan(1e-6);
    const irregular = live(Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? 72 * hour : 60_000)));
    expect(silenceTail(irregular.pace, irregular.now + 200 * hour)).toBeGreaterThan(0.05);
    expect(silenceTail(regular.pace, regular.now - hour)).toBe(1);
  });
});

describe('amounts and shares', () => {
  it('finds a run ten times as dear as ever odd, and one half as dear again not', () => {
    const tokens = newAmounts();
    for (let i = 0; i < 50; i++) learnAmount(tokens, 1_000 + (i % 7) * 100);
    expect(amountTail(tokens, 1_900)).toBeGreaterThan(0.05);
    expect(amountTail(tokens, 13_000)).toBeLessThan(1e-6);
  });

  it('finds a streak of errors odd for an agent that hardly ever fails, and never for one that always does', () => {
    const careful = newShare(), hopeless = newShare();
    for (let i = 0; i < 200; i++) { takeShare(careful, i % 50 === 0); takeShare(hopeless, true); }
    let worst = 1;
    for (let i = 0; i < 12; i++) worst = Math.min(worst, takeShare(careful, true));
    expect(worst).toBeLessThan(1e-4);
    expect(takeShare(hopeless, true)).toBeGreaterThan(0.05);
  });
});

describe('the mix of tools', () => {
  it('tells drift where the work has changed, and none where it only wavers', () => {
    const mix = newMix();
    for (let i = 0; i < frozenAt + 300; i++) learnMix(mix, (i * 7919) % 11 % 5);
    expect(driftOf(mix)).toBeLessThan(driftAlarm / 2);
    for (let i = 0; i < 120; i++) learnMix(mix, i % 5 === 0 ? 1 : 77);
    expect(driftOf(mix)).toBeGreaterThan(driftAlarm);
  });
});
