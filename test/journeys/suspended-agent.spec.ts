import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { call, expectStatus, openRawSession, startWithAgent, until } from '@countersign/spec/whole';
import type { Agent, RawSession, Whole } from '@countersign/spec/whole';

const payment = { to: 'NL77PRNT0000000001', minor: 950 };

/** The operator suspends an agent in the middle of its work. */
describe('an agent is suspended mid-run', () => {
  let whole: Whole;
  let clerk: Agent;
  let session: RawSession;
  beforeAll(async () => {
    ({ whole, agent: clerk } = await startWithAgent('clerk'));
    session = await openRawSession(whole, clerk, whole.people.tess.instruct('clerk', 'pay NL77PRNT0000000001 the 9.50 EUR'));
  }, 240_000);
  afterAll(async () => { await whole?.close(); });

  it('its next proposals are denied, no new run or token is given, and what was granted is not confirmed any more', async () => {
    const paid = await session.propose('desk.transfer', payment);
    expect(paid).toMatchObject({ decision: 'allow', claim: true });

    const read = await session.propose('desk.read', { note: 'n' });
    const waiting = await session.propose('desk.transfer', { to: 'DE89370400440532013000', minor: 950 });
    expect([read.decision, waiting.decision]).toEqual(['allow', 'step_up']);
    const asked = async () => ((await whole.people.theo.call('approvals', 'GET', '/approvals')).body['approvals'] as { readonly action: string; readonly status: string }[]).find(({ action }) => action === waiting.action);
    await until('somebody is asked', async () => (await asked())?.status === 'open');
    expectStatus(await whole.people.operator.call('registry', 'POST', '/agents/clerk/suspend', { reason: 'behaves oddly' }), 200);

    const denied = await until('policy has heard of it', async () => { const reply = await session.propose('desk.write', { note: 'n', text: 't' }); return reply.decision === 'deny' && reply; });
    expect(denied).toMatchObject({ code: 'agent_not_active', grant: null });
    await expect(clerk.runtime.openRun({ instruction: { text: 'again', attestation: null } })).rejects.toMatchObject({ code: 'agent_not_active' });
    // Both may hear of it after policy: supervision looks at the agent before it looks at the action, the guard at halts before it looks at what was used.
    const answer = await until('supervision has heard of it', async () => { const one = await call('POST', `${whole.urls.supervision}/claims`, { grant: paid.grant }); return one.body['code'] === 'agent_not_active' && one; });
    expect(answer.status).toBe(409);
    const refused = await until('the tool\'s own guard refuses what was granted', async () => { const one = await whole.tools.invoke('desk.read', { note: 'n' }, session.headers(read.grant!)); return one.body['code'] === 'halted' && one; });
    expect(refused.status).toBe(409);
    await until('nobody is asked any more', async () => (await asked())?.status !== 'open');
    await until('the run is halted on the record, and what waited is cancelled with the reason', () => {
      const records = whole.seen.governed(session.run);
      return records.some((one) => one.kind === 'run.halted' && one.reason.includes('behaves oddly')) && records.some((one) => one.kind === 'action.cancelled' && one.action === waiting.action && one.by === 'operator');
    });
  });

  it('resumed it goes on in the same run', async () => {
    expectStatus(await whole.people.operator.call('registry', 'POST', '/agents/clerk/resume', { reason: 'explained' }), 200);
    let last: unknown;
    await until(() => `policy allows again, not ${JSON.stringify(last)}`, async () => { const reply = last = await session.propose('desk.read', { note: 'n' }); return reply.decision === 'allow'; });
  });

  it('decommissioned it is gone for good: its run ends, its id is never used again', async () => {
    expectStatus(await whole.people.operator.call('registry', 'POST', '/agents/clerk/decommission', { reason: 'replaced' }), 200);
    await until('its run has ended', () => whole.seen.governed(session.run).some((one) => one.kind === 'run.ended' && one.reason === 'decommissioned'));
    for (const step of ['resume', 'activate']) expect(await whole.people.operator.call('registry', 'POST', `/agents/clerk/${step}`, { reason: 'after all' })).toMatchObject({ status: 409, body: { code: 'conflict' } });
  });

  it('suspension and its reason are in the log', async () => {
    expect(await whole.drainWhole()).toMatchObject({ ok: true });
  });
});
