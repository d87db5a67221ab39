import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Fact } from '@countersign/contracts';
import { compileBundle, compileTool } from './compile.ts';
import { evaluateRules } from './evaluate.ts';
import type { Verdict } from './evaluate.ts';

/*
 * What DESIGN 7 promises about any rules on any facts. Rules, matrix, lists, tools and facts are generated, facts that are missing or could not be
 * derived included; nothing here knows how the evaluation works.
 */

const tool = (consequential: boolean, reversible: boolean) => compileTool({ tool: 'pay.send', tenant: 'acme', version: 1, system: 'pay', title: '', schema: {}, consequential, reversible, compensator: null, dataClasses: [], enforcement: 'brokered', audience: 'pay', facts: {}, resultTrust: 'record', resultFields: {}, definition: '' } as never);
const freeze = <T>(value: T): T => { if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze); return value; };

const when = fc.constantFrom('true', 'false', 'amount > 100', 'amount > parameters.limit && !target.named', 'target.named', '!target.named || level == "high"', 'size(run.calls) > 0', 'level == "high"', 'amount > target', 'target.exists(t, t.matches("^DE[0-9]+$"))', 'target.all(t, t in ["DE1"])', 'records > 3', 'amount / (amount - 50) > 1', 'int(target[0]) > 1');
const outcome = fc.constantFrom<object>({ tier: 1 }, { tier: 2 }, { tier: 3 }, { tier: 4 }, { decision: 'deny' }, { decision: 'defer' }, { decision: 'step_up' }, { tier: 2, decision: 'defer' },
  { tier: 3, obligations: { approval: { route: ['x', 'y'], quorum: 2, expiresIn: '5m' } } }, { tier: 3, obligations: { approval: { route: ['y'], quorum: 1, expiresIn: '9m' } } }, { tier: 4, obligations: { approval: { route: ['board'], quorum: 3, expiresIn: '1h' } } },
  { obligations: { redact: ['args.note'] } }, { obligations: { rewrite: [{ path: 'args.note', value: 'level' }], reversalWindow: '5m' } }, { obligations: { redact: ['args.note.x'], reversalWindow: '9m' } }, { obligations: { rewrite: [{ path: 'args.amount', value: 'amount - 1' }] } });
const rules = fc.array(fc.tuple(when, outcome, fc.constantFrom('*', 'pay.*', 'pay.send', 'book.*')), { maxLength: 6 });
type Drawn = readonly (readonly [string, object, string])[];
const made = (list: Drawn, prefix = 'r') => list.map(([text, more, pattern], i) => ({ id: `${prefix}${i}`, owner: 'o', rationale: text, tools: [pattern], when: text, ...more }));

const line = { money: { fact: 'amount', currency: 'EUR', from: { 2: 10, 3: 100, 4: 5_000 } }, records: { fact: 'records', from: { 3: 4 } }, regulation: { fact: 'level', values: { high: 4 }, otherwise: 2 } };
const matrix = fc.subarray(Object.keys(line) as (keyof typeof line)[]).map((names) => Object.fromEntries(names.map((name) => [name, line[name]])));
const fact = {
  amount: fc.constantFrom<unknown>(0, 50, 150, 9_000, null, 'x', Number.MAX_SAFE_INTEGER), currency: fc.constantFrom('EUR', 'USD'), target: fc.constantFrom(['DE1'], ['DE1', 'X'], []), level: fc.constantFrom('normal', 'high', 'stale'), records: fc.constantFrom(1, 9),
  'target.named': fc.boolean(), 'amount.named': fc.boolean(), 'instruction.attested': fc.boolean(), 'run.calls': fc.constantFrom(1, 99), 'agent.ceiling': fc.constantFrom(1, 2), approval: fc.constantFrom('none', 'approved', 'denied'),
};
const facts = fc.record(fact, { requiredKeys: [] }).map((given) => Object.fromEntries(Object.entries(given).map(([name, value]) => [name, { value, origin: 'derived' } as Fact])));
const failed = fc.array(fc.record({ fact: fc.constantFrom('amount', 'records', 'level'), why: fc.constant('broken'), byArguments: fc.constantFrom(false, false, true) }), { maxLength: 1 });
const scene = fc.record({ list: rules, matrix, never: fc.boolean(), permitted: fc.constantFrom(true, true, true, false), facts, failed, consequential: fc.boolean(), reversible: fc.boolean() });
type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never;

const bundleOf = ({ matrix: of, never, permitted }: Scene, list: readonly object[]) => compileBundle({ version: '1', permit: [permitted ? 'pay.*' : 'mail.*'], neverAutomate: never ? ['pay.send'] : [], parameters: { limit: 500 }, approval: { route: ['clerk'], quorum: 1, expiresIn: '30m' }, senior: { route: ['senior'], quorum: 2, expiresIn: '1h' }, matrix: of, rules: list });
const judge = (given: Scene, list: readonly object[] = made(given.list as Drawn)): Verdict => evaluateRules(bundleOf(given, list), tool(given.consequential, given.reversible), freeze(given.facts), given.failed);

/** deny > 4 > defer > 3 > 2 > 1; of what may run, changed arguments are stricter. What people approved stays as strict as it was asked. */
const strength = ({ decision, tier }: Verdict): number => (decision === 'deny' ? 7 : tier === 4 ? 6 : decision === 'defer' ? 5 : tier + (decision === 'modify' ? 0.5 : 0));
const runs = ({ decision }: Verdict): boolean => decision === 'allow' || decision === 'modify';
const many = { seed: 11, numRuns: 200 };

describe('whatever the rules and whatever the facts', () => {
  it('the order of rules means nothing', () => fc.assert(fc.property(scene, fc.integer(), (given, by) => {
    const list = made(given.list as Drawn);
    const turned = list.map((_, i) => list[(i + Math.abs(by)) % list.length]!).reverse();
    expect(judge(given, turned)).toEqual(judge(given));
  }), many));

  it('the same facts give the same answer, and are left as they were', () => fc.assert(fc.property(scene, (given) => { expect(judge(given)).toEqual(judge(given)); }), many));

  it('one more rule only tightens, for whoever decides as well', () => fc.assert(fc.property(scene, rules, (given, more) => {
    const before = judge(given);
    const after = judge(given, [...made(given.list as Drawn), ...made(more as Drawn, 'more')]);
    expect(strength(after)).toBeGreaterThanOrEqual(strength(before));
    if (runs(after)) expect(runs(before)).toBe(true);
    if (before.claim && runs(after)) expect(after.claim).toBe(true);
    if (before.approval !== null && after.approval !== null) {
      expect(after.approval.quorum).toBeGreaterThanOrEqual(before.approval.quorum);
      if (after.tier === before.tier) expect(after.approval.expiresInMs).toBeLessThanOrEqual(before.approval.expiresInMs);
    }
    if (!['deny', 'defer'].includes(after.decision)) expect(after.modify?.length ?? 0).toBeGreaterThanOrEqual(before.modify?.length ?? 0);
  }), many));

  it('one more line of the matrix only tightens', () => fc.assert(fc.property(scene, (given) => {
    expect(strength(judge({ ...given, matrix: line }))).toBeGreaterThanOrEqual(strength(judge(given)));
  }), many));

  it('the decision is the strictest of what fired', () => fc.assert(fc.property(scene, (given) => {
    const { decision, tier, rules: fired } = judge(given);
    const highest = Math.max(1, ...fired.map((one) => one.tier ?? (one.decision === 'step_up' ? 3 : 1)));
    const unevaluated = fired.some(({ reason }) => reason.startsWith('could not be evaluated: '));
    expect(tier).toBe(unevaluated ? Math.max(3, tier) : highest);
    expect(decision === 'deny').toBe(fired.some((one) => one.decision === 'deny'));
    if (decision === 'defer') expect([tier < 4, fired.some((one) => one.decision === 'defer')]).toEqual([true, true]);
  }), many));

  it('what is never automated, or cannot be undone and was not asked for by name, runs with a person only', () => fc.assert(fc.property(scene, (given) => {
    const verdict = judge(given);
    const is = (name: string): boolean => given.facts[name]?.value === true;
    const authorised = is('instruction.attested') && is('target.named') && is('amount.named');
    const alone = runs(verdict) && given.facts['approval']?.value !== 'approved';
    if (given.never) expect(alone).toBe(false);
    if (given.consequential && !given.reversible && !authorised) expect(alone).toBe(false);
    if (given.consequential && !given.reversible && runs(verdict)) expect(verdict.claim).toBe(true);
    if (verdict.tier >= 3) expect(alone).toBe(false);
    if (!given.permitted) expect(verdict).toMatchObject({ decision: 'deny', code: 'not_permitted' });
  }), many));

  it('both engines come to the same verdict', () => fc.assert(fc.property(scene, (given) => {
    const list = made(given.list as Drawn);
    // An empty map is none of the compiler's: the same condition goes through the interpreter.
    const slow = list.map((one) => ({ ...one, when: `(${one.when}) && {} == {}` }));
    expect(bundleOf(given, slow).interpreted).toHaveLength(slow.length);
    const plain = ({ rules: fired, ...verdict }: Verdict) => ({ ...verdict, fired: fired.map(({ id, tier, decision }) => ({ id, tier, decision })) });
    expect(plain(judge(given, slow))).toEqual(plain(judge(given, list)));
  }), many));
});
