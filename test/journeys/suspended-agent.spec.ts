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
  }, 120_000);
  afterAll(async () => { await whole?.close(); }, 60_000);

  it('its next proposals are denied, no new run or token is given, and what was granted is not confirmed any more', async () => {
    const paid = await session.propose('desk.transfer', payment);
    expect(paid).toMatchObject({ decision: 'allow', claim: true });

    expectStatus(await whole.people.operator.call('registry', 'POST', '/agents/clerk/suspend', { reason: 'behaves oddly' }), 200);

    const denied = await until('policy has heard of it', async () => { const reply = await session.propose('desk.write', { note: 'n', text: 't' }); return reply.decision === 'deny' && reply; });
    expect(denied).toMatchObject({ code: 'agent_not_active', grant: null });
    await expect(clerk.runtime.openRun({ instruction: { text: 'again', attestation: null } })).rejects.toMatchObject({ code: 'agent_not_active' });
    const answer = await until('supervision has heard of it', async () => { const one = await call('POST', `${whole.urls.supervision}/claims`, { grant: paid.grant }); return one.status !== 200 && one; });
    expect(answer).toMatchObject({ status: 409, body: { code: 'agent_not_active' } });
    expect(whole.tools.executed).toEqual([]);
  });

  it('resumed it goes on in the same run', async () => {
    expectStatus(await whole.people.operator.call('registry', 'POST', '/agents/clerk/resume', { reason: 'explained' }), 200);
    await until('policy allows again', async () => (await session.propose('desk.read', { note: 'n' })).decision === 'allow');
  });

  it('suspension and its reason are in the log', async () => {
    expect(await whole.drain()).toMatchObject({ ok: true, entries: whole.seen.recorded() });
  });
});
