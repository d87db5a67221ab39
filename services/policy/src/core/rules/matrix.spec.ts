import { describe, expect, it } from '@jest/globals';
import type { Fact } from '@countersign/contracts';
import { compileBundle, compileTool } from './compile.ts';
import { evaluateRules } from './evaluate.ts';
import type { MatrixSpec } from './matrix-shape.ts';

const tool = (change: object = {}) => compileTool({ tool: 'pay.send', tenant: 'acme', version: 1, system: 'pay', title: '', schema: {}, consequential: true, reversible: true, compensator: null, dataClasses: [], enforcement: 'brokered', audience: 'pay', facts: {}, resultTrust: 'record', resultFields: {}, definition: '', ...change } as never);
const bundle = (matrix: MatrixSpec, rules: object[] = []) => compileBundle({ version: '1', permit: ['*'], matrix, rules });
const money: MatrixSpec = { money: { fact: 'amount', currency: 'EUR', from: { 2: 1, 3: 1_000, 4: 100_000 } } };
const judge = (matrix: MatrixSpec, facts: Record<string, unknown>, { of = tool(), failed = [] as { fact: string; why: string; byArguments: boolean }[], rules = [] as object[] } = {}) => {
  const given: Record<string, unknown> = { 'agent.ceiling': 2, currency: 'EUR', ...facts };
  const verdict = evaluateRules(bundle(matrix, rules), of, Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined).map(([name, value]) => [name, { value, origin: 'derived' } as Fact])), failed);
  return { ...verdict, fired: verdict.rules.filter(({ id }) => id.startsWith('matrix:')) };
};

describe('the tier matrix', () => {
  it.each([[999, 'allow', 2], [1_000, 'step_up', 3], [99_999, 'step_up', 3], [100_000, 'step_up', 4]])('calls for a tier from a value on: %d', (amount, decision, tier) => expect(judge(money, { amount })).toMatchObject({ decision, tier }));
  it('says which dimension, and why', () => expect(judge(money, { amount: 5_000 }).fired).toEqual([{ id: 'matrix:money', tier: 3, decision: null, reason: 'amount is at or above 1000' }]));
  it('takes the highest of all dimensions, and rules above that', () => {
    const two: MatrixSpec = { ...money, regulation: { fact: 'tool.data', values: { personal: 3, health: 4 }, otherwise: 1 } };
    expect(judge(two, { amount: 1, 'tool.data': ['internal', 'personal'] })).toMatchObject({ tier: 3 });
    expect(judge(two, { amount: 1, 'tool.data': ['personal', 'health'] })).toMatchObject({ tier: 4, fired: [{ id: 'matrix:money' }, { id: 'matrix:regulation', reason: 'tool.data has health' }] });
    expect(judge(two, { amount: 1, 'tool.data': [] }, { rules: [{ id: 'r', owner: 'o', rationale: 'r', tools: ['*'], when: 'true', decision: 'deny' }] })).toMatchObject({ decision: 'deny' });
  });
  it('reads booleans and texts by value', () => {
    expect(judge({ reversibility: { fact: 'tool.reversible', values: { false: 3 } } }, { 'tool.reversible': false })).toMatchObject({ tier: 3, fired: [{ reason: 'tool.reversible has false' }] });
    expect(judge({ blast: { fact: 'level', values: { normal: 1 }, otherwise: 3 } }, { level: 'stale' })).toMatchObject({ tier: 3 });
  });
  it('calls for people where confidence is low, by the autonomy that the agent has', () => {
    const confidence: MatrixSpec = { confidence: [{ fact: 'confidence', ceiling: 1, below: { 3: 0.9 } }, { fact: 'confidence', ceiling: 2, below: { 3: 0.6, 4: 0.2 } }] };
    const read = { of: tool({ consequential: false }) };
    expect(judge(confidence, { confidence: 0.7 }, read)).toMatchObject({ tier: 1 });
    expect(judge(confidence, { confidence: 0.7, 'agent.ceiling': 1 }, read)).toMatchObject({ tier: 3 });
    expect(judge(confidence, { confidence: 0.1 }, read)).toMatchObject({ tier: 4 });
  });

  describe('where a fact is not known', () => {
    it('raises what changes something, by one and to 3 at least', () => {
      expect(judge(money, {})).toMatchObject({ decision: 'step_up', tier: 3, fired: [{ id: 'matrix:money', tier: 3, reason: 'could not be evaluated: amount is not known' }] });
      expect(judge(money, {}, { rules: [{ id: 'r', owner: 'o', rationale: 'r', tools: ['*'], when: 'true', tier: 3 }] })).toMatchObject({ tier: 4 });
      expect(judge(money, { amount: 'much' })).toMatchObject({ tier: 3 });
    });
    it('leaves what only reads', () => expect(judge(money, {}, { of: tool({ consequential: false }) })).toMatchObject({ decision: 'allow', tier: 1, fired: [] }));
    it('denies where the arguments are why', () => expect(judge(money, {}, { failed: [{ fact: 'amount', why: 'no whole number', byArguments: true }] })).toMatchObject({ decision: 'deny', code: 'out_of_scope' }));
    it('raises where it failed for a reason of ours', () => expect(judge(money, {}, { failed: [{ fact: 'amount', why: 'no table', byArguments: false }] })).toMatchObject({ decision: 'step_up', tier: 3 }));
  });
  it('does not ask about an amount that the act does not have', () => expect(judge(money, { amount: null })).toMatchObject({ decision: 'allow', tier: 2, fired: [] }));
  it('knows only the currencies that it names', () => {
    const two: MatrixSpec = { money: [{ fact: 'amount', currency: 'EUR', from: { 3: 1_000 } }, { fact: 'amount', currency: 'JPY', from: { 3: 200_000 } }] };
    expect(judge(two, { amount: 5_000, currency: 'JPY' })).toMatchObject({ tier: 2 });
    expect(judge(two, { amount: 5_000, currency: 'EUR' })).toMatchObject({ tier: 3 });
    expect(judge(two, { amount: 5, currency: 'USD' })).toMatchObject({ tier: 3, fired: [{ reason: 'could not be evaluated: amount is in no currency that the matrix knows' }] });
    expect(judge(two, { amount: 5, currency: undefined })).toMatchObject({ tier: 3 });
  });
  it('looks at the tools of its line only', () => expect(judge({ money: { fact: 'amount', tools: ['book.*'], from: { 3: 1 } } }, {})).toMatchObject({ decision: 'allow', fired: [] }));
  it('never loosens: an approval does not lift its tier, nor does a line lower another', () => expect(judge({ ...money, confidence: { fact: 'confidence', below: { 3: 0.5 } } }, { amount: 200_000, confidence: 1 })).toMatchObject({ tier: 4 }));
  it('is part of what a tool needs to be decided', () => expect([...bundle(money).index('pay.send').uses]).toEqual(['amount']));

  it.each<[string, object, RegExp]>([
    ['an unknown dimension', { weather: { fact: 'amount', from: { 3: 1 } } }, /matrix\.weather: is no known field/],
    ['a fact that nobody makes', { money: { fact: 'amout', from: { 3: 1 } } }, /matrix\.money\.fact: unknown name amout/],
    ['two kinds in a line', { money: { fact: 'amount', from: { 3: 1 }, below: { 3: 0 } } }, /matrix\.money: needs exactly one of/],
    ['thresholds upside down', { money: { fact: 'amount', from: { 3: 100, 4: 10 } } }, /a higher tier has the more extreme number/],
    ['a threshold that is no number', { money: [{ fact: 'amount', from: { 3: 'much' } }] }, /matrix\.money\[0\]\.from: has numbers/],
    ['a tier 1 threshold', { money: { fact: 'amount', from: { 1: 0 } } }, /matrix\.money\.from\.1: is no known field/],
    ['a tier 5', { regulation: { fact: 'tool.data', values: { a: 5 } } }, /matrix\.regulation\.values: is a map from values to tiers/],
  ])('refuses %s', (_, matrix, why) => expect(() => bundle(matrix as never)).toThrow(why));
});
