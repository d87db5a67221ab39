import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decideLease, mayClaim, silentOf } from './lease.ts';
import type { Lease, LeaseAsked } from './lease.ts';

const ask = (over: Partial<LeaseAsked> = {}): LeaseAsked => ({ run: 'r', agent: 'clerk', holder: 'one', fence: undefined, release: false, now: 1_000, leaseMs: 100, ...over });
const lease = (over: Partial<Lease> = {}): Lease => ({ run: 'r', agent: 'clerk', holder: 'one', fence: 1, heardAt: 1_000, until: 1_100, released: false, ...over });
const take = (held: Lease | undefined, over: Partial<LeaseAsked> = {}) => { const answer = decideLease(held, ask(over)); return answer.status === 'held' ? answer.lease : answer.code; };

describe('the lease on a run', () => {
  it('is taken where it is free, renewed by who holds it, and refused to others while it lives', () => {
    expect(take(undefined)).toEqual(lease());
    expect(take(lease(), { fence: 1, now: 1_050 })).toEqual(lease({ heardAt: 1_050, until: 1_150 }));
    expect(take(lease(), { holder: 'two', now: 1_050 })).toBe('conflict');
    expect(take(lease(), { now: 1_050 })).toBe('conflict');
  });

  it('when its time is over another takes it under a higher fence, and who held it is fenced off for good', () => {
    const other = take(lease(), { holder: 'two', now: 1_101 }) as Lease;
    expect(other).toMatchObject({ holder: 'two', fence: 2 });
    expect(take(other, { fence: 1, now: 1_102 })).toBe('fenced');
    expect([mayClaim(other, 1), mayClaim(other, undefined), mayClaim(other, 2), mayClaim(undefined, undefined)]).toEqual([false, false, true, true]);
  });

  it('is held again by who comes late, where nobody took it meanwhile; let go, it is free at once', () => {
    expect(take(lease(), { fence: 1, now: 9_000 })).toMatchObject({ fence: 1, until: 9_100 });
    const free = take(lease(), { fence: 1, release: true, now: 1_050 }) as Lease;
    expect(take(free, { holder: 'two', now: 1_051 })).toMatchObject({ holder: 'two', fence: 2 });
    expect(mayClaim(free, undefined)).toBe(true);
  });

  it('however runtimes take turns, at most one fence may claim and it never goes down', () => {
    fc.assert(fc.property(fc.array(fc.record({ holder: fc.constantFrom('a', 'b', 'c'), renew: fc.boolean(), release: fc.boolean(), after: fc.nat(150) }), { maxLength: 40 }), (steps) => {
      let held: Lease | undefined, now = 0;
      const mine = new Map<string, number>();
      for (const { holder, renew, release, after } of steps) {
        now += after;
        const fence = renew ? mine.get(holder) : undefined, answer = decideLease(held, ask({ holder, fence, release, now }));
        if (answer.status === 'refused') continue;
        expect(answer.lease.fence).toBeGreaterThanOrEqual(held?.fence ?? 0);
        held = answer.lease;
        mine.set(holder, held.fence);
        expect([...mine].filter(([, own]) => mayClaim(held, own)).map(([who]) => who)).toEqual([holder]);
      }
    }), { seed: 3, numRuns: 300 });
  });
});

describe('silence', () => {
  const at = (run: string, until: number): Lease => lease({ run, until });

  it('one that is silent is found, after its grace', () => {
    const fleet = [at('r1', 1_000), at('r2', 2_000), at('r3', 2_000)];
    expect(silentOf(fleet, 1_000, 50).silent).toEqual([]);
    expect(silentOf(fleet, 1_050, 50)).toMatchObject({ silent: [{ run: 'r1' }], overdue: [], of: 3, hiccup: false });
    expect(silentOf(fleet, 1_051, 50)).toMatchObject({ overdue: [{ run: 'r1' }], of: 3, hiccup: false });
  });

  it('more than half of a fleet at once is a hiccup, not so many illnesses; two are no fleet', () => {
    // They renew at different moments: when the first is overdue, the others are silent already.
    const fleet = [at('r1', 1_000), at('r2', 1_030), at('r3', 2_000)];
    expect(silentOf(fleet, 1_051, 50)).toMatchObject({ overdue: [{ run: 'r1' }], of: 3, hiccup: true });
    expect(silentOf(fleet.slice(0, 2), 1_500, 50)).toMatchObject({ of: 2, hiccup: false });
    expect(silentOf([lease({ released: true, until: 0 })], 1_500, 50)).toEqual({ silent: [], overdue: [], of: 0, hiccup: false });
  });
});
