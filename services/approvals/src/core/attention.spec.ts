import { describe, expect, it } from '@jest/globals';
import { habitOf, lacks, limits, wornOut } from './attention.ts';
import type { Ballot } from './attention.ts';

const ballot = (over: Partial<Ballot> = {}): Ballot => ({ vote: 'approve', at: 0, tookMs: 60_000, opened: true, seeded: false, ...over });
const many = (n: number, over: Partial<Ballot> = {}): Ballot[] => Array.from({ length: n }, () => ballot(over));

describe('how somebody decides', () => {
  it('is told by time, by what was opened, by approvals in a row and by seeded requests', () => {
    expect(habitOf([])).toEqual({ votes: 0, approved: 0, streak: 0, medianMs: null, openedShare: null, seeded: 0, caught: 0, catchRate: null });
    expect(habitOf([...many(2), ballot({ vote: 'deny', seeded: true }), ballot({ tookMs: 1_000, opened: false }), ballot({ seeded: true })])).toEqual({ votes: 5, approved: 4, streak: 2, medianMs: 60_000, openedShare: 0.8, seeded: 2, caught: 1, catchRate: 0.5 });
  });

  it('wears out after many fast approvals, and not after slow ones or a deny', () => {
    expect(wornOut(habitOf(many(limits.streak, { tookMs: 900 })))).toMatch(/20 approvals in a row/);
    expect(wornOut(habitOf(many(limits.streak - 1, { tookMs: 900 })))).toBeNull();
    expect(wornOut(habitOf(many(limits.streak, { tookMs: limits.readMs })))).toBeNull();
    expect(wornOut(habitOf([...many(limits.streak, { tookMs: 900 }), ballot({ vote: 'deny' })]))).toBeNull();
  });

  it('wears out where bad requests get through', () => {
    expect(wornOut(habitOf([...many(2, { seeded: true }), ballot({ seeded: true, vote: 'deny' })]))).toMatch(/2 of 3 seeded bad requests approved/);
    expect(wornOut(habitOf([...many(1, { seeded: true }), ...many(2, { seeded: true, vote: 'deny' })]))).toBeNull();
  });

  it('takes a look, the evidence and a reason from who is worn out', () => {
    const fine = { openedAt: 0, evidence: 'e', reason: 'the supplier confirmed it by telephone', now: limits.lookMs };
    expect(lacks(fine)).toBeNull();
    expect(lacks({ ...fine, openedAt: null })).toBe('open it first');
    expect(lacks({ ...fine, now: 1 })).toBe('look at it for 10 s more');
    expect(lacks({ ...fine, evidence: undefined })).toMatch(/evidence/);
    expect(lacks({ ...fine, reason: 'ok' })).toMatch(/say why/);
  });
});
