import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { GovernedDecided } from '@countersign/contracts';
import { argumentsDigest, signPersonStatement } from '@countersign/identity';
import { startWhole, until } from '@countersign/spec/whole';
import type { Agent, Whole } from '@countersign/spec/whole';
import { ActionDenied } from '@countersign/sdk';
import { approvalFor } from './approval-for.ts';

/** Register → propose → decide → approve → claim → execute → outcome → proof, for each of the four tiers. */
describe('an agent proposes at each tier', () => {
  let whole: Whole;
  let clerk: Agent;
  beforeAll(async () => {
    whole = await startWhole();
    clerk = await whole.agent('clerk');
  }, 240_000);
  afterAll(async () => { await whole?.close(); });

  const decided = (run: string, action: string): GovernedDecided[] => whole.seen.governed(run).filter((record): record is GovernedDecided => record.kind === 'action.decided' && record.action === action);
  const outcomeOf = (run: string, action: string) => until('the outcome is on the record', () => whole.seen.governed(run).find((record) => record.kind === 'action.outcome' && record.action === action));

  it('tier 1: a read is granted, runs at the tool and its outcome is on the record', async () => {
    const run = await clerk.open({ text: 'read note 7', attestation: null });
    const action = run.propose('desk.read', { note: '7' });
    expect(await action.decision).toMatchObject({ decision: 'allow', tier: 1, claim: false });
    await action.execute(whole.tools.execute('desk.read'));
    expect(await outcomeOf(run.id, action.action)).toMatchObject({ tool: 'desk.read', message: { status: 'succeeded' } });
    expect(whole.tools.executed.at(-1)).toEqual({ tool: 'desk.read', arguments: { note: '7' } });
    await run.end();
  });

  it('tier 2: a reversible change is granted and people can see it', async () => {
    const run = await clerk.open({ text: 'write note 8', attestation: null });
    const action = run.propose('desk.write', { note: '8', text: 'hello' });
    expect(await action.decision).toMatchObject({ decision: 'allow', tier: 2, claim: false });
    await action.execute(whole.tools.execute('desk.write'));
    await outcomeOf(run.id, action.action);
    const seen = await until('supervision shows the action as done', async () => {
      const { body } = await whole.people.nobody.call('supervision', 'GET', `/runs/${run.id}`);
      const shown = (body['timeline'] as { action: string; status: string }[] | undefined)?.find((one) => one.action === action.action);
      return shown && ['finished', 'succeeded', 'done'].includes(shown.status) && body;
    });
    expect(seen).toMatchObject({ agent: 'clerk' });
  });

  it('tier 3: a payment waits for a person, then runs with grant and claim', async () => {
    const run = await clerk.open({ text: 'pay the printer', attestation: null });
    const action = run.propose('desk.transfer', { to: 'NL01', minor: 900 });
    expect(await action.decision).toMatchObject({ decision: 'step_up', tier: 3, grant: null });
    const approval = await approvalFor(whole, action.action);
    expect(await whole.people.tess.vote(approval, 'approve')).toMatchObject({ status: 200, body: { status: 'closed', resolution: 'approved' } });
    expect(await action.settled(60_000)).toMatchObject({ decision: 'allow', tier: 3, claim: true, round: 2 });
    await action.execute(whole.tools.execute('desk.transfer'), { waitMs: 60_000 });
    await outcomeOf(run.id, action.action);
    expect(decided(run.id, action.action)).toMatchObject([{ round: 1, decision: { decision: 'step_up' } }, { round: 2, decision: { decision: 'allow' }, facts: { approval: { value: 'approved', origin: 'attested' } } }]);
  });

  it('tier 3: whoever gave the instruction has authorised a payment that it names, with target and amount', async () => {
    const run = await clerk.open(whole.people.tess.instruct('clerk', 'pay NL77PRNT0000000001 an amount of 9.50 EUR for the paper'));
    const action = run.propose('desk.transfer', { to: 'NL77PRNT0000000001', minor: 950 });
    expect(await action.decision).toMatchObject({ decision: 'allow', tier: 2, claim: true });
    await action.execute(whole.tools.execute('desk.transfer'));
    expect(await until('the decision is on the record', () => decided(run.id, action.action)[0])).toMatchObject({ facts: { 'instruction.attested': { value: true, origin: 'attested', from: 'tess' } } });
  });

  it('tier 4: the run stops until a senior person has decided, then that one action runs', async () => {
    const run = await clerk.open({ text: 'clean up', attestation: null });
    const wipe = run.propose('desk.wipe', { what: 'archive' });
    expect(await wipe.decision).toMatchObject({ decision: 'step_up', tier: 4 });
    await until('the run is halted', () => whole.seen.governed(run.id).some((record) => record.kind === 'run.halted'));
    expect(await run.propose('desk.read', { note: '1' }).decision).toMatchObject({ decision: 'deny', code: 'run_halted' });
    const approval = await approvalFor(whole, wipe.action);
    expect(await whole.people.tess.vote(approval, 'approve')).toMatchObject({ status: 403, body: { code: 'not_eligible' } });
    expect((await whole.people.sena.vote(approval, 'approve')).status).toBe(200);
    expect(await wipe.settled(60_000)).toMatchObject({ decision: 'allow', claim: true });
    // The lift reaches the tool a moment after policy has decided it.
    await wipe.execute(whole.tools.execute('desk.wipe', { while: 'halted' }), { waitMs: 60_000 });
    expect(whole.tools.executed.at(-1)).toMatchObject({ tool: 'desk.wipe' });
    await until('the run goes on', () => whole.seen.governed(run.id).some((record) => record.kind === 'run.resumed'));
    expect(await run.propose('desk.read', { note: '2' }).decision).toMatchObject({ decision: 'allow' });
  });

  it('APTS-HO-007: redirected in the middle: a technique is taken out and given back, a target changed; the run goes on in its place, and nothing approved or denied before carries over', async () => {
    const run = await clerk.open({ text: 'note down and pay', attestation: null });
    const { operator, tess, theo } = whole.people;
    const write = () => run.propose('desk.write', { note: '9', text: 'x' }).decision;
    expect(await write()).toMatchObject({ decision: 'allow' });
    // One tool is taken away; with the others the same run goes on.
    const { body } = await operator.call('supervision', 'POST', '/halts', { scope: { kind: 'tool', id: 'desk.write' }, reason: 'read only for now' });
    await until('the tool is stopped', async () => (await write()).code === 'halted' || undefined);
    expect(await run.propose('desk.read', { note: '9' }).decision).toMatchObject({ decision: 'allow' });
    // Another target: whoever may decide writes it down, others decide about it, and what was asked before is over.
    const paying = run.propose('desk.transfer', { to: 'NL11', minor: 300 });
    await paying.decision;
    const asked = await approvalFor(whole, paying.action), args = { to: 'NL12', minor: 300 };
    const jws = signPersonStatement('edit', { sub: 'tess', approval: asked.approval, digest: asked.digest, arguments: argumentsDigest(args), reason: 'pay the other one instead', iat: Math.floor(Date.now() / 1000) }, tess.key);
    expect((await tess.call('approvals', 'POST', `/approvals/${asked.approval}/edits`, { jws, arguments: args })).status).toBe(200);
    const again = await until('people are asked again', async () => { const next = await approvalFor(whole, paying.action); return next.approval !== asked.approval && next; });
    expect(await theo.vote(asked, 'approve')).toMatchObject({ status: 409 });
    expect((await theo.vote(again, 'approve')).status).toBe(200);
    expect(await paying.settled(60_000)).toMatchObject({ decision: 'modify', arguments: args });
    // A target that was denied is not let through because another was approved.
    const denied = run.propose('desk.transfer', { to: 'NL13', minor: 300 });
    await denied.decision;
    expect((await theo.vote(await approvalFor(whole, denied.action), 'deny')).status).toBe(200);
    expect(await denied.settled(60_000)).toMatchObject({ decision: 'deny' });
    expect(await run.propose('desk.transfer', { to: 'NL13', minor: 300 }).decision).toMatchObject({ decision: 'step_up', grant: null });
    expect(await operator.call('supervision', 'POST', `/halts/${String(body['halt'])}/lift`, { reason: 'writes again' })).toMatchObject({ status: 200 });
    await until('the tool is back', async () => (await write()).decision === 'allow' || undefined);
    expect(decided(run.id, paying.action).at(-1)).toMatchObject({ edited: { by: ['tess'] } });
  });

  it('a rule that forbids denies, and nothing runs', async () => {
    const run = await clerk.open({ text: 'try it', attestation: null });
    const before = whole.tools.executed.length;
    await expect(run.propose('desk.forbidden', { note: '1' }).execute(whole.tools.execute('desk.forbidden'))).rejects.toThrow(ActionDenied);
    expect(whole.tools.executed.length).toBe(before);
    expect(await until('the reply is seen', () => whole.seen.replies(run.id).find((reply) => reply.decision !== null))).toMatchObject({ decision: 'deny', code: 'rule_denied', grant: null });
  });

  it('all of it stands in the log, and an outsider can verify that with the public key alone', async () => {
    const verified = await whole.drainWhole();
    expect(verified).toMatchObject({ ok: true, governed: { missing: [] } });
    expect(verified.governed.records).toBe(whole.seen.governed().length);
  });
});
