import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { newBaseline, rateTail } from './baseline.ts';
import type { Baseline } from './baseline.ts';
import { levelAt, observe } from './observe.ts';
import type { ActionSeen } from './observation.ts';

const minute = 60_000;
const action = (now: number, over: Partial<ActionSeen> = {}): ActionSeen => ({
  kind: 'action', tenant: 'acme', agent: 'payer', run: 'r', action: `a${now}`, tool: 'payments.transfer', group: 'g', owner: 'o', version: 1, consequential: true, reversible: true, impact: 'medium',
  targets: ['DE-landlord'], trust: 'instruction', from: null, signs: [], denied: false, now, ...over,
});
const live = (actions: readonly ActionSeen[], from?: Baseline) => {
  let baseline = from;
  const findings: string[] = [];
  for (const one of actions) {
    const observed = observe(baseline, one);
    baseline = observed.baseline;
    findings.push(...observed.score.contributions.map(({ feature }) => feature));
  }
  return { baseline: baseline!, findings };
};
/** An ordinary life: two actions a minute to one target for an hour. */
const ordinary = Array.from({ length: 120 }, (_, i) => action(i * minute / 2));

describe('the baseline of an agent', () => {
  it('finds nothing in an ordinary life', () => {
    expect(live(ordinary).findings).toEqual([]);
  });

  it('notices a burst once a minute, and the level rises', () => {
    const { baseline } = live(ordinary);
    const burst = live(Array.from({ length: 40 }, (_, i) => action(61 * minute + i)), baseline);
    expect(burst.findings).toEqual(['volume']);
    expect(levelAt(burst.baseline, 61 * minute + 40)).toBe('raised');
  });

  it('notices a target never used by an agent of strict habit, not by one that always meets new ones', () => {
    expect(live([action(61 * minute, { targets: ['XX-stranger'] })], live(ordinary).baseline).findings).toEqual(['target']);
    const roaming = Array.from({ length: 120 }, (_, i) => action(i * minute / 2, { targets: [`customer-${i}`] }));
    expect(live([action(61 * minute, { targets: ['customer-new'] })], live(roaming).baseline).findings).toEqual([]);
  });

  it('does not learn from what it has just flagged', () => {
    const { baseline } = live([action(61 * minute, { targets: ['XX-stranger'] }), action(62 * minute, { targets: ['XX-stranger'] })], live(ordinary).baseline);
    expect(baseline.targets.has('XX-stranger')).toBe(false);
  });

  it('takes actions that arrive late for no burst', () => {
    const { baseline } = live(ordinary);
    expect(live(Array.from({ length: 100 }, (_, i) => action(i * minute / 2)), baseline).findings).toEqual([]);
  });

  it('forgets evidence with time', () => {
    const flagged = live([action(61 * minute, { targets: ['XX-stranger'] }), action(61 * minute + 1, { targets: ['YY-stranger'] })], live(ordinary).baseline).baseline;
    expect(levelAt(flagged, 61 * minute)).not.toBe('normal');
    expect(levelAt(flagged, 600 * minute)).toBe('normal');
  });

  it('has tail probabilities that fall with the count and start at one', () => {
    fc.assert(fc.property(fc.double({ min: 0.5, max: 50, noNaN: true }), fc.double({ min: 0.5, max: 50, noNaN: true }), fc.nat(200), (shape, minutes, count) => {
      const here = rateTail({ shape, minutes }, count);
      expect(here).toBeGreaterThanOrEqual(0);
      expect(here).toBeLessThanOrEqual(1);
      expect(rateTail({ shape, minutes }, count + 1)).toBeLessThanOrEqual(here + 1e-12);
      expect(rateTail({ shape, minutes }, 0)).toBe(1);
    }), { seed: 10, numRuns: 300 });
  });

  it('is the same bit for bit when rebuilt from the middle', () => {
    const first = live(ordinary.slice(0, 60));
    expect(live(ordinary.slice(60), first.baseline).baseline).toEqual(live(ordinary).baseline);
    expect(newBaseline.targets.size).toBe(0);
  });
});
