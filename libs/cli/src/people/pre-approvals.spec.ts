import { describe, expect, it } from '@jest/globals';
import type { ApprovalView } from '@countersign/contracts';
import { CannotRun } from '../errors.ts';
import type { Session } from './command.ts';
import { asOfVote, moreLikeIt } from './pre-approvals-command.ts';

const derived = (value: unknown) => ({ value, origin: 'derived' });
const shown = (facts: object = {}): ApprovalView => ({
  approval: 'apr_1', tenant: 'acme', run: '019a6f00-0000-7000-8000-000000000001', agent: 'care', tool: 'care.credit', tier: 3,
  evidence: { cost: { minor: 400, currency: 'EUR' }, failed: [], facts: { target: derived(['NL01']), 'target.trust': derived('instruction'), 'tool.reversible': derived(true), level: derived('normal'), amount: derived(400), ...facts } },
}) as unknown as ApprovalView;
const session = (values: Session['values']) => ({ values }) as Session;

describe('approve --uses', () => {
  it('agrees to so many more like it, for an hour, and for no more than this one moves', () => {
    const terms = moreLikeIt(session({ uses: '3' }), shown())!;
    expect(terms).toMatchObject({ tenant: 'acme', agent: 'care', tool: 'care.credit', targets: ['NL01'], amount: { minor: 400, currency: 'EUR' }, sum: { minor: 800, currency: 'EUR' }, uses: 2 });
    expect([terms.until - terms.from, terms.run]).toEqual([3_600, undefined]);
    expect(moreLikeIt(session({ uses: '2', 'this-run': true, cap: '5.00EUR', until: '10m' }), shown())).toMatchObject({ run: shown().run, amount: { minor: 500 }, sum: { minor: 500 }, uses: 1 });
    expect(moreLikeIt(session({}), shown())).toBeUndefined();
  });
  it('signs the same terms again where the command was sent twice at once: they begin with the vote on the record', () => {
    const voted = { ...shown(), votes: [{ person: 'tom', vote: 'approve', at: 5_000_700 }] } as unknown as ApprovalView;
    const first = moreLikeIt(session({ uses: '3' }), shown())!;
    expect(asOfVote(first, voted, 'tom')).toEqual({ ...first, from: 5_000, until: 8_600 });
    expect(asOfVote({ ...first, from: first.from + 9, until: first.until + 9 }, voted, 'tom')).toEqual(asOfVote(first, voted, 'tom'));
    expect(() => asOfVote(first, voted, 'tina')).toThrow(CannotRun);
  });
  it.each<[string, Session['values'], object?]>([
    ['what cannot be taken back', { uses: '3' }, { 'tool.reversible': derived(false) }], ['a target out of what a tool returned', { uses: '3' }, { 'target.trust': derived('record') }], ['no number', { uses: 'many' }], ['none at all', { uses: '0' }],
    ['longer than eight hours', { uses: '2', until: '9h' }], ['a run without more', { 'this-run': true }], ['a cap below this one', { uses: '2', cap: '1.00EUR' }], ['more decimals than the currency has', { uses: '2', cap: '5.001EUR' }], ['an amount in no currency', { uses: '2', cap: '500:EUR' }],
  ])('says so and signs nothing for %s', (_, values, facts = {}) => expect(() => moreLikeIt(session(values), shown(facts))).toThrow(CannotRun));
});
