import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { driftAlarm, driftOf, frozenAt, learnMix, newMix } from './mix-drift.ts';
import { factorOf, hourOfWeek, learnHour, minuteTail, newPace, newSeason, rateTail, turnMinute } from './pace.ts';
import { beginRun, newRhythm } from './rhythm.ts';
import { amountTail, learnAmount, newAmounts, newShare, takeShare } from './tails.ts';

const hour = 3_600_000;
const monday = Date.UTC(2026, 0, 5);

describe('pace', () => {
  it('has tail probabilities that fall with the count and start at one', () => {
    fc.assert(fc.property(fc.double({ min: 0.5, max: 50, noNaN: true }), fc.double({ min: 0.5, max: 50, noNaN: true }), fc.nat(200), (shape, weight, count) => {
      const here = rateTail(shape, weight, count);
      expect(here).toBeGreaterThanOrEqual(0);
      expect(here).toBeLessThanOrEqual(1);
      expect(rateTail(shape, weight, count + 1)).toBeLessThanOrEqual(here + 1e-12);
      expect(rateTail(shape, weight, 0)).toBe(1);
    }), { seed: 10, numRuns: 300 });
  });

  it('takes a minute that is five times as busy as ever for a busy minute, and one that is thirty times as busy for a loop', () => {
    const pace = newPace();
    for (let n = 0; n < 300; n++) { turnMinute(pace, n * 12); pace.count = 2; }
    expect(minuteTail(pace, 10)).toBeGreaterThan(1e-3);
    expect(minuteTail(pace, 60)).toBeLessThan(1e-9);
  });
});

describe('the rhythm of an agent', () => {
  const office = (rhythm = newRhythm(), season = newSeason(), weeks = 8) => {
    let last = 0;
    for (let at = 0; at < weeks * 168; at++) {
      const isOpen = at % 24 >= 9 && at % 24 < 17 && at % 168 < 120;
      if (!isOpen) continue;
      last = monday + at * hour + (at * 7919) % 3_000_000;
      learnHour(season, last);
      beginRun(rhythm, season, last);
    }
    return { rhythm, season, last, next: monday + weeks * 168 * hour };
  };
  const begin = ({ rhythm, season }: ReturnType<typeof office>, at: number) => ({ ...beginRun(rhythm, season, at) });

  it('finds a run in the night odd and one at noon usual, also where its peers work by night', () => {
    expect(hourOfWeek(monday + 30 * hour)).toBe(30);
    const alone = office();
    expect(factorOf(alone.season, 3)).toBe(1);
    expect(begin(alone, alone.next + 12 * hour).timing).toBe(1);
    const { rhythm, season, next } = office();
    for (let n = 0; n < 2_000; n++) learnHour(season, monday + (n % 168) * hour);
    expect(beginRun(rhythm, season, next + 3 * hour).timing).toBeLessThan(0.1);
  });

  it('wonders at many runs in an hour in which it never works, not at two in one in which it does', () => {
    const day = office(), night = office();
    begin(day, day.next + 10 * hour);
    expect(begin(day, day.next + 10 * hour + 60_000).clump).toBeGreaterThan(0.05);
    for (let n = 0; n < 4; n++) begin(night, night.next + 3 * hour + n * 60_000);
    expect(begin(night, night.next + 3 * hour + 300_000).clump).toBeLessThan(1e-3);
  });

  it('wonders at a dormant agent that wakes, not at a weekend, nor at a clock that went back', () => {
    const monday9 = office();
    expect(begin(monday9, monday9.next + 9 * hour).silence).toBeGreaterThan(0.02);
    const dormant = office();
    expect(begin(dormant, dormant.next + (3 * 168 + 9) * hour).silence).toBeLessThan(1e-4);
    expect(begin(dormant, dormant.next).silence).toBe(1);
  });

  it('is not deaf for ever after a clock that was years ahead', () => {
    const { rhythm, season, next } = office();
    beginRun(rhythm, season, next + 9_999 * 24 * hour);
    for (let n = 0; n < 6; n++) beginRun(rhythm, season, next + 3 * hour + n * 1_000);
    expect(beginRun(rhythm, season, next + 3 * hour + 7_000).clump).toBeLessThan(1e-3);
    const pace = newPace();
    turnMinute(pace, 9_999_999);
    turnMinute(pace, 1_000);
    expect(pace.minute).toBe(1_000);
    turnMinute(pace, 999);
    expect(pace.minute).toBe(1_000);
  });

  it('learns that it works by night once for each hour, however many runs one night has', () => {
    const { rhythm, season, next } = office();
    const before = rhythm.worked;
    for (let n = 0; n < 500; n++) beginRun(rhythm, season, next + 3 * hour + n * 1_000);
    beginRun(rhythm, season, next + 27 * hour);
    expect(rhythm.worked - before).toBeLessThanOrEqual(2);
    expect(beginRun(rhythm, season, next + 51 * hour).timing).toBeLessThan(0.25);
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
