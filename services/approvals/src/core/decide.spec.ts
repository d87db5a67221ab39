import { describe, expect, it } from '@jest/globals';
import { fold } from '@countersign/kernel';
import type { ApprovalAsked } from '@countersign/contracts';
import fc from 'fast-check';
import type { ApprovalCommand } from './commands.ts';
import { decide } from './decide.ts';
import type { ApprovalEvent, Question, Speaker } from './events.ts';
import { evolve, initialState, nextDue, progressOf } from './state.ts';
import type { Approval } from './state.ts';

const asking = (over: Partial<ApprovalAsked> = {}): ApprovalAsked => ({ route: ['treasurer'], quorum: 2, expiresAt: 1000, digest: 'd', requesters: ['olga'], askedAt: 0, ...over });
const questionOf = (ask: ApprovalAsked): Question => ({
  approval: 'a1', tenant: 'acme', run: 'r', action: 'x', agent: 'payer', tool: 'payments.transfer', answers: 7, digest: 'd', tier: 3,
  round: 1, expiresAt: ask.expiresAt, ask, evidence: { arguments: {}, reason: null, facts: {}, failed: [], rules: [], policyVersion: 'v1', level: 'normal', cost: null, agentRecord: { outcomes: [], findings: [] } }, evidenceDigest: 'e',
});
const question = questionOf(asking());
const requestedWith = (over: Partial<ApprovalAsked>): ApprovalEvent => ({ type: 'requested', question: questionOf(asking(over)), at: 0 });
const requested: ApprovalEvent = { type: 'requested', question, at: 0 };
type Vote = Extract<ApprovalCommand, { type: 'vote' }>;
const speaker = (person: string, over: Partial<Speaker> = {}): Speaker => ({ person, roles: ['treasurer'], ...over });
const vote = (person: string, how: 'approve' | 'deny', over: Partial<Vote> = {}): Vote =>
  ({ type: 'vote', vote: { person, vote: how, jws: `${person}'s signature` }, speaker: speaker(person), digest: 'd', reason: 'checked the invoice', now: 10, ...over });
const voted = (person: string, how: 'approve' | 'deny', over: Partial<Speaker> = {}): ApprovalEvent => ({ type: 'voted', vote: { person, vote: how, jws: `${person}'s signature` }, speaker: speaker(person, over), reason: 'checked the invoice', at: 10 });
const ended = (resolution: 'approved' | 'denied' | 'expired', at = 10): ApprovalEvent => ({ type: 'resolved', resolution, at });

const given = (...events: ApprovalEvent[]) => ({ when: (command: ApprovalCommand) => decide(command, fold({ evolve, initialState }, events)) });
const code = (outcome: ReturnType<typeof decide>) => (outcome.status === 'refused' ? outcome.code : outcome.status);

describe('an approval', () => {
  it('opens once, however often its decision is read', () => {
    expect(given().when({ type: 'request', question, now: 0 })).toEqual({ status: 'accepted', events: [requested] });
    expect(code(given(requested).when({ type: 'request', question, now: 5 }))).toBe('nothing-new');
    expect(code(given(requested).when({ type: 'request', question: { ...question, digest: 'other' }, now: 5 }))).toBe('conflict');
  });

  it('says so where too few people are left to fill its places', () => {
    const short = questionOf(asking({ short: ['route'] }));
    expect(given().when({ type: 'request', question: short, now: 0 })).toEqual({ status: 'accepted', events: [{ type: 'requested', question: short, at: 0 }, { type: 'unfilled', factors: ['route'], at: 0 }] });
  });

  it('is approved by its quorum of distinct people', () => {
    expect(given(requested).when(vote('tom', 'approve'))).toEqual({ status: 'accepted', events: [voted('tom', 'approve')] });
    expect(given(requested, voted('tom', 'approve')).when(vote('tina', 'approve'))).toEqual({ status: 'accepted', events: [voted('tina', 'approve'), ended('approved')] });
    expect(code(given(requested, voted('tom', 'approve')).when(vote('tom', 'approve')))).toBe('nothing-new');
  });

  it('needs somebody for each factor, and shows how many are there', () => {
    const both = requestedWith({ factors: [{ name: 'security', roles: ['security'], people: [], count: 1 }, { name: 'owner', roles: [], people: ['paul'], count: 1 }] });
    const state = fold({ evolve, initialState }, [both, voted('sam', 'approve', { roles: ['security'] })]) as Exclude<Approval, { status: 'none' }>;
    expect(progressOf(state, 10)).toMatchObject({ have: 1, need: 2, factors: [{ name: 'security', have: 1 }, { name: 'owner', have: 0 }] });
    expect(given(both, voted('sam', 'approve', { roles: ['security'] })).when(vote('sue', 'approve', { speaker: speaker('sue', { roles: ['security'] }) }))).toMatchObject({ status: 'accepted', events: [{ type: 'voted' }] });
    expect(given(both, voted('sam', 'approve', { roles: ['security'] })).when(vote('paul', 'approve', { speaker: speaker('paul', { roles: [] }) }))).toMatchObject({ events: [{ type: 'voted' }, { type: 'resolved', resolution: 'approved' }] });
  });

  it('is decided by nobody who put it there to see who looks', () => {
    const seeded: ApprovalEvent = { type: 'requested', question: { ...question, seededBy: 'tom' }, at: 0 };
    expect([code(given(seeded).when(vote('tom', 'deny'))), code(given(seeded).when(vote('tina', 'deny')))]).toEqual(['self_approval', 'accepted']);
  });

  it('is ended by one deny', () => {
    expect(given(requested, voted('tom', 'approve')).when(vote('tina', 'deny'))).toEqual({ status: 'accepted', events: [voted('tina', 'deny'), ended('denied')] });
  });

  it.each([
    ['whoever asked for it', vote('olga', 'approve'), 'self_approval'],
    ['somebody standing in for whoever asked for it', vote('tom', 'approve', { speaker: speaker('tom', { standsFor: 'olga' }) }), 'self_approval'],
    ['someone without the role', vote('tom', 'approve', { speaker: speaker('tom', { roles: ['intern'] }) }), 'not_eligible'],
    ['someone who was given the role after it was asked', vote('tom', 'approve', { speaker: speaker('tom', { rolesSince: { treasurer: 5 } }) }), 'not_eligible'],
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
      const linked: ApprovalEvent = { type: 'voted', vote: { person: 'tom', vote: 'approve', jws: 'x', link: 'y' }, speaker: speaker('tom', { channel: authority(null) }), reason: '', at: 10 };
      expect(code(given(requested, linked).when(vote('tina', 'approve', { authority: authority(null) })))).toBe('channel_factor_taken');
      expect(code(given(requested, linked).when(vote('tina', 'approve')))).toBe('accepted');
    });
    it('denies whatever the amount', () => expect(code(given(paying(999, 4)).when(vote('tom', 'deny', { authority: authority(null) })))).toBe('accepted'));
  });

  it('refuses a changed mind and a vote after the end', () => {
    expect(code(given(requested, voted('tom', 'approve')).when(vote('tom', 'deny')))).toBe('already_voted');
    expect(code(given(requested, voted('tom', 'deny'), ended('denied')).when(vote('tina', 'approve')))).toBe('approval_closed');
    expect(code(given().when(vote('tom', 'approve')))).toBe('not_found');
  });

  it('lets a small team decide on its own doings with a reason, and says so on the record', () => {
    const small = requestedWith({ quorum: 1, requesters: [], relaxed: { people: ['olga'], reason: 'two people run this' } });
    expect(code(given(small).when(vote('olga', 'approve', { reason: ' ' })))).toBe('reason_required');
    expect(given(small).when(vote('olga', 'approve'))).toMatchObject({ events: [{ type: 'voted', relaxed: true }, { type: 'resolved', resolution: 'approved' }] });
    expect(given(small).when(vote('tom', 'approve'))).toMatchObject({ events: [expect.not.objectContaining({ relaxed: true }), { type: 'resolved' }] });
  });

  it('takes no approval while a freeze stands, and a deny always', () => {
    const frozen = requestedWith({ quorum: 1, freezes: [{ from: 5, to: 50, reason: 'year end' }] });
    expect(code(given(frozen).when(vote('tom', 'approve')))).toBe('frozen');
    expect(given(frozen).when(vote('tom', 'approve', { now: 50 }))).toMatchObject({ events: [{ type: 'voted' }, { type: 'resolved', resolution: 'approved' }] });
    expect(given(frozen).when(vote('tom', 'deny'))).toMatchObject({ events: [{ type: 'voted' }, { type: 'resolved', resolution: 'denied' }] });
  });

  it('keeps a question of somebody who was asked, and stops no clock for it', () => {
    const ask = (person: string, over: Partial<Speaker> = {}): ApprovalCommand => ({ type: 'ask', speaker: speaker(person, over), digest: 'd', text: 'whose account is this?', jws: 'j', now: 10 });
    const asked = given(requested).when(ask('tom'));
    expect(asked).toEqual({ status: 'accepted', events: [{ type: 'asked', person: 'tom', text: 'whose account is this?', jws: 'j', at: 10 }] });
    const after = fold({ evolve, initialState }, [requested, { type: 'asked', person: 'tom', text: 'whose account is this?', jws: 'j', at: 10 }]);
    expect(nextDue(after)).toBe(1000);
    expect(code(decide(ask('tom'), after))).toBe('nothing-new');
    expect(code(given(requested).when(ask('olga')))).toBe('self_approval');
    expect(code(given(requested).when(ask('nora', { roles: [] })))).toBe('not_eligible');
  });

  describe('edited', () => {
    const edit = (person: string, args: object = { to: 'DE2' }, reason = 'wrong account'): ApprovalCommand => ({ type: 'edit', speaker: speaker(person), digest: 'd', edit: { person, arguments: args as never, reason, jws: 'j' }, now: 10 });
    it('ends this question: what they made of it is judged anew', () => {
      expect(given(requested, voted('tom', 'approve')).when(edit('tina'))).toMatchObject({ events: [{ type: 'edited', edit: { person: 'tina', arguments: { to: 'DE2' } } }, { type: 'resolved', resolution: 'edited' }] });
    });
    it('is no edit where only the order of members differs', () => {
      const nested = questionOf(asking());
      const of: ApprovalEvent = { type: 'requested', question: { ...nested, evidence: { ...nested.evidence, arguments: { to: 'DE1', of: { a: 1, b: [1, 2] } } } }, at: 0 };
      const edited = (args: object): string => code(given(of).when(edit('tina', args as never)));
      expect([edited({ of: { b: [1, 2], a: 1 }, to: 'DE1' }), edited({ of: { b: [2, 1], a: 1 }, to: 'DE1' }), edited({ to: 'DE1', of: { a: 1, b: { 0: 1, 1: 2 } } })]).toEqual(['nothing_changed', 'accepted', 'accepted']);
    });

    it.each([['by whoever asked for it', edit('olga'), 'self_approval'], ['without a reason', edit('tina', { to: 'DE2' }, ' '), 'reason_required'], ['to what it is', edit('tina', {}), 'nothing_changed']])('is refused %s', (_, command, expected) => {
      expect(code(given(requested).when(command))).toBe(expected);
    });
  });

  it('takes an approval under conditions that hold for what it costs', () => {
    const cost = { minor: 500, currency: 'EUR' };
    const priced: ApprovalEvent = { type: 'requested', question: { ...question, evidence: { ...question.evidence, cost } }, at: 0 };
    expect(code(given(priced).when(vote('tom', 'approve', { conditions: { cap: cost, until: 99 } })))).toBe('accepted');
    expect(code(given(priced).when(vote('tom', 'approve', { conditions: { cap: { ...cost, minor: 499 } } })))).toBe('condition_unmet');
    expect(given(priced).when(vote('tom', 'approve', { conditions: { cap: { ...cost, minor: 499 } } }))).toMatchObject({ detail: 'this moves 5.00 EUR, and the cap that you set is 4.99 EUR' });
    expect(code(given(priced).when(vote('tom', 'approve', { conditions: { cap: { ...cost, currency: 'USD' } } })))).toBe('condition_unmet');
    expect(code(given(priced).when(vote('tom', 'approve', { conditions: { until: 0 } })))).toBe('condition_unmet');
  });

  it('is denied at once where too much waits already', () => {
    expect(given().when({ type: 'request', question, overflow: true, now: 0 })).toEqual({ status: 'accepted', events: [requested, { type: 'resolved', resolution: 'overflow', at: 0 }] });
  });

  describe('by breaking the glass', () => {
    const glass = requestedWith({ breakGlass: { roles: ['senior'], count: 2, lifeMs: 300_000 } });
    const broken = (person: string, over: Partial<Vote> = {}): Vote => ({ ...vote(person, 'approve'), vote: { person, vote: 'break_glass', jws: 'j' }, speaker: speaker(person, { roles: ['senior'] }), ...over });
    const voice = (person: string): ApprovalEvent => ({ type: 'voted', vote: { person, vote: 'break_glass', jws: 'j' }, speaker: speaker(person, { roles: ['senior'] }), reason: 'fire', at: 10 });
    const done: ApprovalEvent[] = [glass, voice('sam'), voice('sue'), { type: 'glass_broken', people: ['sam', 'sue'], at: 10 }, ended('approved')];
    const review = (person: string, roles = ['reviewer']): ApprovalCommand => ({ type: 'review_glass', person, roles, verdict: 'right', reason: 'there was a fire', jws: 'j', now: 20 });

    it('takes two people, and says so on the record before anything is granted', () => {
      expect(given(glass).when(broken('sam'))).toMatchObject({ events: [{ type: 'voted' }] });
      expect(given(glass, voice('sam')).when(broken('sam'))).toMatchObject({ status: 'nothing-new' });
      expect(given(glass, voice('sam')).when(broken('sue'))).toMatchObject({ events: [{ type: 'voted' }, { type: 'glass_broken', people: ['sam', 'sue'] }, { type: 'resolved', resolution: 'approved' }] });
    });
    it.each<[string, ApprovalEvent, Vote, string]>([
      ['where the rules name nobody', requested, broken('sam'), 'no_glass'], ['by whoever asked for it', glass, broken('olga'), 'self_approval'], ['without the role', glass, broken('sam', { speaker: speaker('sam') }), 'not_eligible'],
      ['out of a channel', glass, broken('sam', { authority: { channel: 's', account: 'u', cap: null } }), 'not_eligible'], ['without a reason', glass, broken('sam', { reason: '' }), 'reason_required'],
    ])('is refused %s', (_, asked, command, expected) => expect(code(given(asked).when(command))).toBe(expected));
    it('is refused while another is not reviewed, naming the command that reviews it, and only where it would count', () => {
      expect(given(glass).when(broken('sam', { glassBrokenFor: 'apr_9' }))).toMatchObject({ code: 'glass_unreviewed', detail: expect.stringContaining('countersign review-glass apr_9') });
      expect(code(given(requested).when(broken('sam', { glassBrokenFor: 'apr_9' })))).toBe('no_glass');
    });
    it('is ended by one deny all the same', () => expect(given(glass, voice('sam')).when(vote('tom', 'deny'))).toMatchObject({ events: [{ type: 'voted' }, { type: 'resolved', resolution: 'denied' }] }));
    it('is reviewed once, by somebody who had no part in it', () => {
      expect(given(...done).when(review('rita'))).toMatchObject({ events: [{ type: 'glass_reviewed', person: 'rita', verdict: 'right' }] });
      expect(code(given(...done).when(review('sam')))).toBe('self_approval');
      expect(code(given(...done).when(review('olga')))).toBe('self_approval');
      expect(code(given(...done).when(review('rita', ['intern'])))).toBe('not_eligible');
      expect(code(given(requested).when(review('rita')))).toBe('no_glass');
      expect(code(given(...done, { type: 'glass_reviewed', person: 'rita', verdict: 'right', reason: 'r', jws: 'j', at: 20 }).when(review('rolf')))).toBe('already_voted');
    });
  });

  it('is asked on where policy did not find the votes to hold, as long as there is time', () => {
    const approved = [requested, voted('tom', 'approve'), voted('tina', 'approve'), ended('approved')];
    const reopen = (now: number): ApprovalCommand => ({ type: 'reopen', why: 'tom lost the role', now });
    expect(given(...approved).when(reopen(20))).toEqual({ status: 'accepted', events: [{ type: 'reopened', why: 'tom lost the role', at: 20 }] });
    expect(code(given(...approved).when(reopen(1000)))).toBe('nothing-new');
    expect(code(given(requested).when(reopen(20)))).toBe('nothing-new');
    expect(code(given(requested, voted('tom', 'deny'), ended('denied')).when(reopen(20)))).toBe('nothing-new');
    expect(given(...approved, { type: 'reopened', why: 'w', at: 20 }).when(vote('tom', 'approve', { now: 30 }))).toMatchObject({ events: [{ type: 'voted' }] });
    expect(given(...approved, { type: 'reopened', why: 'w', at: 20 }).when({ type: 'tick', now: 1000 })).toMatchObject({ events: [{ type: 'resolved', resolution: 'expired' }] });
  });

  describe('its clock', () => {
    const clocked = requestedWith({ reminders: [400, 800], escalations: [{ at: 500, roles: ['senior'], people: [] }] });
    const tick = (now: number): ApprovalCommand => ({ type: 'tick', now });
    const senior = (now: number): ApprovalCommand => vote('sam', 'approve', { speaker: speaker('sam', { roles: ['senior'] }), now });

    it('expires at its deadline, not before', () => {
      expect(code(given(requested).when(tick(999)))).toBe('nothing-new');
      expect(given(requested).when(tick(1000))).toEqual({ status: 'accepted', events: [ended('expired', 1000)] });
    });

    it('reminds and escalates when it is time, each once', () => {
      expect(given(clocked).when(tick(401))).toEqual({ status: 'accepted', events: [{ type: 'reminded', reminder: 0, due: 400, at: 401 }] });
      expect(code(given(clocked, { type: 'reminded', reminder: 0, due: 400, at: 401 }).when(tick(402)))).toBe('nothing-new');
    });

    it('tells late what it missed, in its order', () => {
      expect(given(clocked).when(tick(900))).toMatchObject({ events: [{ type: 'reminded', due: 400 }, { type: 'escalated', due: 500, roles: ['senior'] }, { type: 'reminded', due: 800 }] });
    });

    it('lets those to whom it was escalated vote from then on', () => {
      expect(code(given(clocked).when(senior(499)))).toBe('not_eligible');
      expect(given(clocked).when(senior(500))).toMatchObject({ events: [{ type: 'voted' }] });
    });

    it('loses and doubles nothing, however often it is looked at and wherever it is restarted', () => {
      fc.assert(fc.property(fc.array(fc.nat(1200), { maxLength: 30 }), (times) => {
        const events: ApprovalEvent[] = [clocked];
        for (const now of [...times.sort((a, b) => a - b), 1200]) {
          // Folded again each time: as after a restart.
          const outcome = decide(tick(now), fold({ evolve, initialState }, events));
          if (outcome.status === 'accepted') events.push(...outcome.events);
          const left = nextDue(fold({ evolve, initialState }, events));
          expect(left === null || left > now).toBe(true);
        }
        expect(events.map((event) => ('due' in event ? event.due : event.type))).toEqual(['requested', 400, 500, 800, 'resolved']);
      }), { seed: 4, numRuns: 200 });
    });
  });

  it('resolves exactly once and never approves below quorum, whatever comes in whatever order', () => {
    const people = fc.constantFrom('tom', 'tina', 'theo', 'olga');
    const command = fc.oneof(
      fc.record({ person: people, how: fc.constantFrom('approve' as const, 'deny' as const), now: fc.nat(1500) }).map(({ person, how, now }): ApprovalCommand => vote(person, how, { now })),
      fc.nat(1500).map((now): ApprovalCommand => ({ type: 'tick', now })),
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
      if (resolutions[0]?.resolution === 'approved') expect(approvers.size).toBe(question.ask.quorum);
      expect(approvers.has('olga')).toBe(false);
    }), { seed: 3, numRuns: 500 });
  });
});
