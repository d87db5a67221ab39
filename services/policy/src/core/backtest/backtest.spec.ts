import { describe, expect, it } from '@jest/globals';
import type { GovernedDecided } from '@countersign/contracts';
import fc from 'fast-check';
import type { CompiledBundle } from '../rules/compile.ts';
import { createBacktest } from './backtest.ts';
import { base, bundleOf, historyOf, rule, smallDay, start } from './history.fixture.ts';

const backtest = (draft: CompiledBundle, records: readonly GovernedDecided[], versions: readonly CompiledBundle[] = [base]) => {
  const test = createBacktest({ draft, known: (version) => versions.find((one) => one.version === version) });
  for (const record of records) test.add(JSON.parse(JSON.stringify(record)) as GovernedDecided);
  return test;
};
const changed = ({ total }: ReturnType<typeof backtest>) => Object.fromEntries(Object.entries(total.changes).filter(([kind, n]) => n > 0 && kind !== 'same'));
const rows = <T>(entries: IterableIterator<[string, T]>): Record<string, T> => Object.fromEntries(entries);

/** The day's rules with other limits. */
const draftOf = (limit: number, more: readonly object[] = []) => bundleOf('draft', [rule('large', `amount > ${limit}`, { tools: ['pay.plan'], tier: 3 }), rule('absurd', 'amount > 100000', { tools: ['pay.plan', 'pay.send'], decision: 'deny' }), ...more]);

describe('a draft over recorded decisions', () => {
  it('that is the active version changes nothing, and everything is proven', () => {
    const test = backtest(base, smallDay().decided());
    expect(changed(test)).toEqual({});
    expect(test.total).toMatchObject({ decisions: 10, unknown: 0 });
    expect(Object.fromEntries(test.carried)).toEqual({ approval_denied: 1, unknown_tool: 1, arguments_invalid: 1 });
    expect(test.proof()).toMatchObject({ ok: true, reproduced: 10, carried: 3, different: 0, unproven: 0, versions: { 'base-1': { decisions: 13, known: true } } });
    expect(test.asks.after).toEqual(test.asks.before);
  });

  it('reads what an observed agent did as enforcement would have decided it', () => {
    const history = historyOf(base);
    const run = history.open('observed');
    run.propose('pay.plan', { to: 'DE1', amount: 400 });
    run.propose('pay.plan', { to: 'DE1', amount: 5_000 });
    run.propose('pay.plan', { to: 'DE1', amount: 200_000 });
    expect(history.decided().map(({ decision }) => [decision.decision, decision.mode])).toEqual([['allow', 'observe'], ['allow', 'observe'], ['allow', 'observe']]);
    const test = backtest(base, history.decided());
    expect(changed(test)).toEqual({});
    expect(test.proof()).toMatchObject({ ok: true, reproduced: 3, different: 0 });
    expect(test.asks.before.at).toHaveLength(1);
    expect(changed(backtest(draftOf(100), history.decided()))).toEqual({ newlyAsked: 1 });
  });

  it('that tightens asks people about more, and says which rule does it, at whom and at what', () => {
    const test = backtest(draftOf(500), smallDay().decided());
    expect(changed(test)).toEqual({ newlyAsked: 1 });
    expect(test.examples('newlyAsked')).toMatchObject([{ agent: 'clerk', tool: 'pay.plan', before: { decision: 'allow', tier: 2 }, after: { decision: 'step_up', tier: 3 }, came: ['large'], gone: [], facts: { amount: 900 } }]);
    expect(rows(test.rules())['large']).toMatchObject({ tightened: 1, loosened: 0 });
    expect(rows(test.tools())['pay.plan']!.changes.newlyAsked).toBe(1);
    expect(rows(test.agents())['other']!.changes).toMatchObject({ newlyAsked: 0 });
    expect([test.asks.before.at.length, test.asks.after.at.length]).toEqual([3, 4]);
  });

  it('that forbids blocks what ran, and what waited', () => {
    const test = backtest(draftOf(1_000, [rule('stop', 'amount >= 900', { tools: ['pay.plan'], decision: 'deny' })]), smallDay().decided());
    expect(changed(test)).toEqual({ newlyBlocked: 3, otherRules: 2 });
    // Two of them waited for people: the draft would not have asked, and what people said then is not counted again.
    expect(test.seen.settledEarlier).toBe(2);
    expect(test.asks.after.at.length).toBe(1);
  });

  it('that loosens lists what would run without people, and the rule that no longer stops it', () => {
    const test = backtest(draftOf(5_500), smallDay().decided());
    expect(changed(test)).toEqual({ newlyAllowed: 1 });
    expect(test.examples('newlyAllowed')).toMatchObject([{ before: { decision: 'step_up', tier: 3 }, after: { decision: 'allow', tier: 2 }, gone: ['large'], facts: { amount: 5_000 } }]);
    expect(rows(test.rules())['large']).toMatchObject({ loosened: 1 });
    expect(test.seen.settledEarlier).toBe(1);
  });

  it('that no longer forbids shows the deny turned into a question', () => {
    expect(changed(backtest(bundleOf('draft', [rule('large', 'amount > 1000', { tools: ['pay.plan'], tier: 3 })]), smallDay().decided()))).toEqual({ noLongerDenied: 1, otherRules: 1 });
  });

  it('that reads what the record does not hold leaves those decisions open, and names fact and rule', () => {
    const draft = draftOf(1_000, [rule('drifts', 'run.drift > 50', { tools: ['pay.plan'], tier: 3 })]);
    const test = backtest(draft, smallDay().decided());
    expect(changed(test)).toEqual({});
    const found = test.missing.get('fact run.drift')!;
    expect([...found.rules, ...found.tools]).toEqual(['drifts', 'pay.plan']);
    // A deny stands whatever the fact would be: amounts that are forbidden, or could not be read.
    // What follows from an open question is open too, also that people said no to it.
    expect(test.total.unknown).toBe(6);
    expect(rows(test.tools())['pay.plan']).toMatchObject({ decisions: 2, unknown: 6, after: { deny: 2 } });
    expect(test.unknowns()[0]).toMatchObject({ because: ['fact run.drift'], rules: ['drifts'] });
  });

  it('decides without a missing fact where the rest of the condition settles it', () => {
    const test = backtest(draftOf(1_000, [rule('drifts', 'amount > 900000 && run.drift > 50', { tools: ['pay.plan'], tier: 3 })]), smallDay().decided());
    expect(test.total.unknown).toBe(0);
  });

  it('takes a fact that the recorded rules looked for and did not find as not there', () => {
    const reads = (version: string, tier: number) => bundleOf(version, [rule('many', 'records > 5', { tools: ['pay.plan'], tier })]);
    const history = historyOf(reads('reads-1', 3));
    history.open().propose('pay.plan', { to: 'a', amount: 1 });
    expect(history.decided()[0]!.decision.code).toBe('evaluation_failed');
    expect(backtest(reads('reads-2', 4), history.decided(), [reads('reads-1', 3)]).total).toMatchObject({ unknown: 0, changes: { same: 1 } });
  });

  it('does not take the word of people who were asked another question', () => {
    const asksBoard = draftOf(1_000, [rule('board', 'amount > 4000', { tools: ['pay.plan'], tier: 3, approval: { route: ['board'], quorum: 2, expiresIn: '1d' } })]);
    const test = backtest(asksBoard, smallDay().decided());
    expect([...test.missing.keys()]).toEqual(['approval']);
    expect(test.missing.get('approval')!.decisions).toBe(1);
    const easier = backtest(draftOf(1_000, [rule('more', 'amount > 4000', { tools: ['pay.plan'], tier: 3, approval: { route: ['treasurer', 'clerk'], quorum: 1, expiresIn: '1d' } })]), smallDay().decided());
    expect(easier.total.unknown).toBe(0);
  });

  it('asks again, as the live service does, where people were asked about a lower tier', () => {
    const later = draftOf(1_000, [rule('stale', 'run.calls > 3 && amount == 5000', { tools: ['pay.plan'], tier: 4, approval: { route: ['treasurer'], quorum: 1, expiresIn: '1h' } })]);
    const test = backtest(later, smallDay().decided());
    expect(test.examples('newlyAsked')).toMatchObject([{ round: 2, before: { decision: 'allow', tier: 3 }, after: { decision: 'step_up', tier: 4 } }]);
  });

  it('applies a new budget to what the run had used, and leaves open what an unknown limit denied', () => {
    const budgeted = (calls: number) => bundleOf('draft', [rule('large', 'amount > 1000', { tools: ['pay.plan'], tier: 3 }), rule('absurd', 'amount > 100000', { tools: ['pay.plan', 'pay.send'], decision: 'deny' })], { budget: { calls } });
    expect(changed(backtest(budgeted(3), smallDay().decided()))).toEqual({ newlyBlocked: 3 });
    const history = historyOf(budgeted(1));
    const run = history.open();
    run.propose('pay.read', {});
    run.propose('pay.read', {});
    const wider = backtest(bundleOf('wider', [], { budget: { calls: 9 } }), history.decided(), [budgeted(1)]);
    expect([wider.total.unknown, [...wider.missing.keys()]]).toEqual([1, ['budget']]);
  });

  it('does not guess what rules say of arguments that only the draft would change', () => {
    const capping = (most: number) => draftOf(1_000, [rule('cap', `amount > ${most}`, { tools: ['pay.plan'], rewrite: { path: 'args.amount', value: String(most) } })]);
    const test = backtest(capping(800), smallDay().decided());
    expect(Object.fromEntries([...test.missing].map(([what, { rules }]) => [what, [...rules]]))).toEqual({ 'changed arguments': ['cap'] });
    const history = historyOf(capping(800));
    history.open().propose('pay.plan', { to: 'a', amount: 900 });
    const same = backtest(capping(800), history.decided(), [capping(800)]);
    expect([same.total.unknown, same.total.changes.same, changed(backtest(base, history.decided(), [capping(800)]))]).toEqual([0, 1, { noLongerModified: 1 }]);
  });

  it('lets wait what the draft says somebody owes', () => {
    const owing = bundleOf('owing', [rule('checked', 'supplier.verified', { tools: ['pay.plan'], tier: 3 })], { awaited: { 'supplier.verified': { from: ['treasurer'], within: '1h' } } });
    const test = backtest(owing, smallDay().decided());
    expect([test.total.unknown, test.total.changes.newlyDeferred]).toEqual([0, 3]);
  });

  it('says so where nobody has the version that decided', () => {
    expect(backtest(base, smallDay().decided(), []).proof()).toMatchObject({ ok: false, reproduced: 0, unproven: 10, carried: 3, different: 0, versions: { 'base-1': { known: false } } });
  });

  it('names a decision that was changed after it was made', () => {
    const records = smallDay().decided().map((record) => (record.decision.tier === 3 && record.round === 1 && record.decision.decision === 'step_up' ? { ...record, decision: { ...record.decision, tier: 2 as const } } : record));
    const proof = backtest(base, records).proof();
    expect(proof).toMatchObject({ ok: false, different: 3 });
    expect(proof.mismatches[0]).toMatchObject({ action: records[3]!.action, position: records[3]!.position, version: 'base-1', differences: [{ field: 'tier', recorded: '2', reproduced: '3' }] });
  });

  it('takes the time of people from when they were asked to when they voted', () => {
    const test = backtest(base, smallDay().decided());
    expect(test.votes.map(({ person, askedAt, at }) => [person, askedAt - start, at - start])).toEqual([['tara', 0, 180_000], ['tara', 0, 300_000]]);
  });

  it('of a version against itself is empty whatever the rules', () => {
    const when = fc.constantFrom('true', 'amount > 500', '!target.named', 'run.calls > 2', 'run.drift > 10', 'records > 3', 'act.distance > 20 || amount > 10');
    const outcome = fc.constantFrom<Record<string, unknown>>({ tier: 1 }, { tier: 2 }, { tier: 3 }, { tier: 4 }, { decision: 'deny' }, { decision: 'defer' }, { tier: 3, approval: { route: ['x'], quorum: 2, expiresIn: '5m' } });
    fc.assert(fc.property(fc.array(fc.tuple(when, outcome), { maxLength: 4 }), fc.array(fc.tuple(fc.constantFrom('pay.send', 'pay.plan', 'pay.read'), fc.constantFrom(1, 600, 1.5)), { maxLength: 6 }), (list, proposed) => {
      const bundle = bundleOf('any', list.map(([text, more], i) => rule(`r${i}`, text, more)));
      const history = historyOf(bundle);
      const run = history.open();
      for (const [tool, amount] of proposed) {
        const record = run.propose(tool, { to: 'DE1', amount });
        if (record.decision.decision === 'step_up' && record.decision.approval!.quorum === 1) history.answer(record, 'approved');
      }
      const test = backtest(bundle, history.decided(), [bundle]);
      expect([changed(test), test.total.unknown, test.proof().ok]).toEqual([{}, 0, true]);
    }), { seed: 9, numRuns: 150 });
  });
});
