import { describe, expect, it } from '@jest/globals';
import { ActionDenied } from '@countersign/sdk';
import type { Stage } from './stage.ts';

/** R1: actions are stopped before they happen; no fail-open; decisions stand on the record with policy and reason. */
export const r1 = (stage: () => Stage): void => describe('R1 pre-execution interception', () => {
  it('R1.1 an action that matches a deny policy does not execute, and a receipt says which policy and why', async () => {
    const { whole, open, decided, execute } = stage();
    const run = await open();
    const before = whole.tools.executed.length;
    const action = run.propose('desk.forbidden', { note: 'n' });
    await expect(execute(action)).rejects.toThrow(ActionDenied);
    expect((await whole.tools.invoke('desk.forbidden', { note: 'n' })).status).toBe(401);
    expect(whole.tools.executed).toHaveLength(before);
    expect(await decided(run, action)).toMatchObject([{ decision: { decision: 'deny', code: 'rule_denied', policyVersion: 'aarm-1', rules: expect.arrayContaining([expect.objectContaining({ id: 'aarm.forbidden', reason: 'No agent does this, whatever went before.' })]) } }]);
  });

  it('R1.2 an action that matches a defer condition is suspended without effect, and a receipt says what it waits for', async () => {
    const { whole, open, decided } = stage();
    const run = await open();
    const before = whole.tools.executed.length;
    const action = run.propose('desk.pay', { to: 'NL01', minor: 500, purpose: 'goods', invoice: 'INV-1001' });
    expect(await action.decision).toMatchObject({ decision: 'defer', code: 'deferred', grant: null });
    await expect(action.permit()).rejects.toMatchObject({ code: 'deferred' });
    expect(whole.tools.executed).toHaveLength(before);
    expect(await decided(run, action)).toMatchObject([{ decision: { policyVersion: 'aarm-1', deferral: { awaits: [{ fact: 'supplier.verified', from: ['purchasing'] }] }, rules: expect.arrayContaining([expect.objectContaining({ id: 'aarm.unverified-supplier', decision: 'defer' })]) } }]);
    await run.end();
  });
});

/** Stops policy for good: comes last. */
export const r1Unavailable = (stage: () => Stage): void => describe('R1 pre-execution interception, the system being away', () => {
  it('R1.3 an action submitted while the system is unavailable fails, at the runtime and at the tool', async () => {
    const { whole, open, execute } = stage();
    const run = await open();
    const last = run.propose('desk.notes', { note: 'n' });
    await execute(last);
    const before = whole.tools.executed.length;
    await whole.stop('policy');
    const action = run.propose('desk.notes', { note: 'n' }, { timeoutMs: 1_500 });
    await expect(execute(action)).rejects.toMatchObject({ code: 'timeout' });
    expect(await whole.tools.invoke('desk.notes', { note: 'n' })).toMatchObject({ status: 401, body: { code: 'bad_grant' } });
    expect(whole.tools.executed).toHaveLength(before);
  });
});
