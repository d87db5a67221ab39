import { describe, expect, it } from '@jest/globals';
import { fold } from '@countersign/kernel';
import type { PreApprovalTerms } from '@countersign/kernel';
import type { Question } from './events.ts';
import { decide } from './decide.ts';
import { agreedTo, preApprovalDecider, standingOf } from './pre-approval.ts';
import type { PreApproval, PreApprovalCommand, PreApprovalEvent, Signer } from './pre-approval.ts';
import { initialState } from './state.ts';

const at = 1_800_000_000_000;
const terms: PreApprovalTerms = { tenant: 'acme', agent: 'clerk', tool: 'care.credit', targets: ['NL01'], amount: { minor: 500, currency: 'EUR' }, sum: { minor: 800, currency: 'EUR' }, uses: 2, from: at / 1_000, until: at / 1_000 + 3_600 };
const signer = (person: string): Signer => ({ person, jws: `${person}'s signature`, reason: 'the monthly credits', at, agreedAt: at });
const signed = (person: string): PreApprovalEvent => ({ type: 'pre_approved', id: 'pre_1', terms, ...signer(person) });
const agree = (person: string, over: Partial<PreApprovalTerms> = {}): PreApprovalCommand => ({ type: 'agree', id: 'pre_1', terms: { ...terms, ...over }, signer: signer(person), now: at });
const use = (action: string, minor = 400, now = at): PreApprovalCommand => ({ type: 'use', use: { approval: `apr_${action}`, run: 'r1', action, money: { minor, currency: 'EUR' } }, now });
const used = (action: string, minor = 400): PreApprovalEvent => ({ type: 'pre_approval_used', approval: `apr_${action}`, run: 'r1', action, money: { minor, currency: 'EUR' }, at });
const revoked: PreApprovalEvent = { type: 'pre_approval_revoked', person: 'tess', at };
const after = (...events: PreApprovalEvent[]) => fold(preApprovalDecider, events);
const given = (...events: PreApprovalEvent[]) => ({ when: (command: PreApprovalCommand) => preApprovalDecider.decide(command, after(...events)) });
const code = (outcome: ReturnType<typeof preApprovalDecider.decide>) => (outcome.status === 'refused' ? outcome.code : outcome.status);

describe('a pre-approval', () => {
  it('is signed by several people under the same terms, each once', () => {
    expect(given().when(agree('tess'))).toEqual({ status: 'accepted', events: [signed('tess')] });
    expect(given(signed('tess')).when(agree('theo'))).toEqual({ status: 'accepted', events: [signed('theo')] });
    expect(code(given(signed('tess')).when(agree('tess')))).toBe('nothing-new');
  });

  it('begins when it is signed and not after its own end', () => {
    expect(code(given().when(agree('tess', { from: at / 1_000 + 3_600, until: at / 1_000 + 7_200 })))).toBe('vote_invalid');
    expect(code(given().when(agree('tess', { from: at / 1_000 - 7_200, until: at / 1_000 })))).toBe('vote_invalid');
  });

  it('counts each action once, however often it is put to people', () => {
    expect(given(signed('tess')).when(use('a1'))).toEqual({ status: 'accepted', events: [used('a1')] });
    expect(code(given(signed('tess'), used('a1')).when(use('a1')))).toBe('pre_approval_over');
  });

  it.each<[string, PreApprovalEvent[], PreApprovalCommand]>([
    ['it was used as often as it is good for', [used('a1', 100), used('a2', 100)], use('a3', 100)],
    ['all together would move too much', [used('a1', 500)], use('a2', 301)],
    ['it was taken back', [revoked], use('a1')],
    ['its time is over', [], use('a1', 400, at + 3_600_000)],
  ])('lets nothing more through once %s', (_, then, command) => expect(code(given(signed('tess'), ...then).when(command))).toBe('pre_approval_over'));

  it('is taken back by one of its signers, or by an operator, for good', () => {
    expect(given(signed('tess')).when({ type: 'revoke', person: 'tess', operator: false, now: at })).toEqual({ status: 'accepted', events: [revoked] });
    expect(given(signed('tess')).when({ type: 'revoke', person: 'olga', operator: true, now: at })).toMatchObject({ status: 'accepted' });
    expect(code(given(signed('tess')).when({ type: 'revoke', person: 'theo', operator: false, now: at }))).toBe('not_eligible');
    expect(code(given(signed('tess'), revoked).when({ type: 'revoke', person: 'tess', operator: false, now: at }))).toBe('nothing-new');
    expect(code(given(signed('tess'), revoked).when(agree('theo')))).toBe('pre_approval_over');
    expect(code(given().when({ type: 'revoke', person: 'tess', operator: true, now: at }))).toBe('not_found');
  });

  it('says how it stands', () => {
    const standing = (...events: PreApprovalEvent[]) => standingOf(after(signed('tess'), ...events) as Extract<PreApproval, { status: 'signed' }>, at);
    expect([standing(), standing(used('a1')), standing(used('a1'), used('a2')), standing(revoked)]).toEqual(['live', 'live', 'used_up', 'revoked']);
  });
});

describe('a question that people agreed to beforehand', () => {
  const derived = (value: unknown) => ({ value, origin: 'derived' });
  const question = {
    approval: 'apr_a1', tenant: 'acme', run: 'r1', action: 'a1', agent: 'clerk', tool: 'care.credit', round: 1, answers: 7, digest: 'd', tier: 3, expiresAt: at + 60_000, evidenceDigest: 'e',
    ask: { route: ['treasurer'], quorum: 2, requesters: ['owner'], askedAt: at, expiresAt: at + 60_000, digest: 'd' },
    evidence: { cost: { minor: 400, currency: 'EUR' }, failed: [], facts: { target: derived(['NL01']), 'target.trust': derived('instruction'), 'tool.reversible': derived(true), level: derived('normal'), amount: derived(400) } },
  } as unknown as Question;
  const agreed = (...people: [string, ...string[]][]) => people.map(([person, ...roles]) => ({ vote: { person, vote: 'approve' as const, jws: 's', preApproval: 'pre_1' }, speaker: { person, roles, agreedAt: at }, reason: 'the monthly credits' }));
  const asked = (votes: ReturnType<typeof agreed>, over: Partial<Question> = {}) => decide({ type: 'request', question: { ...question, ...over }, agreed: votes, now: at }, initialState);
  const types = (outcome: ReturnType<typeof decide>) => (outcome.status === 'accepted' ? outcome.events.map(({ type }) => type) : outcome);

  it('is covered while there is a use left for it', () => {
    const of = (...events: PreApprovalEvent[]) => agreedTo(after(signed('tess'), ...events) as Extract<PreApproval, { status: 'signed' }>, question, at);
    expect([of(), of(used('a0')), of(used('a1')), of(used('a0', 500)), of(revoked)]).toEqual([true, true, false, false, false]);
  });
  it('is answered by those who signed, where they are enough', () => {
    expect(types(asked(agreed(['tess', 'treasurer'], ['theo', 'treasurer'])))).toEqual(['requested', 'voted', 'voted', 'resolved']);
  });
  it.each<[string, ReturnType<typeof agreed>, Partial<Question>?]>([
    ['one of two', agreed(['tess', 'treasurer'])],
    ['one of them without the role', agreed(['tess', 'treasurer'], ['nobody', 'guest'])],
    ['one of them who asked for it', agreed(['tess', 'treasurer'], ['owner', 'treasurer'])],
    ['one of them who was given the role after signing', [...agreed(['tess', 'treasurer']), ...agreed(['theo', 'treasurer']).map((one) => ({ ...one, speaker: { ...one.speaker, agreedAt: at - 10, rolesSince: { treasurer: at - 5 } } }))]],
    ['in a freeze', agreed(['tess', 'treasurer'], ['theo', 'treasurer']), { ask: { ...question.ask, freezes: [{ from: at - 1, to: at + 1, reason: 'year end' }] } }],
  ])('is put to people where those who signed do not suffice: %s', (_, votes, over = {}) => expect(types(asked(votes, over))).toEqual(['requested']));
});
