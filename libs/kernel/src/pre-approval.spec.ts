import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { notCovered, overCaps } from './pre-approval.ts';
import type { PreApprovable, PreApprovalTerms } from './pre-approval.ts';

const at = 1_800_000_000;
const euros = (minor: number) => ({ minor, currency: 'EUR' });
const terms = (over: Partial<PreApprovalTerms> = {}): PreApprovalTerms => ({ tenant: 'acme', agent: 'clerk', tool: 'care.credit', targets: ['NL01', 'NL02'], amount: euros(500), sum: euros(1_200), uses: 3, from: at, until: at + 3_600, ...over });
const facts = (over: Readonly<Record<string, unknown>> = {}): PreApprovable['facts'] => Object.fromEntries(Object.entries({
  target: ['NL01'], 'target.trust': 'instruction', 'tool.reversible': true, level: 'normal', amount: 400, 'text.strange': false, 'content.foreign': false, ...over,
}).map(([name, value]) => [name, { value, origin: 'derived' }]));
const action = (over: Partial<PreApprovable> = {}): PreApprovable => ({ tenant: 'acme', agent: 'clerk', tool: 'care.credit', run: 'r1', tier: 3, money: euros(400), facts: facts(), failed: [], ...over });
const now = at * 1_000 + 1;

describe('what people agreed to beforehand', () => {
  it('covers the agent, tool, targets and amounts that they named, while it lives', () => {
    expect(notCovered(terms(), action(), now)).toBeNull();
    expect(notCovered(terms({ run: 'r1' }), action(), now)).toBeNull();
    expect(notCovered(terms({ amount: undefined, sum: undefined }), action({ money: null, facts: facts({ amount: null }) }), now)).toBeNull();
    expect(notCovered(terms({ targets: [] }), action({ facts: facts({ target: [], 'target.trust': 'nowhere' }) }), now)).toBeNull();
  });

  it.each<[string, Partial<PreApprovalTerms>, Partial<PreApprovable>, number?]>([
    ['before its time', {}, {}, at * 1_000 - 1],
    ['after its time', {}, {}, (at + 3_600) * 1_000],
    ['for longer than eight hours, whoever signed that', { until: at + 9 * 3_600 }, {}],
    ['another tenant', { tenant: 'globex' }, {}],
    ['another agent', {}, { agent: 'mailer' }],
    ['another tool', {}, { tool: 'care.refund' }],
    ['another run than the one it is for', { run: 'r2' }, {}],
    ['tier 4', {}, { tier: 4 }],
    ['what cannot be taken back', {}, { facts: facts({ 'tool.reversible': false }) }],
    ['a tool of which nobody knows whether it can', {}, { facts: facts({ 'tool.reversible': null }) }],
    ['another target', {}, { facts: facts({ target: ['NL03'] }) }],
    ['another target beside one that it names', {}, { facts: facts({ target: ['NL01', 'NL03'] }) }],
    ['no target where it names some', {}, { facts: facts({ target: [] }) }],
    ['a target where it names none', { targets: [] }, {}],
    ['targets that are not known', {}, { facts: facts({ target: undefined }) }],
    ...['record', 'directory', 'alias', 'document', 'third_party', 'nowhere'].map((trust): [string, Partial<PreApprovalTerms>, Partial<PreApprovable>] => [`a target read in what tools returned (${trust})`, {}, { facts: facts({ 'target.trust': trust }) }]),
    ['what the runtime claims about its target', {}, { facts: { ...facts(), 'target.trust': { value: 'instruction', origin: 'claimed' } } }],
    ['more money than it names', {}, { money: euros(501), facts: facts({ amount: 501 }) }],
    ['another currency', {}, { money: { minor: 400, currency: 'USD' } }],
    ['money where it names none', { amount: undefined, sum: undefined }, {}],
    ['an amount that the facts do not say', {}, { facts: facts({ amount: undefined }) }],
    ['an action of which a fact is not known', {}, { failed: ['records'] }],
    ['an agent that behaves oddly', {}, { facts: facts({ level: 'raised' }) }],
    ['text with an address of strangers', {}, { facts: facts({ 'text.strange': true }) }],
    ['what strangers wrote', {}, { facts: facts({ 'content.foreign': true }) }],
  ])('does not cover %s', (_, of, about, when = now) => expect(notCovered(terms(of), action(about), when)).not.toBeNull());

  it('covers nothing that lacks one of the facts it rests on', () => {
    for (const name of ['target', 'target.trust', 'tool.reversible', 'level', 'amount']) {
      const { [name]: _, ...rest } = facts();
      expect([name, notCovered(terms(), action({ facts: rest }), now)]).not.toEqual([name, null]);
    }
  });

  it('is good for so many uses, which together move no more than the sum', () => {
    const used = (...amounts: number[]) => amounts.map((minor, i) => ({ run: 'r', action: `a${i}`, money: euros(minor) }));
    expect(overCaps(terms(), used(), euros(500))).toBeNull();
    expect(overCaps(terms(), used(500), euros(700))).toBeNull();
    expect(overCaps(terms(), used(500), euros(701))).toContain('all together');
    expect(overCaps(terms(), used(1, 1, 1), euros(1))).toContain('used up');
  });

  it('never lets through more than both caps, in whatever order it is asked', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 800 }), { maxLength: 20 }), fc.integer({ min: 1, max: 6 }), (amounts, uses) => {
      const of = terms({ uses });
      const used: { run: string; action: string; money: { minor: number; currency: string } }[] = [];
      for (const [i, minor] of amounts.entries()) if (overCaps(of, used, euros(minor)) === null) used.push({ run: 'r', action: `a${i}`, money: euros(minor) });
      expect(used.length).toBeLessThanOrEqual(uses);
      expect(used.reduce((sum, { money }) => sum + money.minor, 0)).toBeLessThanOrEqual(of.sum!.minor);
    }), { seed: 11 });
  });
});
