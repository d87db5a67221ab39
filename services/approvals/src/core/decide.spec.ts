import { describe, expect, it } from '@jest/globals';
import { fold } from '@countersign/kernel';
import fc from 'fast-check';
import type { ApprovalCommand } from './commands.ts';
import { decide } from './decide.ts';
import type { ApprovalEvent, Question } from './events.ts';
import { evolve, initialState } from './state.ts';

const question: Question = {
  approval: 'a1', tenant: 'acme', run: 'r', action: 'x', agent: 'payer', tool: 'payments.transfer', answers: 7, digest: 'd', tier: 3,
  route: ['treasurer'], quorum: 2, expiresAt: 1000, requesters: ['olga'], evidence: { arguments: {}, reason: null, facts: {}, rules: [], policyVersion: 'v1' },
};
const requested: ApprovalEvent = { type: 'requested', question, at: 0 };
const vote = (person: string, how: 'approve' | 'deny', over: Partial<Extract<ApprovalCommand, { type: 'vote' }>> = {}): ApprovalCommand =>
  ({ type: 'vote', vote: { person, vote: how, jws: `${person}'s signature` }, digest: 'd', reason: 'checked the invoice', roles: ['treasurer'], now: 10, ...over });
const voted = (person: string, how: 'approve' | 'deny'): ApprovalEvent => ({ type: 'voted', vote: { person, vote: how, jws: `${person}'s signature` }, reason: 'checked the invoice', at: 10 });

const given = (...events: ApprovalEvent[]) => ({ when: (command: ApprovalCommand) => decide(command, fold({ evolve, initialState }, events)) });
const code = (outcome: ReturnType<typeof decide>) => (outcome.status === 'refused' ? outcome.code : outcome.status);

describe('an approval', () => {
  it('opens once, however often its decision is read', () => {
    expect(given().when({ type: 'request', question, now: 0 })).toEqual({ status: 'accepted', events: [requested] });
    expect(code(given(requested).when({ type: 'request', question, now: 5 }))).toBe('nothing-new');
  });

  it('is approved by its quorum of distinct people', () => {
    expect(given(requested).when(vote('tom', 'approve'))).toEqual({ status: 'accepted', events: [voted('tom', 'approve')] });
    expect(given(requested, voted('tom', 'approve')).when(vote('tina', 'approve'))).toEqual({ status: 'accepted', events: [voted('tina', 'approve'), { type: 'resolved', resolution: 'approved', at: 10 }] });
    expect(code(given(requested, voted('tom', 'approve')).when(vote('tom', 'approve')))).toBe('nothing-new');
  });

  it('is ended by one deny', () => {
    expect(given(requested, voted('tom', 'approve')).when(vote('tina', 'deny'))).toEqual({ status: 'accepted', events: [voted('tina', 'deny'), { type: 'resolved', resolution: 'denied', at: 10 }] });
  });

  it.each([
    ['whoever asked for it', vote('olga', 'approve'), 'self_approval'],
    ['someone without the role', vote('tom', 'approve', { roles: ['intern'] }), 'not_eligible'],
    ['a signature over other content', vote('tom', 'approve', { digest: 'other' }), 'vote_invalid'],
    ['a vote at the deadline', vote('tom', 'approve', { now: 1000 }), 'approval_expired'],
  ])('refuses %s', (_, command, expected) => {
    expect(code(given(requested).when(command))).toBe(expected);
  });

  describe('out of a channel', () => {
    const authority = (minor: number | null) => ({ channel: 'slack-main', account: 'U1', cap: minor === null ? null : { minor, currency: 'EUR' } });
    const paying = (minor: number, tier: 3 | 4 = 3): ApprovalEvent => ({ type: 'requested', at: 0, question: { ...question, tier, evidence: { ...question.evidence, facts: { amount: { value: minor, origin: 'derived' }, currency: { value: 'EUR', origin: 'derived' } } } } });

    it.each([
      ['within the cap', paying(500), 500, 'accepted'], ['above the cap', paying(501), 500, 'over_channel_cap'], ['money without a cap', paying(1), null, 'over_channel_cap'],
      ['what moves no money', requested, null, 'accepted'], ['the senior tier', paying(1, 4), 500, 'over_channel_cap'],
    ] as const)('approves %s or not', (_, asked, cap, expected) => expect(code(given(asked).when(vote('tom', 'approve', { authority: authority(cap) })))).toBe(expected));
    it('is one factor at most; own keys are the others', () => {
      const linked: ApprovalEvent = { type: 'voted', vote: { person: 'tom', vote: 'approve', jws: 'x', link: 'y' }, reason: '', at: 10 };
      expect(code(given(requested, linked).when(vote('tina', 'approve', { authority: authority(null) })))).toBe('channel_factor_taken');
      expect(code(given(requested, linked).when(vote('tina', 'approve')))).toBe('accepted');
    });
    it('denies whatever the amount', () => expect(code(given(paying(999, 4)).when(vote('tom', 'deny', { authority: authority(null) })))).toBe('accepted'));
  });

  it('refuses a changed mind and a vote after the end', () => {
    expect(code(given(requested, voted('tom', 'approve')).when(vote('tom', 'deny')))).toBe('already_voted');
    expect(code(given(requested, voted('tom', 'deny'), { type: 'resolved', resolution: 'denied', at: 10 }).when(vote('tina', 'approve')))).toBe('approval_closed');
    expect(code(given().when(vote('tom', 'approve')))).toBe('not_found');
  });

  it('expires at its deadline, not before', () => {
    expect(code(given(requested).when({ type: 'expire', now: 999 }))).toBe('nothing-new');
    expect(given(requested).when({ type: 'expire', now: 1000 })).toEqual({ status: 'accepted', events: [{ type: 'resolved', resolution: 'expired', at: 1000 }] });
  });

  it('resolves exactly once and never approves below quorum, whatever comes in whatever order', () => {
    const people = fc.constantFrom('tom', 'tina', 'theo', 'olga');
    const command = fc.oneof(
      fc.record({ person: people, how: fc.constantFrom('approve' as const, 'deny' as const), now: fc.nat(1500) }).map(({ person, how, now }) => vote(person, how, { now })),
      fc.nat(1500).map((now): ApprovalCommand => ({ type: 'expire', now })),
      fc.nat(1500).map((now): ApprovalCommand => ({ type: 'cancel', now })),
    );
    fc.assert(fc.property(fc.array(command, { maxLength: 20 }), (commands) => {
      const events: ApprovalEvent[] = [requested];
      for (const one of commands) {
        const outcome = decide(one, fold({ evolve, initialState }, events));
        if (outcome.status !== 'nothing-new') events.push(...outcome.events);
      }
      const resolutions = events.filter((event) => event.type === 'resolved');
      expect(resolutions.length).toBeLessThanOrEqual(1);
      const approvers = new Set(events.flatMap((event) => (event.type === 'voted' && event.vote.vote === 'approve' ? [event.vote.person] : [])));
      if (resolutions[0]?.resolution === 'approved') expect(approvers.size).toBe(question.quorum);
      expect(approvers.has('olga')).toBe(false);
    }), { seed: 3, numRuns: 500 });
  });
});
