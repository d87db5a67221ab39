import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { confirmation, counting, goneMs, heard, stateOf } from './enforcement.ts';
import type { Points } from './enforcement.ts';

const report = (point: string, seen: number, at = seen) => ({ point, kind: point.split('/')[0] as 'policy' | 'guard', seen: String(seen), at });
const after = (...reports: readonly ReturnType<typeof report>[]): Points => reports.reduce<Points>((points, one) => heard(points, one, one.at), new Map());

describe('who has confirmed a halt', () => {
  it('is every enrolled guard and every member that is there, each by one number', () => {
    const points = after(report('policy/a', 41, 1_000), report('policy/b', 39, 1_000), report('guard/desk', 40, 1_000));
    const all = counting(points, ['guard/desk', 'guard/bank'], 1_500);
    expect(confirmation(all, 40n)).toEqual({ acknowledged: 2, of: 4, missing: ['policy/b', 'guard/bank'] });
  });
  it('is nobody while it is not on the topic', () => expect(confirmation(counting(after(report('policy/a', 41, 1_000)), [], 1_000), undefined)).toMatchObject({ acknowledged: 0, of: 1 }));
  it('forgets members that left, and no guard', () => {
    const points = after(report('policy/a', 41, 1_000), report('guard/desk', 41, 1_000));
    expect(counting(points, ['guard/desk'], 1_001 + goneMs).map(({ point }) => point)).toEqual(['guard/desk']);
  });
  it('does not take a report that was sent again for a new one, nor a step back', () => fc.assert(fc.property(fc.array(fc.record({ seen: fc.nat(50), at: fc.nat(50) }), { minLength: 1 }), (all) => {
    let points: Points = new Map(), highest = -1n;
    for (const { seen, at } of all) {
      const next = heard(points, report('policy/a', seen, at), at);
      if (next !== points) highest = BigInt(seen) > highest ? BigInt(seen) : highest;
      points = next;
      expect(points.get('policy/a')!.seen).toBe(highest);
      expect(heard(points, report('policy/a', 99, at), at + 1_000)).toBe(points);
    }
  }), { seed: 8, numRuns: 200 }));
  it.each([[{ acknowledged: 3, of: 3, underWay: 0, unknown: 0 }, 'stopped'], [{ acknowledged: 3, of: 3, underWay: 1, unknown: 0 }, 'draining'], [{ acknowledged: 2, of: 3, underWay: 0, unknown: 0 }, 'unknown'], [{ acknowledged: 3, of: 3, underWay: 0, unknown: 1 }, 'unknown'], [{ acknowledged: 0, of: 0, underWay: 0, unknown: 0 }, 'unknown']] as const)('%j is %s', (counts, state) => expect(stateOf(counts)).toBe(state));
});
