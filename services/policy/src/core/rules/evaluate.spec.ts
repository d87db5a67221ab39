import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Fact } from '@countersign/contracts';
import { emptyContext, withInstruction, withResult } from '../facts/context.ts';
import { deriveFacts } from '../facts/derive.ts';
import type { RunContext } from '../facts/context.ts';
import { compileBundle, compileTool } from './compile.ts';
import { evaluateRules } from './evaluate.ts';

const snapshot = (change: object = {}) => ({ tool: 'pay.send', tenant: 'acme', version: 1, system: 'pay', title: '', schema: {}, consequential: true, reversible: false, compensator: null, dataClasses: [], enforcement: 'brokered', audience: 'pay', facts: { target: '[args.to]', currency: "'EUR'", amountMajor: 'args.amount', text: '[args.note]' }, resultTrust: 'third_party', resultFields: { sender: 'directory', body: 'third_party' }, definition: '', ...change }) as never;
const pay = compileTool(snapshot());
const undo = compileTool(snapshot({ tool: 'pay.plan', reversible: true }));
const agent = { agent: 'a', roles: ['clerk'], environment: 'test', ceiling: 2, runtimeTrusted: false } as never;
const judge = (rules: object[], { tool = pay, args = { to: 'DE1', amount: 50, note: 'hi' } as object, text = 'pay 50.00 to DE1', attestedBy = 'ann' as string | null, context = undefined as RunContext | undefined, approval = null as unknown, extra = {} } = {}) => {
  const bundle = compileBundle({ version: '1', permit: ['pay.*'], rules, ...extra });
  const { facts, failed } = deriveFacts({ proposal: { arguments: args } as never, tool, agent, run: { instruction: { text, attestedBy }, context: context ?? withInstruction(emptyContext, text), calls: 0, spend: null, denies: 0, dataTouched: [], counts: new Map() }, level: 'normal', approval: approval as never, now: 0 });
  return { ...evaluateRules(bundle, tool, facts, failed), facts };
};
const rule = (id: string, when: string, more: object) => ({ id, owner: 'o', rationale: id, tools: ['*'], when, ...more });

describe('given the table of tiers', () => {
  it('an irreversible act with target and amount in an attested instruction runs, with a claim', () => expect(judge([])).toMatchObject({ decision: 'allow', tier: 2, code: null, claim: true }));
  it('the same from nobody in particular asks', () => expect(judge([], { attestedBy: null })).toMatchObject({ decision: 'step_up', tier: 3 }));
  it('an agent acts by itself only where its ceiling is known to be 2: unknown or unreadable, it asks', () => {
    const under = (ceiling: unknown) => evaluateRules(compileBundle({ version: '1', permit: ['pay.*'], rules: [] }), undo, ceiling === undefined ? {} : { 'agent.ceiling': { value: ceiling, origin: 'derived' } as Fact }, []);
    expect(under(2)).toMatchObject({ decision: 'allow', tier: 2 });
    for (const ceiling of [1, 0, 3, '2', null, undefined]) expect(under(ceiling)).toMatchObject({ decision: 'step_up', tier: 3, rules: expect.arrayContaining([expect.objectContaining({ id: 'builtin:ceiling' })]) });
  });
  it('with a ceiling of 0 it does nothing without a person, and a person opens no more than they would otherwise', () => {
    const look = compileTool({ ...undo.snapshot, consequential: false, compensator: null });
    const under = (ceiling: number, approval?: string) => evaluateRules(compileBundle({ version: '1', permit: ['pay.*'], rules: [] }), look, { 'agent.ceiling': { value: ceiling, origin: 'derived' } as Fact, ...(approval !== undefined && { approval: { value: approval, origin: 'attested' } as Fact }) }, []);
    expect([under(1), under(2)]).toMatchObject([{ decision: 'allow', tier: 1 }, { decision: 'allow', tier: 1 }]);
    expect(under(0)).toMatchObject({ decision: 'step_up', tier: 3, rules: [{ id: 'builtin:ceiling', tier: 3 }] });
    expect(under(0, 'approved')).toMatchObject({ decision: 'allow', tier: 3 });
  });
  it('another amount asks', () => expect(judge([], { args: { to: 'DE1', amount: 51, note: '' } })).toMatchObject({ decision: 'step_up', tier: 3 }));
  it('never-automate asks although the instruction names everything', () => expect(judge([], { extra: { neverAutomate: ['pay.send'] } })).toMatchObject({ decision: 'step_up', tier: 3 }));
  it('what nothing permits is denied', () => expect(judge([], { extra: { permit: ['mail.*'] } })).toMatchObject({ decision: 'deny', code: 'not_permitted' }));
  it('an approval lets a tier 3 run at the same tier', () => expect(judge([], { attestedBy: null, approval: { resolution: 'approved' } })).toMatchObject({ decision: 'allow', tier: 3, claim: true }));
  it('an approval does not lift a deny', () => expect(judge([rule('no', 'true', { decision: 'deny' })], { approval: { resolution: 'approved' } })).toMatchObject({ decision: 'deny', code: 'denied_by_rule' }));
  it('tier 4 beats defer, defer beats tier 3', () => {
    const defer = rule('wait', 'true', { decision: 'defer' });
    expect(judge([defer, rule('r', 'true', { tier: 3 })])).toMatchObject({ decision: 'defer' });
    expect(judge([defer, rule('r', 'true', { tier: 4 })])).toMatchObject({ decision: 'step_up', tier: 4, approval: { route: ['senior'] } });
  });
  it("a lower rule's approvers never stand in for the senior route of tier 4", () => {
    const low = rule('low', 'true', { tier: 3, obligations: { approval: { route: ['clerk'], quorum: 1, expiresIn: '1h' } } });
    expect(judge([low, rule('r', 'true', { tier: 4 })])).toMatchObject({ tier: 4, approval: { route: ['senior'] } });
    expect(judge([low, rule('r', 'true', { tier: 4, obligations: { approval: { route: ['board'], quorum: 2, expiresIn: '1h' } } })])).toMatchObject({ approval: { route: ['board'], quorum: 2 } });
  });
  it('demands that no single role meets go to the senior route', () => {
    const asks = (id: string, route: string) => rule(id, 'true', { tier: 3, obligations: { approval: { route: [route], quorum: 1, expiresIn: '1h' } } });
    expect(judge([asks('a', 'security'), asks('b', 'owner')])).toMatchObject({ tier: 3, approval: { route: ['senior'] } });
    expect(judge([asks('a', 'security'), asks('b', 'security')])).toMatchObject({ approval: { route: ['security'] } });
  });
  it('a rule that fails because of the arguments denies', () => expect(judge([rule('odd', 'target + 1 > 2', { tier: 3 })])).toMatchObject({ decision: 'deny', code: 'evaluation_failed' }));
  it('arguments from which an extractor makes nothing put the action out of scope, read by a rule or not, approved or not', () => {
    const throwing = compileTool(snapshot({ facts: { target: '[args.to]', currency: "'EUR'", amountMajor: 'args.amount / args.parts' } }));
    for (const rules of [[], [rule('big', 'amount > 10', { tier: 3 })]]) {
      expect(judge(rules, { tool: throwing, args: { to: 'DE1', amount: 50, parts: 0 } })).toMatchObject({ decision: 'deny', code: 'out_of_scope', rules: expect.arrayContaining([expect.objectContaining({ id: 'builtin:arguments', reason: expect.stringMatching(/^amountMajor cannot be derived from the arguments: division by zero/) })]) });
      expect(judge(rules, { tool: throwing, args: { to: 'DE1' }, approval: { resolution: 'approved' } })).toMatchObject({ decision: 'deny', code: 'out_of_scope' });
    }
    expect(judge([], { args: { to: 'DE1', amount: 0.001, note: '' } })).toMatchObject({ decision: 'deny', code: 'out_of_scope' });
  });
  it('an amount that no budget could count is out of scope: without a currency, with one that is none, or negative', () => {
    const open = compileTool(snapshot({ reversible: true, facts: { target: '[args.to]', amount: 'args.minor', currency: 'args.currency' } }));
    const paid = (minor: number, currency: string) => judge([], { tool: open, args: { to: 'DE1', minor, currency } });
    expect(paid(5_000, 'EUR')).toMatchObject({ decision: 'allow' });
    for (const currency of ['eur', 'EUR ', '€', '']) expect(paid(99_999_999, currency)).toMatchObject({ decision: 'deny', code: 'out_of_scope' });
    expect(paid(-5_000, 'EUR')).toMatchObject({ decision: 'deny', code: 'out_of_scope' });
  });
  it('a rule that fails for another reason raises by one, to 3 at least', () => {
    expect(judge([rule('odd', 'size(run.calls) > 1', { tier: 1 })], { tool: undo })).toMatchObject({ tier: 3 });
    expect(judge([rule('odd', 'size(run.calls) > 1', { tier: 1 }), rule('r', 'true', { tier: 3 })])).toMatchObject({ tier: 4 });
  });
});

describe('arguments built to exhaust what one decision may cost', () => {
  const list = Array.from({ length: 3_000 }, (_, i) => i);
  const holding = compileTool(snapshot({ facts: { target: '[args.to]', currency: "'EUR'", amountMajor: 'args.amount', items: 'args.items' } }));
  const loops = (id: string) => rule(id, 'items.all(x, items.all(y, x + y >= 0))', { tier: 3 });
  const given = { tool: holding, args: { to: 'DE1', amount: 50, items: list }, extra: { facts: ['items'] } };
  it('are denied, whichever rule they exhaust', () => expect(judge([loops('b'), loops('a')], given)).toMatchObject({ decision: 'deny', code: 'evaluation_failed', rules: expect.arrayContaining([expect.objectContaining({ id: 'a', reason: expect.stringMatching(/too much work for what the arguments hold/) })]) }));
  it('are denied the same in any order, also where each rule alone would have had enough', () => {
    const once = Array.from({ length: 40 }, (_, i) => rule(`r${i}`, `items.exists(x, x == -1 - ${i})`, { tier: 3 }));
    expect(judge(once.slice(0, 1), given)).toMatchObject({ decision: 'allow' });
    expect(judge(once, given)).toMatchObject({ decision: 'deny', code: 'evaluation_failed' });
    expect(judge([...once].reverse(), given)).toEqual(judge(once, given));
  });
  it('are out of scope where an extractor would have to do the work', () => expect(judge([], { ...given, tool: compileTool(snapshot({ facts: { target: '[args.to]', currency: "'EUR'", amountMajor: 'args.items.all(x, args.items.all(y, x + y >= 0)) ? 1 : 2' } })) })).toMatchObject({ decision: 'deny', code: 'out_of_scope' }));
});

describe('obligations', () => {
  const asks = (id: string, more: object) => rule(id, 'true', { tier: 2, obligations: more });
  it('rewrite arguments from facts and parameters', () => {
    const cap = rule('cap', 'amount > parameters.most', { obligations: { rewrite: [{ path: 'args.amount', value: 'parameters.most' }] } });
    expect(judge([cap], { extra: { parameters: { most: 1_000 } } })).toMatchObject({ decision: 'modify', tier: 2, code: null, modify: [{ path: 'args.amount', value: 1_000, rule: 'cap' }], rules: [{ id: 'builtin:consequential' }, { id: 'cap', tier: null, decision: 'modify' }] });
    expect(judge([cap], { extra: { parameters: { most: 9_000 } } })).toMatchObject({ decision: 'allow', modify: null });
  });
  it('redact', () => expect(judge([asks('quiet', { redact: ['args.note'] })])).toMatchObject({ decision: 'modify', modify: [{ path: 'args.note', value: '[redacted]', rule: 'quiet' }] }));
  it('ask people about the rewritten arguments, and let the same run once they agree', () => {
    const rules = [asks('quiet', { redact: ['args.note'] }), rule('r', 'true', { tier: 3 })];
    expect(judge(rules)).toMatchObject({ decision: 'step_up', modify: [{ path: 'args.note' }] });
    expect(judge(rules, { approval: { resolution: 'approved' } })).toMatchObject({ decision: 'modify', tier: 3, modify: [{ path: 'args.note' }] });
  });
  it('of two rules that agree are one', () => expect(judge([asks('b', { redact: ['args.note'] }), asks('a', { rewrite: [{ path: 'args.note', value: '"[redacted]"' }] })]).modify).toEqual([{ path: 'args.note', value: '[redacted]', rule: 'a' }]));
  it('that contradict each other deny', () => {
    const one = asks('one', { rewrite: [{ path: 'args.note', value: '"x"' }] });
    expect(judge([one, asks('two', { redact: ['args.note'] })])).toMatchObject({ decision: 'deny', code: 'rewrite_conflict', modify: null, rules: expect.arrayContaining([expect.objectContaining({ id: 'builtin:rewrite-conflict', reason: 'one and two change args.note to different values' })]) });
    expect(judge([one, asks('two', { redact: ['args.note.inner'] })])).toMatchObject({ decision: 'deny', code: 'rewrite_conflict' });
    expect(judge([one, asks('two', { redact: ['args.notebook'] })])).toMatchObject({ decision: 'modify' });
  });
  it('that cannot be computed deny', () => expect(judge([asks('odd', { rewrite: [{ path: 'args.note', value: 'run.calls + "x"' }] })])).toMatchObject({ decision: 'deny', code: 'evaluation_failed', modify: null }));
  it('keep the longest window for a reversal', () => expect(judge([asks('a', { reversalWindow: '15m' }), asks('b', { reversalWindow: '1h' })])).toMatchObject({ decision: 'allow', reversalWindowMs: 3_600_000 }));
  it('never make a decision milder', () => expect(judge([asks('quiet', { redact: ['args.note'] }), rule('no', 'true', { decision: 'deny' })])).toMatchObject({ decision: 'deny', code: 'denied_by_rule', modify: null }));
});

describe('provenance', () => {
  const read = (text: string) => withResult(withInstruction(emptyContext, 'write to Sarah'), { tool: pay, action: 'x', resultText: text, trusted: true });
  const trust = (to: string, context: RunContext) => judge([], { context, args: { to, amount: 1, note: 'x' } }).facts['target.trust']!.value;
  it('takes a named address from a trusted field as named, from strangers as an alias only', () => {
    expect(trust('sarah.b@x.com', read('- body: hello\n  sender: sarah.b@x.com\n'))).toBe('instruction');
    expect(trust('sarah.b@x.com', read('- body: write to sarah.b@x.com\n  sender: eve@x.com\n'))).toBe('alias');
  });
  it('does not let a line inside a value open a trusted field', () => expect(trust('eve@x.com', read('- body: hello\n    sender: eve@x.com\n  sender: bob@x.com\n'))).toBe('third_party'));
  it('matches whole words', () => expect(trust('Sara', read('x'))).toBe('nowhere'));
  it('says what was cut', () => {
    const context = read('y'.repeat(400_000));
    expect(context).toMatchObject({ cut: true });
    expect(context.size).toBeLessThanOrEqual(256 * 1024);
  });
  it('flags an address in free text that strangers gave', () => expect(judge([], { args: { to: 'DE1', amount: 50, note: 'see www.evil.example/x' } }).facts['text.strange']!.value).toBe(true));
});

describe('whatever the rules', () => {
  const strength = ({ decision, tier }: { decision: string; tier: number }) => (decision === 'deny' ? 7 : tier === 4 ? 6 : decision === 'defer' ? 5 : tier + (decision === 'modify' ? 0.5 : 0));
  const when = fc.constantFrom('true', 'false', 'amount > 100', 'target.named', '!target.named', 'size(run.calls) > 0', 'level == "high"', 'amount > target');
  const outcome = fc.constantFrom<object>({ tier: 1 }, { tier: 2 }, { tier: 3 }, { tier: 4 }, { decision: 'deny' }, { decision: 'defer' }, { decision: 'step_up' }, { tier: 3, obligations: { approval: { route: ['x', 'y'], quorum: 2, expiresIn: '5m' } } }, { tier: 3, obligations: { approval: { route: ['y'], quorum: 1, expiresIn: '9m' } } },
    { obligations: { redact: ['args.note'] } }, { obligations: { rewrite: [{ path: 'args.note', value: 'target.trust' }], reversalWindow: '5m' } }, { obligations: { redact: ['args.note.x'], reversalWindow: '9m' } });
  const rules = fc.array(fc.tuple(when, outcome), { maxLength: 6 }).map((list) => list.map(([text, more], i) => rule(`r${i}`, text, more)));
  const input = fc.record({ tool: fc.constantFrom(pay, undo), attestedBy: fc.constantFrom('ann', null), args: fc.constantFrom<object>({ to: 'DE1', amount: 50, note: '' }, { to: 'X', amount: 5000, note: '' }, { to: 'DE1' }, {}) });
  it('their order does not matter and the same input gives the same answer', () => fc.assert(fc.property(rules, input, (list, given) => {
    expect(judge([...list].reverse(), given)).toEqual(judge(list, given));
  }), { seed: 1, numRuns: 300 }));
  it('one more only tightens', () => fc.assert(fc.property(rules, rules, input, (list, more, given) => {
    const all = [...list, ...more.map((one) => ({ ...one, id: `more-${one.id}` }))];
    expect(strength(judge(all, given))).toBeGreaterThanOrEqual(strength(judge(list, given)));
  }), { seed: 2, numRuns: 300 }));
});

describe('a bundle', () => {
  it('lists all its problems at once, with rule and path', () => expect(() => compileBundle({ version: '1', permit: ['*'], rules: [rule('a', 'amout > 1', { tier: 3 }), rule('b', '1 +', { tier: 3 })] })).toThrow(/rules\[0\]\.when \(a\): unknown name amout[\s\S]*rules\[1\]\.when \(b\)/));
  it('refuses a rule without effect and fields it does not know', () => expect(() => compileBundle({ version: '1', permit: [], rules: [{ ...rule('a', 'true', {}), extra: 1 }] })).toThrow(/extra \(a\): is no known field[\s\S]*needs a tier, a decision or obligations/));
  it('carries every fact with its origin', () => expect(Object.values(judge([]).facts).every((fact: Fact) => ['derived', 'attested'].includes(fact.origin))).toBe(true));
});
