import { describe, expect, it } from '@jest/globals';
import { call, patiently, until } from '@countersign/spec/whole';
import { createClientAssertion } from '@countersign/identity';
import { randomUUID } from 'node:crypto';
import { approvalFor } from '../approval-for.ts';
import type { Stage } from './stage.ts';

const pay = { to: 'NL01', minor: 500, purpose: 'goods', invoice: 'INV-1001' };
const text = 'ask ann@x.example', clean = 'ask [e-mail removed]';

/** R4: five decisions, each enforced; people and facts that do not come deny; deferral keeps order and is bounded. */
export const r4 = (stage: () => Stage): void => describe('R4 authorization decisions', () => {
  const ran = () => stage().whole.tools.executed;

  it('R4.1 allow executes, deny blocks', async () => {
    const { open, execute } = stage();
    const run = await open();
    await execute(run.propose('desk.notes', { note: 'allow' }));
    expect(ran().at(-1)).toEqual({ tool: 'desk.notes', arguments: { note: 'allow' } });
    await expect(execute(run.propose('desk.forbidden', { note: 'deny' }))).rejects.toMatchObject({ code: 'rule_denied' });
    expect(ran().at(-1)).toMatchObject({ arguments: { note: 'allow' } });
    await run.end();
  });

  it('R4.1 modify transforms: the changed arguments run and no others, and the agent is told', async () => {
    const { open, execute, decided, whole } = stage();
    const run = await open();
    const action = run.propose('desk.write', { note: 'n', text });
    expect(await action.decision).toMatchObject({ decision: 'modify', arguments: { note: 'n', text: clean }, changes: [{ path: '/text', after: clean }] });
    const { headers } = await action.permit();
    expect(await whole.tools.invoke('desk.write', { note: 'n', text }, headers)).toMatchObject({ status: 403, body: { code: 'wrong_arguments' } });
    const second = run.propose('desk.write', { note: 'n', text });
    await execute(second);
    expect(ran().at(-1)).toEqual({ tool: 'desk.write', arguments: { note: 'n', text: clean } });
    expect((await decided(run, second))[0]).toMatchObject({ message: { arguments: { text } }, modified: { arguments: { text: clean }, changes: [{ path: '/text', rules: ['aarm.no-addresses'] }] } });
    const before = ran().length;
    await expect(run.guard('desk.write', whole.tools.execute('desk.write'), { whenModified: 'refuse' })({ note: 'n', text })).rejects.toMatchObject({ code: 'modification_refused' });
    expect(ran()).toHaveLength(before);
    await until('not executed is on the record', () => whole.seen.governed(run.id).some((record) => record.kind === 'action.outcome' && record.message.status === 'not_executed'));
    await run.end();
  });

  it('R4.1 modify over plain HTTP', async () => {
    const { whole, clerk } = stage();
    const assertion = () => createClientAssertion({ client: 'clerk', audience: `${whole.urls.registry}/oauth2/token`, jti: randomUUID(), now: Date.now() }, clerk.key);
    const { body: opened } = await patiently(() => call('POST', `${whole.urls.gateway}/runs`, { client_assertion: assertion(), instruction: { text: 'write it down' } }));
    const answer = await call('POST', `${whole.urls.gateway}/runs/${String(opened['run'])}/actions`, { tool: 'desk.write', arguments: { note: 'n', text } }, { authorization: `Bearer ${String(opened['token'])}` });
    expect(answer).toMatchObject({ status: 200, body: { decision: 'modify', arguments: { note: 'n', text: clean }, changes: [{ path: '/text', after: clean }], grant: expect.any(String) } });
  });

  it('R4.1 step-up pauses until people have decided; they see and sign what would run, changed arguments included', async () => {
    const { open, execute, whole } = stage();
    const run = await open();
    const action = run.propose('desk.memo', { text });
    expect(await action.decision).toMatchObject({ decision: 'step_up', tier: 3, grant: null });
    expect(await approvalFor(whole, action.action)).toMatchObject({ arguments: { text: clean }, changes: [{ path: '/text', rules: ['aarm.no-addresses'] }], reason: null });
    expect((await whole.people.tess.vote(await approvalFor(whole, action.action), 'approve')).status).toBe(200);
    expect(await action.settled(60_000)).toMatchObject({ decision: 'modify', claim: true, arguments: { text: clean } });
    await execute(action);
    expect(ran().at(-1)).toEqual({ tool: 'desk.memo', arguments: { text: clean } });
    await run.end();
  });

  it('R4.1 defer suspends, then runs with the fact that came; nobody else\'s word, and no other value than the signed one, is a fact', async () => {
    const { open, execute, whole, pia, supply, waiting, decided } = stage();
    const run = await open();
    const action = run.propose('desk.pay', pay);
    expect(await action.decision).toMatchObject({ decision: 'defer' });
    await waiting(run, action);
    expect(await supply(whole.people.tess, run, action, 'supplier.verified', true)).toMatchObject({ status: 403, body: { code: 'not_eligible' } });
    expect(await supply(pia, run, action, 'amount', 1)).toMatchObject({ status: 409, body: { code: 'fact_not_awaited' } });
    expect((await supply(pia, run, action, 'supplier.verified', true, false)).status).toBe(200);
    await until('policy has refused it', () => whole.seen.governed(run.id).some((record) => record.kind === 'message.refused' && record.code === 'fact_invalid'));
    expect(await decided(run, action)).toHaveLength(1);
    expect((await supply(pia, run, action, 'supplier.verified', true)).status).toBe(200);
    await action.settled(60_000);
    await execute(action);
    expect(ran().at(-1)).toEqual({ tool: 'desk.pay', arguments: pay });
    expect(await decided(run, action, 2)).toMatchObject([{ round: 1 }, { round: 2, decision: { decision: 'allow' }, facts: { 'supplier.verified': { value: true, origin: 'attested', from: 'supplied:pia' } } }]);
    await run.end();
  });

  it('R4.2 a step-up that nobody answers in time is denied', async () => {
    const run = await stage().open();
    const action = run.propose('desk.rush', { to: 'NL01', minor: 500 });
    expect(await action.decision).toMatchObject({ decision: 'step_up' });
    expect(await action.settled(60_000)).toMatchObject({ decision: 'deny', code: 'approval_expired', grant: null });
    await run.end();
  });

  it('R4.3 a deferral that nothing resolves in time is denied, and a follow-up receipt says so', async () => {
    const { open, decided } = stage();
    const run = await open();
    const action = run.propose('desk.hurry', { note: 'n' });
    expect(await action.decision).toMatchObject({ decision: 'defer' });
    expect(await action.settled(60_000)).toMatchObject({ decision: 'deny', code: 'fact_timeout', grant: null });
    expect(await decided(run, action, 2)).toMatchObject([{ round: 1, decision: { decision: 'defer' } }, { round: 2, decision: { decision: 'deny', code: 'fact_timeout' } }]);
    await run.end();
  });

  it('R4 what depends on a deferred action waits behind it, in order; what does not goes on; beyond the bounds it is denied', async () => {
    const { open, execute, pia, supply, waiting, whole } = stage();
    const run = await open();
    const first = run.propose('desk.pay', pay);
    await first.decision;
    const rests = run.propose('desk.notes', { note: 'rests' }, { dependsOn: [first.action] });
    const named = run.propose('desk.notes', { note: `receipt of ${first.action}` });
    const deeper = run.propose('desk.notes', { note: 'deeper' }, { dependsOn: [rests.action] });
    for (const action of [rests, named]) expect(await action.decision).toMatchObject({ decision: 'defer' });
    expect(await deeper.decision).toMatchObject({ decision: 'defer' });
    expect(await run.propose('desk.notes', { note: 'too deep' }, { dependsOn: [deeper.action] }).decision).toMatchObject({ decision: 'deny', code: 'defer_limit' });
    await execute(run.propose('desk.notes', { note: 'independent' }));
    expect(ran().at(-1)).toMatchObject({ arguments: { note: 'independent' } });

    await waiting(run, first);
    await supply(pia, run, first, 'supplier.verified', true);
    await first.settled(60_000);
    expect(rests.latest).toMatchObject({ decision: 'defer' });
    await execute(first);
    for (const action of [rests, named]) expect(await action.settled(60_000)).toMatchObject({ decision: 'allow' });
    const freed = () => whole.seen.governed(run.id).flatMap((record) => (record.kind === 'action.decided' && record.decision.decision === 'allow' && record.round > 1 ? [record.action] : []));
    expect(await until('three are on the record', () => freed().length >= 3 && freed())).toEqual([first.action, rests.action, named.action]);
    await execute(rests);
    expect(await deeper.settled(60_000)).toMatchObject({ decision: 'allow' });
    await run.end();
  });
});
