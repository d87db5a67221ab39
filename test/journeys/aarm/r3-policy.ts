import { describe, expect, it } from '@jest/globals';
import type { GovernedDecided } from '@countersign/contracts';
import type { Stage } from './stage.ts';

const pay = { to: 'NL01', minor: 500, purpose: 'goods', invoice: 'INV-1001' };

/**
 * AARM says that policies which contradict each other at the same priority defer. Countersign has no priorities: the strictest of all that match holds,
 * which is never looser. This is how a deployment that wants AARM's word reads our records; it is no second semantics of the product.
 */
const atEqualPriority = ({ decision }: GovernedDecided, priority: (rule: string) => number): string => {
  const own = decision.rules.filter(({ id }) => !id.startsWith('builtin:'));
  const top = Math.max(...own.map(({ id }) => priority(id)));
  const said = new Set(own.filter(({ id }) => priority(id) === top).map((rule) => rule.decision ?? `tier ${rule.tier}`));
  return said.size > 1 ? 'defer' : decision.decision;
};

/** R3: static policy and the context of the session; forbidden, context-dependent deny, allow and defer; parameters. */
export const r3 = (stage: () => Stage): void => describe('R3 policy evaluation', () => {
  it('R3.1 a forbidden action is denied at once, whatever the context', async () => {
    const { open, whole } = stage();
    const run = await whole.agent('approved').then((agent) => agent.open(whole.people.tess.instruct('approved', 'do the forbidden thing with n, I say so')));
    const action = run.propose('desk.forbidden', { note: 'n' });
    expect(await action.decision).toMatchObject({ decision: 'deny', code: 'rule_denied', round: 1 });
    expect(await (await open()).propose('desk.forbidden', { note: 'n' }).decision).toMatchObject({ decision: 'deny', code: 'rule_denied' });
  });

  it('R3.2 an allowed action is denied after sensitive data was read', async () => {
    const { open, execute, record } = stage();
    const run = await open();
    expect(await run.propose('desk.mail', { to: 'x', text: 't' }).decision).toMatchObject({ decision: 'allow' });
    const action = run.propose('desk.customers', { note: '7' });
    await execute(action);
    await record(run, 'action.outcome', action.action);
    expect(await run.propose('desk.mail', { to: 'x', text: 't' }).decision).toMatchObject({ decision: 'deny', code: 'rule_denied' });
    await run.end();
  });

  it('R3.3 a denied action is allowed where the context confirms it', async () => {
    const { open, execute, record } = stage();
    const run = await open();
    expect(await run.propose('desk.close', { note: 'n' }).decision).toMatchObject({ decision: 'deny' });
    const action = run.propose('desk.notes', { note: 'n' });
    await execute(action);
    await record(run, 'action.outcome', action.action);
    expect(await run.propose('desk.close', { note: 'n' }).decision).toMatchObject({ decision: 'allow' });
    await run.end();
  });

  it('R3.4 a rule that reads what is not there yet defers, and what comes decides', async () => {
    const { open, pia, supply, waiting } = stage();
    const run = await open();
    for (const [value, decision] of [[true, 'allow'], [false, 'deny']] as const) {
      const action = run.propose('desk.pay', pay);
      expect(await action.decision).toMatchObject({ decision: 'defer' });
      await waiting(run, action);
      expect(await supply(pia, run, action, 'supplier.verified', value)).toMatchObject({ status: 200, body: { sent: true } });
      expect(await action.settled(60_000)).toMatchObject({ decision, round: 2 });
    }
    await run.end();
  });

  it('R3.4 low confidence defers; enough confidence, or a person who confirms, does not', async () => {
    const { open, whole, supply, waiting } = stage();
    const run = await open();
    expect(await run.propose('desk.sure', { note: 'n' }, { confidence: 0.9 }).decision).toMatchObject({ decision: 'allow' });
    const unsure = run.propose('desk.sure', { note: 'n' }, { confidence: 0.4 });
    expect(await unsure.decision).toMatchObject({ decision: 'defer' });
    await waiting(run, unsure);
    await supply(whole.people.tess, run, unsure, 'confidence.confirmed', true);
    expect(await unsure.settled(60_000)).toMatchObject({ decision: 'allow' });
    await run.end();
  });

  it('R3.4 a conflict at equal priority defers, read by an adapter: here the strictest holds, which is no looser', async () => {
    const { open, decided } = stage();
    const run = await open();
    const memo = run.propose('desk.memo', { text: 'ask ann@x.example' });
    expect(await memo.decision).toMatchObject({ decision: 'step_up', tier: 3 });
    expect(atEqualPriority((await decided(run, memo))[0]!, () => 1)).toBe('defer');
    expect(atEqualPriority((await decided(run, memo))[0]!, (rule) => (rule === 'aarm.memo' ? 2 : 1))).toBe('step_up');
    await run.end();
  });

  it.each<[string, object]>([
    ['type', { minor: '500' }], ['range', { minor: 10_001 }], ['pattern', { invoice: '1001' }], ['list', { purpose: 'gifts' }], ['closed set of names', { extra: 1 }],
  ])('R3 parameters are checked by %s', async (_, change) => {
    const run = await stage().open();
    expect(await run.propose('desk.pay', { ...pay, ...change } as never).decision).toMatchObject({ decision: 'deny', code: 'arguments_invalid', grant: null });
    await run.end();
  });
});
