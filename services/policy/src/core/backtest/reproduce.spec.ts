import { describe, expect, it } from '@jest/globals';
import type { GovernedDecided } from '@countersign/contracts';
import fc from 'fast-check';
import { base, bundleOf, historyOf, rule, smallDay } from './history.fixture.ts';
import { reproduce } from './reproduce.ts';

const asRead = (record: GovernedDecided): GovernedDecided => JSON.parse(JSON.stringify(record)) as GovernedDecided;

describe('a decision made again from its record alone', () => {
  it('comes out the same for every kind of decision, and those no rule made are carried', () => {
    const day = smallDay().decided().map((record) => [record.decision.code ?? record.decision.decision, record.round, reproduce(asRead(record), base)]);
    expect(day).toEqual([
      ['allow', 1, { status: 'reproduced' }], ['allow', 1, { status: 'reproduced' }], ['allow', 1, { status: 'reproduced' }],
      ['approval_required', 1, { status: 'reproduced' }], ['approval_required', 1, { status: 'reproduced' }],
      ['allow', 2, { status: 'reproduced' }], ['approval_denied', 2, { status: 'carried', code: 'approval_denied' }],
      ['rule_denied', 1, { status: 'reproduced' }], ['approval_required', 1, { status: 'reproduced' }],
      ['unknown_tool', 1, { status: 'carried', code: 'unknown_tool' }], ['out_of_scope', 1, { status: 'reproduced' }], ['arguments_invalid', 1, { status: 'carried', code: 'arguments_invalid' }],
      ['allow', 1, { status: 'reproduced' }],
    ]);
  });

  it('rests on facts that could not be derived as well: without them it would come out otherwise', () => {
    const failed = smallDay().decided().find(({ decision }) => decision.code === 'out_of_scope')!;
    expect(failed.failed).toEqual([{ fact: 'amount', why: 'no integer amount in minor units', byArguments: true }]);
    expect(reproduce({ ...asRead(failed), failed: [{ ...failed.failed![0]!, byArguments: false }] }, base)).toMatchObject({ status: 'different' });
  });

  it('takes what a budget denied as it was, once the rules before it come out the same', () => {
    const small = bundleOf('small', [rule('large', 'amount > 1000', { tier: 3 })], { budget: { calls: 1 } });
    const history = historyOf(small);
    const run = history.open();
    run.propose('pay.plan', { to: 'a', amount: 1 });
    const over = run.propose('pay.plan', { to: 'a', amount: 1 });
    expect(over.decision.code).toBe('budget_exceeded');
    expect(reproduce(asRead(over), small)).toEqual({ status: 'carried', code: 'budget_exceeded' });
    expect(reproduce({ ...asRead(over), decision: { ...over.decision, tier: 4 } }, small)).toMatchObject({ status: 'different' });
  });

  it('follows arguments that rules changed: on the proposed ones, then on those that may be executed', () => {
    const capping = bundleOf('capping', [rule('cap', 'amount > 1000', { tools: ['pay.plan'], tier: 2, rewrite: { path: 'args.amount', value: '1000' } }), rule('said', 'amount > 5000', { tools: ['pay.plan'], tier: 3 })]);
    const history = historyOf(capping);
    const run = history.open();
    const records = [900, 3_000, 7_000].map((amount) => run.propose('pay.plan', { to: 'DE1', amount }));
    records.push(history.answer(records[2]!, 'approved'));
    expect(records.map(({ decision, modified }) => [decision.decision, decision.tier, modified?.arguments['amount']])).toEqual([['allow', 2, undefined], ['modify', 2, 1000], ['step_up', 3, 1000], ['modify', 3, 1000]]);
    for (const record of records) expect(reproduce(asRead(record), capping)).toEqual({ status: 'reproduced' });
    const other = asRead(records[1]!);
    expect(reproduce({ ...other, modified: { ...other.modified!, arguments: { to: 'DE1', amount: 2_000 } } }, capping)).toMatchObject({ status: 'different', differences: [{ field: 'arguments' }] });
    expect(reproduce({ ...other, modified: undefined } as never, capping)).toMatchObject({ status: 'different' });
  });

  it('follows what waits: for a fact that somebody owes, and for other actions', () => {
    const owing = bundleOf('owing', [rule('checked', 'supplier.verified', { tools: ['pay.plan'], tier: 3 })], { awaited: { 'supplier.verified': { from: ['treasurer'], within: '1h' } } });
    const history = historyOf(owing);
    const run = history.open();
    const waits = run.propose('pay.plan', { to: 'DE1', amount: 5 });
    const behind = run.propose('pay.send', { to: waits.action, amount: 5 });
    const answered = history.supply(waits, 'supplier.verified', false);
    expect([waits, behind, answered].map(({ decision, round }) => [decision.decision, decision.deferral?.dependsOn.length, round])).toEqual([['defer', 0, 1], ['defer', 1, 1], ['allow', undefined, 2]]);
    for (const record of history.decided()) expect(reproduce(asRead(record), owing)).toEqual({ status: 'reproduced' });
    const free = asRead(behind);
    expect(reproduce({ ...free, decision: { ...free.decision, deferral: { ...free.decision.deferral!, dependsOn: [] } } }, owing)).toMatchObject({ status: 'different' });
  });

  it.each<[string, string, (decision: GovernedDecided['decision']) => Partial<GovernedDecided['decision']>]>([
    ['decision', 'large', () => ({ decision: 'allow', code: null, approval: null })],
    ['tier', 'large', () => ({ tier: 2 })],
    ['rules', 'large', ({ rules }) => ({ rules: rules.slice(1) })],
    ['rules', 'large', ({ rules }) => ({ rules: rules.map((fired) => ({ ...fired, reason: 'another reason' })) })],
    ['approval', 'large', ({ approval }) => ({ approval: { ...approval!, route: ['intern'] } })],
    ['approval', 'large', ({ approval }) => ({ approval: { ...approval!, expiresAt: approval!.expiresAt + 1 } })],
    ['claim', 'large', () => ({ claim: false })],
    ['decision', 'absurd', () => ({ decision: 'allow', code: null })],
    ['code', 'absurd', () => ({ code: 'not_permitted' })],
  ])('names a changed %s (%s)', (field, ruleId, change) => {
    const record = asRead(smallDay().decided().find(({ decision, round }) => round === 1 && decision.rules.some(({ id }) => id === ruleId))!);
    const tampered = reproduce({ ...record, decision: { ...record.decision, ...change(record.decision) } }, base);
    expect(tampered).toMatchObject({ status: 'different', differences: expect.arrayContaining([expect.objectContaining({ field })]) });
  });

  it('finds a record that has lost its facts, and a decision that no rule can have let through', () => {
    const record = asRead(smallDay().decided().find(({ decision }) => decision.code === 'rule_denied')!);
    expect(reproduce({ ...record, facts: {}, decision: { ...record.decision, rules: [] } }, base)).toMatchObject({ status: 'different', differences: [{ field: 'facts' }] });
    const stopped = asRead(smallDay().decided().find(({ decision }) => decision.code === 'unknown_tool')!);
    expect(reproduce({ ...stopped, decision: { ...stopped.decision, decision: 'allow', code: null } }, base)).toMatchObject({ status: 'different' });
  });

  it('follows a canary: the stricter of both, each from the facts that either looked at', () => {
    const canary = bundleOf('canary-1', [rule('tight', 'amount > 500', { tools: ['pay.plan'], tier: 3, approval: { route: ['board'], quorum: 2, expiresIn: '5m' } }), rule('drifts', 'run.drift > 60', { tier: 3 }), rule('cap', 'amount == 400', { rewrite: { path: 'args.amount', value: '300' } })]);
    const history = historyOf(base, canary);
    const run = history.open();
    const records = [100, 400, 900, 5_000, 200_000].map((amount) => run.propose('pay.plan', { to: 'DE1', amount }));
    expect(records.map(({ decision }) => [decision.decision, decision.beside?.overruled?.decision])).toEqual([['allow', undefined], ['modify', undefined], ['step_up', 'allow'], ['step_up', 'step_up'], ['deny', undefined]]);
    for (const record of records) expect(reproduce(asRead(record), base, canary)).toEqual({ status: 'reproduced' });
    expect(records.map((record) => reproduce(asRead(record), base).status)).toEqual(['reproduced', 'unproven', 'unproven', 'unproven', 'reproduced']);
    const { beside } = records[2]!.decision;
    expect(reproduce({ ...asRead(records[2]!), decision: { ...records[2]!.decision, beside: { ...beside!, overruled: { ...beside!.overruled!, tier: 1 } } } }, base)).toMatchObject({ status: 'different', differences: [{ field: 'overruled tier' }] });
  });

  it('comes out the same whatever the rules and proposals are', () => {
    const when = fc.constantFrom('true', 'amount > 500', 'target.named', 'size(run.calls) > 0', 'run.calls > 2', 'level == "high" || amount > 10', 'records > 3', 'currency == "EUR"');
    const outcome = fc.constantFrom<Record<string, unknown>>({ tier: 1 }, { tier: 2 }, { tier: 3 }, { tier: 4 }, { decision: 'deny' }, { decision: 'defer' }, { decision: 'step_up' }, { tier: 3, approval: { route: ['x', 'treasurer'], quorum: 1, expiresIn: '5m' } });
    const rules = fc.array(fc.tuple(when, outcome), { maxLength: 4 });
    const proposals = fc.array(fc.tuple(fc.constantFrom('pay.send', 'pay.plan', 'pay.read'), fc.constantFrom<number | string | null>(1, 600, 1.5, 'x', null)), { minLength: 1, maxLength: 5 });
    fc.assert(fc.property(rules, proposals, fc.constantFrom('approved' as const, 'denied' as const), (list, proposed, resolution) => {
      const bundle = bundleOf('any', list.map(([text, more], i) => rule(`r${i}`, text, more)), { neverAutomate: ['pay.send'] });
      const history = historyOf(bundle);
      const run = history.open('clerk', 'plan 6.00 to DE1', 'uma');
      for (const [tool, amount] of proposed) {
        const record = run.propose(tool, amount === null ? { to: 'DE1' } : { to: 'DE1', amount });
        if (record.decision.decision === 'step_up' && record.decision.tier === 3) history.answer(record, resolution);
      }
      for (const record of history.decided()) expect(reproduce(asRead(record), bundle)).not.toMatchObject({ status: 'different' });
    }), { seed: 5, numRuns: 200 });
  });
});
