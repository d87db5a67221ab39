import { describe, expect, it } from '@jest/globals';
import { fold } from '@countersign/kernel';
import type { ApprovalAsked } from '@countersign/contracts';
import fc from 'fast-check';
import { decide } from './decide.ts';
import type { ApprovalEvent, Question, Speaker } from './events.ts';
import { evolve, initialState, skipped } from './state.ts';
import type { Approval } from './state.ts';
import { standingOf } from './viewer.ts';

const asking = (over: Partial<ApprovalAsked> = {}): ApprovalAsked => ({ route: ['treasurer'], quorum: 2, expiresAt: 1_000, digest: 'd', requesters: ['olga'], askedAt: 0, breakGlass: { roles: ['senior'], count: 2, lifeMs: 1_000 }, ...over });
const requested = (over: Partial<ApprovalAsked> = {}): ApprovalEvent => {
  const ask = asking(over);
  const question: Question = {
    approval: 'a1', tenant: 'acme', run: 'r', action: 'x', agent: 'payer', tool: 'payments.transfer', answers: 7, digest: 'd', tier: 3, round: 1, expiresAt: ask.expiresAt, ask, evidenceDigest: 'e',
    evidence: { arguments: {}, reason: null, facts: {}, failed: [], rules: [], policyVersion: 'v1', level: 'normal', cost: null, agentRecord: { outcomes: [], findings: [] } },
  };
  return { type: 'requested', question, at: 0 };
};
type Known = Exclude<Approval, { status: 'none' }>;
const given = (...events: ApprovalEvent[]): Known => fold({ evolve, initialState }, events) as Known;
const speaker = (person: string, ...roles: string[]): Speaker => ({ person, roles });
const voted = (person: string, vote: 'approve' | 'deny' | 'break_glass', ...roles: string[]): ApprovalEvent => ({ type: 'voted', vote: { person, vote, jws: 's' }, speaker: speaker(person, ...roles), reason: 'r', at: 10 });

describe('whoever looks at an approval', () => {
  it('is offered a vote exactly where theirs would be counted', () => {
    const people = fc.constantFrom('olga', 'tom', 'tina', 'sam'), roles = fc.subarray(['treasurer', 'senior', 'guest']);
    fc.assert(fc.property(people, roles, fc.array(fc.constantFrom(voted('tom', 'approve', 'treasurer'), voted('sam', 'break_glass', 'senior')), { maxLength: 1 }), fc.integer({ min: 0, max: 1_500 }), fc.boolean(), (person, held, before, now, escalated) => {
      const state = given(requested(escalated ? { escalations: [{ at: 500, roles: ['senior'], people: ['olga'] }] } : {}), ...before);
      const cast = decide({ type: 'vote', vote: { person, vote: 'deny', jws: 'j' }, speaker: speaker(person, ...held), digest: 'd', reason: 'no', now }, state);
      const standing = standingOf(state, [speaker(person, ...held)], now);
      expect(standing.may).toBe(cast.status === 'accepted');
      expect(standing.why === null).toBe(standing.may);
    }), { seed: 20_261_121, numRuns: 400 });
  });

  it.each<[string, Known, string, RegExp]>([
    ['it is over', given(requested(), voted('tom', 'deny', 'treasurer'), { type: 'resolved', resolution: 'denied', at: 10 }), 'tina', /^This is denied\.$/],
    ['they voted', given(requested(), voted('tina', 'approve', 'treasurer')), 'tina', /^You said approve\. A vote is final\.$/],
    ['they asked for it', given(requested()), 'olga', /^You are one of those who asked for it/],
    ['nobody asked them', given(requested({ route: ['release-manager'] })), 'tina', /^You are not asked: this needs one of release-manager\.$/],
  ])('is told why not: %s', (_, state, person, why) => expect(standingOf(state, [speaker(person, 'treasurer')], 20)).toMatchObject({ may: false, why: expect.stringMatching(why) }));

  it('may vote for somebody for whom they stand in, and break the glass where they are named for that', () => {
    const state = given(requested({ factors: [{ name: 'route', roles: [], people: ['paul'], count: 1, standIn: ['treasurer'] }] }));
    expect(standingOf(state, [speaker('tina', 'treasurer')], 1).may).toBe(false);
    expect(standingOf(state, [speaker('tina', 'treasurer'), { ...speaker('tina', 'treasurer'), standsFor: 'paul' }], 1).may).toBe(true);
    expect(standingOf(state, [speaker('sam', 'senior')], 1)).toMatchObject({ may: false, glass: true });
    expect(standingOf(state, [speaker('olga', 'senior')], 1)).toMatchObject({ may: false, glass: false });
  });

  it('hears in a freeze that only a denial counts', () => {
    const state = given(requested({ freezes: [{ from: 0, to: 500, reason: 'year end' }] }));
    expect(standingOf(state, [speaker('tina', 'treasurer')], 1)).toMatchObject({ may: true, why: expect.stringContaining('year end') });
  });

  it('sees who was asked and not heard where the glass was broken', () => {
    const state = given(requested(), voted('tom', 'approve', 'treasurer'), voted('sam', 'break_glass', 'senior'), { type: 'glass_broken', people: ['sam', 'sue'], at: 20 }, { type: 'resolved', resolution: 'approved', at: 20 });
    expect(skipped(state)).toEqual([{ name: 'route', roles: ['treasurer'], people: [], missing: 1 }]);
  });
});
