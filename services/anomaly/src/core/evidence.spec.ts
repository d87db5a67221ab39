import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { newCalibration, pValueOf, record, tailOf } from './calibrate.ts';
import { admit, average, defaultBudget, eValueOf, giveBack, levelOfNext, newAlertControl } from './evidence.ts';

/** A generator of our own, so that a run is the same everywhere (Marsaglia's xorshift). */
const random = (seed: number) => { let x = seed; return (): number => { x ^= x << 13; x ^= x >>> 17; x ^= x << 5; return (x >>> 0) / 2 ** 32; }; };
const exponential = (next: () => number): number => -Math.log(1 - next()) * 2;

describe('ranks among usual runs', () => {
  it('are false alarms as often as they say, whatever the scores are like', () => {
    for (const [seed, draw] of [[1, exponential], [2, (next: () => number) => next() * 9], [3, (next: () => number) => (next() < 0.7 ? 0 : 1 + exponential(next))]] as const) {
      const next = random(seed);
      const group = newCalibration(), tenant = newCalibration();
      for (let i = 0; i < 2_000; i++) { record(group, draw(next)); record(tenant, draw(next)); }
      const chances = Array.from({ length: 20_000 }, () => pValueOf(group, tenant, draw(next)));
      for (const nominal of [0.01, 0.05]) {
        const realised = chances.filter((p) => p <= nominal).length / chances.length;
        expect(realised).toBeLessThan(nominal * 1.5);
      }
    }
  });

  it('go on beyond the greatest score ever seen, and never rise with the score', () => {
    const next = random(4);
    const of = newCalibration();
    for (let i = 0; i < 300; i++) record(of, exponential(next));
    let before = 1;
    for (let score = 0; score < 31; score += 0.05) {
      const tail = tailOf(of, score);
      // Where the histogram passes into its tail they may differ by the width of a bin.
      expect(tail).toBeLessThanOrEqual(before * 1.1 + 1e-12);
      before = Math.min(before, tail);
    }
    expect(before).toBeLessThan(1e-4);
  });

  it('find nothing odd while few runs are known', () => {
    const none = newCalibration(), few = newCalibration();
    for (let i = 0; i < 9; i++) record(few, 1);
    expect([pValueOf(none, none, 30), pValueOf(few, few, 30)]).toEqual([1, 0.1]);
  });
});

describe('evidence', () => {
  it('is worth at most one on average as long as all is as usual', () => {
    let sum = 0;
    const n = 1_000_000;
    for (let i = 0; i < n; i++) sum += eValueOf((i + 0.5) / n);
    expect(sum / n).toBeLessThanOrEqual(1.001);
    expect(sum / n).toBeGreaterThan(0.8);
    fc.assert(fc.property(fc.array(fc.double({ min: 1e-9, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 }), (chances) => {
      const values = chances.map(eValueOf);
      expect(average(values, [0.5, 0.3, 0.2])).toBeLessThanOrEqual(Math.max(...values) * (1 + 1e-12));
    }), { seed: 42, numRuns: 200 });
  });

  it('makes false alerts rarely over a quiet day of any length, and no more than the budget on a bad one', () => {
    const next = random(6);
    for (const runs of [50, 1_000, 30_000]) {
      let days = 0;
      for (let day = 1; day <= 60; day++) {
        const control = newAlertControl();
        let alerts = 0;
        for (let i = 0; i < runs; i++) if (next() <= levelOfNext(control, day, defaultBudget) && admit(control, i % 40, defaultBudget)) alerts++;
        if (alerts > 0) days++;
      }
      expect(days).toBeLessThanOrEqual(60 * 0.35);
    }
    const control = newAlertControl();
    let alerts = 0;
    for (let i = 0; i < 10_000; i++) if (1e-9 <= levelOfNext(control, 1, defaultBudget) && admit(control, i % 40, defaultBudget)) alerts++;
    expect(alerts).toBe(defaultBudget.perDay);
    expect(levelOfNext(control, 2, defaultBudget)).toBeGreaterThan(0);
    expect(control.alerts).toBe(0);
  });

  it('leaves the rest of a day\'s budget to others when one owner has had its fifth, and takes back what nobody was told', () => {
    const control = newAlertControl();
    const noisy = 1, other = 2;
    expect(Array.from({ length: 60 }, () => admit(control, noisy, defaultBudget)).filter(Boolean)).toHaveLength(defaultBudget.perDay / 5);
    expect(admit(control, other, defaultBudget)).toBe(true);
    giveBack(control, noisy);
    expect([admit(control, noisy, defaultBudget), admit(control, noisy, defaultBudget)]).toEqual([true, false]);
    levelOfNext(control, 2, defaultBudget);
    expect(admit(control, noisy, defaultBudget)).toBe(true);
  });
});

describe('the level at which runs are tested', () => {
  it('rises with each agent that was found that day, as LOND has it', () => {
    const levelAfter = (found: number): number => {
      const control = newAlertControl();
      levelOfNext(control, 1, defaultBudget);
      for (let owner = 0; owner < found; owner++) admit(control, owner, defaultBudget);
      return levelOfNext(control, 1, defaultBudget);
    };
    expect([levelAfter(1) / levelAfter(0), levelAfter(4) / levelAfter(0)].map((factor) => Math.round(factor * 1e6) / 1e6)).toEqual([2, 5]);
  });
});
