import { describe, expect, it } from '@jest/globals';
import { compileBundle, compileTool } from './compile.ts';
import { evaluateRules } from './evaluate.ts';

const tool = compileTool({ tool: 'pay.plan', tenant: 'acme', version: 1, system: 'pay', title: '', schema: {}, consequential: true, reversible: true, compensator: null, dataClasses: [], enforcement: 'brokered', audience: 'pay', facts: {}, resultTrust: 'record', resultFields: {}, definition: '' } as never);
const awaited = { 'supplier.verified': { from: ['purchasing'], within: '5m' }, 'budget.free': { from: ['controller'], within: '1m' } };
const rule = (id: string, when: string, more: object = { decision: 'deny' }) => ({ id, owner: 'o', rationale: id, tools: ['*'], when, ...more });
const judge = (rules: object[], known: Record<string, unknown> = {}, extra: object = {}) => {
  const bundle = compileBundle({ version: '1', permit: ['*'], awaited, rules, ...extra });
  const facts = Object.fromEntries(Object.entries({ 'agent.ceiling': 2, amount: 5, ...known }).map(([name, value]) => [name, { value, origin: 'derived' }])) as never;
  return evaluateRules(bundle, tool, facts, []);
};

describe('a fact that is owed', () => {
  it('defers what a rule cannot say without it, and tells who owes it by when', () => {
    expect(judge([rule('a', '!supplier.verified')])).toMatchObject({ decision: 'defer', code: 'deferred', awaits: [{ fact: 'supplier.verified', from: ['purchasing'] }], withinMs: 300_000, rules: expect.arrayContaining([{ id: 'a', tier: null, decision: 'defer', reason: 'supplier.verified is still owed' }]) });
    expect(judge([rule('a', '!supplier.verified'), rule('b', 'budget.free < amount')])).toMatchObject({ awaits: [{ fact: 'budget.free' }, { fact: 'supplier.verified' }], withinMs: 60_000 });
  });
  it('decides once it is there, either way', () => {
    expect(judge([rule('a', '!supplier.verified')], { 'supplier.verified': true })).toMatchObject({ decision: 'allow' });
    expect(judge([rule('a', '!supplier.verified')], { 'supplier.verified': false })).toMatchObject({ decision: 'deny', code: 'denied_by_rule' });
  });
  it('is not asked for where the rule does not need it', () => {
    expect(judge([rule('a', 'amount > 100 && !supplier.verified')])).toMatchObject({ decision: 'allow' });
    expect(judge([rule('a', '!supplier.verified', { decision: 'deny' })].map((one) => ({ ...one, tools: ['other.*'] })))).toMatchObject({ decision: 'allow' });
  });
  it('stands behind a deny and a tier 4, before a tier 3', () => {
    const owed = rule('a', '!supplier.verified');
    expect(judge([owed, rule('b', 'true')])).toMatchObject({ decision: 'deny' });
    expect(judge([owed, rule('b', 'true', { tier: 4 })])).toMatchObject({ decision: 'step_up', tier: 4 });
    expect(judge([owed, rule('b', 'true', { tier: 3 })])).toMatchObject({ decision: 'defer' });
  });
  it('also where a new value of an argument rests on it', () => expect(judge([rule('a', 'true', { obligations: { rewrite: [{ path: 'args.minor', value: 'budget.free' }] } })])).toMatchObject({ decision: 'defer', awaits: [{ fact: 'budget.free' }] }));
  it('is refused in a bundle that does not say who owes it, or that calls a fact of ours owed', () => {
    const problems = (change: object) => { try { judge([], {}, change); return ''; } catch (error) { return (error as Error).message; } };
    expect(problems({ awaited: { 'a.b': {} } })).toContain('awaited.a.b.from');
    expect(problems({ awaited: { amount: { from: ['x'] } } })).toContain('nobody owes it');
    expect(problems({ awaited: { 'a.b': { from: ['x'], within: 'soon' } } })).toContain('awaited.a.b.within');
    expect(problems({ awaited: { constructor: { from: ['x'] } } })).toContain('is a name');
    expect(problems({ deferral: { depth: 0 } })).toContain('deferral.depth');
    expect(problems({ deferral: { within: 3, often: 1 } })).toMatch(/deferral\.often[\s\S]*deferral\.within/);
  });
});

describe('obligations to take something out', () => {
  const redact = (id: string, ...what: unknown[]) => rule(id, 'true', { obligations: { redact: what } });
  it('go together with one another and with a new value; two new values do not', () => {
    expect(judge([redact('a', { path: 'args.text', what: 'emails' }), redact('b', { path: 'args.text', what: 'digits' }), rule('c', 'true', { obligations: { rewrite: [{ path: 'args.text', value: "'x'" }] } })])).toMatchObject({
      decision: 'modify', modify: [{ path: 'args.text', value: 'x', rule: 'c' }, { redact: 'emails', rule: 'a' }, { redact: 'digits', rule: 'b' }],
    });
    expect(judge([redact('a', 'args.text'), rule('c', 'true', { obligations: { rewrite: [{ path: 'args.text', value: "'x'" }] } })])).toMatchObject({ decision: 'deny', code: 'rewrite_conflict' });
  });
  it('are refused where nobody knows the kind', () => expect(() => judge([redact('a', { path: 'args.text', what: 'names' })])).toThrow('redact'));
});
