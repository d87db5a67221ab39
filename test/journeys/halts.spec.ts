import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { HaltScope } from '@countersign/contracts';
import { call, openRawSession, startWhole, until } from '@countersign/spec/whole';
import type { Agent, RawSession, Whole } from '@countersign/spec/whole';

const payment = { to: 'NL77PRNT0000000001', minor: 950 };

/** An operator stops things mid-run, at every scope, and lifts it again. */
describe('a halt mid-run', () => {
  let whole: Whole;
  let clerk: Agent;
  let other: Agent;
  beforeAll(async () => {
    whole = await startWhole();
    clerk = await whole.agent('clerk');
    other = await whole.agent('other');
    await clerk.open({ text: 'warm up', attestation: null });
    await other.open({ text: 'warm up', attestation: null });
  }, 120_000);
  afterAll(async () => { await whole?.close(); }, 60_000);

  const open = (agent: Agent): Promise<RawSession> => openRawSession(whole, agent, whole.people.tess.instruct(agent.id, 'pay NL77PRNT0000000001 the 9.50 EUR'));
  const read = (session: RawSession) => session.propose('desk.read', { note: 'n' });
  const claim = (grant: string) => call('POST', `${whole.urls.supervision}/claims`, { grant });
  const stop = async (scope: HaltScope): Promise<string> => {
    const answer = await whole.people.operator.call('supervision', 'POST', '/halts', { scope, reason: 'looks wrong' });
    expect(answer).toMatchObject({ status: 201, body: { paths: { topic: true, database: true } } });
    return String(answer.body['halt']);
  };
  const lift = async (halt: string): Promise<void> => { expect((await whole.people.operator.call('supervision', 'POST', `/halts/${halt}/lift`, { reason: 'explained' })).status).toBe(200); };

  it.each<[HaltScope['kind'], (run: string) => string | null, string]>([
    ['agent', () => 'clerk', 'halted'], ['tool', () => 'desk.read', 'halted'], ['run', (run) => run, 'run_halted'], ['tenant', () => 'acme', 'halted'], ['everything', () => null, 'halted'],
  ])('at the scope %s: what is proposed is denied, what was granted does not start, and the lift lets it go on', async (kind, idOf, code) => {
    const session = await open(clerk);
    const bystander = await open(other);
    // given grants that are still good
    const granted = await read(session);
    expect(granted).toMatchObject({ decision: 'allow', claim: false });
    const paid = await session.propose('desk.transfer', payment);
    expect(paid).toMatchObject({ decision: 'allow', claim: true });

    const halt = await stop({ kind, id: idOf(session.run) });

    const denied = await until('policy denies for the halt', async () => { const reply = await read(session); return reply.decision === 'deny' && reply; });
    expect(['halted', 'run_halted']).toContain(denied.code);
    if (kind !== 'run') expect(denied.code).toBe(code);
    const tool = await until('the tool refuses', async () => { const answer = await whole.tools.invoke('desk.read', { note: 'n' }, session.headers(granted.grant!)); return answer.status !== 200 && answer; });
    expect(tool).toMatchObject({ status: 409, body: { code: 'halted' } });
    if (kind !== 'tool') expect(await claim(paid.grant!)).toMatchObject({ status: 409, body: { code: 'halted' } });
    // whom it does not cover goes on
    const elsewhere = await bystander.propose(kind === 'tool' ? 'desk.write' : 'desk.read', kind === 'tool' ? { note: 'n', text: 't' } : { note: 'n' });
    expect(elsewhere.decision).toBe(kind === 'everything' || kind === 'tenant' ? 'deny' : 'allow');

    await lift(halt);
    await until('policy allows again', async () => (await read(session)).decision === 'allow');
    const claimed = await until('supervision confirms again', async () => { const answer = await claim(paid.grant!); return answer.status === 200 && answer; });
    expect(await whole.tools.invoke('desk.transfer', payment, session.headers(paid.grant!, String(claimed.body['claim'])))).toMatchObject({ status: 200 });
  });

  it('who is no operator cannot stop anything, nor lift', async () => {
    expect(await whole.people.nobody.call('supervision', 'POST', '/halts', { scope: { kind: 'everything' }, reason: 'fun' })).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    const halt = await stop({ kind: 'agent', id: 'nobody-of-ours' });
    expect(await whole.people.nobody.call('supervision', 'POST', `/halts/${halt}/lift`, { reason: 'fun' })).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });

  it('the third deny by a rule halts the run, and it stays stopped', async () => {
    const session = await open(clerk);
    for (let i = 0; i < 3; i++) expect(await session.propose('desk.forbidden', { note: `${i}` })).toMatchObject({ decision: 'deny', code: 'rule_denied' });
    await until('the run is halted', () => whole.seen.governed(session.run).some((record) => record.kind === 'run.halted'));
    expect(await read(session)).toMatchObject({ decision: 'deny', code: 'run_halted' });
  });

  it('an operator cancels one action: its grant is never confirmed', async () => {
    const session = await open(clerk);
    const paid = await session.propose('desk.transfer', payment);
    await until('supervision has the action', async () => (await whole.people.operator.call('supervision', 'POST', `/runs/${session.run}/actions/${paid.action!}/cancel`, { reason: 'wrong payee' })).status === 200);
    expect(await claim(paid.grant!)).toMatchObject({ status: 409, body: { code: 'cancelled' } });
    await until('the cancel is on the record', () => whole.seen.governed(session.run).some((record) => record.kind === 'action.cancelled' && record.by === 'operator'));
  });

  it('all of it is in the log', async () => {
    expect(await whole.drain()).toMatchObject({ ok: true, entries: whole.seen.recorded() });
  });
});
