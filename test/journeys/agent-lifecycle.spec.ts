import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AgentList, AgentReviewList } from '@countersign/contracts';
import { generateKey } from '@countersign/identity';
import { call, enrol, expectStatus, openRawSession, openTerminal, patiently, startWhole, until } from '@countersign/spec/whole';
import type { Human, RawSession, Terminal, Whole } from '@countersign/spec/whole';
import { agent as agentCommand } from '../../libs/cli/src/people/agents-command.ts';
import { raciOf } from '../../libs/cli/src/people/activate.ts';
import { approvalFor } from './approval-for.ts';
import type { ShownApproval } from './approval-for.ts';

const payment = { to: 'NL77PRNT0000000001', minor: 950 };
type Review = AgentReviewList['reviews'][number];

/** An agent that decides on people, from its registration to its end. */
describe('the life of an agent', () => {
  let whole: Whole, operator: Human, second: Human, terminal: Terminal;
  let session: RawSession;
  const key = generateKey('assessor-1');
  const { kty, crv, x, kid } = key.publicJwk;
  const draft = {
    agent: 'assessor', name: 'Assessor', owner: 'leaver', purpose: 'assesses applications and pays what was granted', roles: ['clerk'], permissions: ['desk.*', 'ledger.*'], ceiling: 2, environment: 'test', runtimeTrusted: true,
    limits: { calls: 1_000, money: null }, key: { kty, crv, x, kid }, euAiAct: { category: 'high', annexIII: 'essential_services' }, affects: ['applicants'], decidesOnPersons: ['desk.write'], raci: { ...raciOf('owner'), incident: { accountable: 'leaver' } },
  };
  beforeAll(async () => {
    whole = await startWhole();
    ({ operator } = whole.people);
    terminal = openTerminal(whole.urls);
    terminal.keep(operator, ['operator']);
    await enrol(whole.urls, operator, 'leaver', ['agent-owner']);
    second = await enrol(whole.urls, operator, 'second', ['operator']);
  }, 240_000);
  afterAll(async () => {
    await whole?.close();
    terminal?.close();
  });

  /** `countersign agent … --json`, as a pipeline runs it. */
  const typed = <T>(...args: string[]) => terminal.typed<T>(agentCommand, ...args);
  const reviewed = async (id: string): Promise<{ readonly code: number; readonly review: Review; readonly gaps: Readonly<Record<string, string>> }> => {
    const { code, out: review } = await typed<Review>('review', id);
    return { code, review, gaps: Object.fromEntries(review.checks.filter(({ passed }) => !passed).map(({ check, why }) => [check, why])) };
  };
  const step = (who: Human, to: string, reason: string) => who.call('registry', 'POST', `/agents/assessor/${to}`, { reason });
  const search = async (query: string) => (expectStatus(await operator.call('registry', 'GET', `/agents?${query}`), 200).body as unknown as AgentList).agents.map(({ agent }) => agent);
  const actionOf = async (action: string) => ((await operator.call('supervision', 'GET', `/runs/${session.run}`)).body['timeline'] as { readonly action: string; readonly status: string }[]).find((one) => one.action === action)?.status;
  const halts = async () => (await operator.call('supervision', 'GET', '/halts')).body['halts'] as readonly { readonly scope: { readonly kind: string; readonly id: string | null }; readonly reason: string }[];
  /** Asked by looking, not by voting: a vote in time would count. */
  const closed = async (approval: ShownApproval) => {
    await until('nobody is asked any more', async () => ((await whole.people.theo.call('approvals', 'GET', '/approvals?status=open')).body['approvals'] as ShownApproval[]).every((one) => one.approval !== approval.approval));
    expect((await whole.people.theo.vote(approval, 'approve')).status).toBeGreaterThanOrEqual(400);
  };
  const claim = (grant: string) => patiently(() => call('POST', `${whole.urls.supervision}/claims`, { grant }));

  it('a pipeline reviews the draft: each gap is named, with what to do, and the exit code is 1', async () => {
    expectStatus(await operator.call('registry', 'POST', '/agents', draft), 200, 201);
    expectStatus(await operator.call('registry', 'POST', '/people/leaver/leave', { reason: 'last day' }), 200);
    const { code, review, gaps } = await reviewed('assessor');
    expect(code).toBe(1);
    expect(gaps).toEqual({
      owner: 'its owner leaver is not an active person', raci: 'leaver, accountable for incident, is not an active person', tools: 'no tool of the catalogue matches ledger.*',
      baseline: 'it has neither a peer group nor a plan for its cold start', eu_ai_act: expect.stringMatching(/^desk.write decides on persons and may run at tier [12]$/),
    });
    for (const { passed, remedy } of review.checks) expect(remedy === null).toBe(passed);
    expect((await step(operator, 'activate', 'in a hurry')).status).toBe(409);
    expect(await operator.call('registry', 'POST', '/agents', { ...draft, owner: 'second', key: (({ kty, crv, x, kid }) => ({ kty, crv, x, kid }))(generateKey('namesake-1').publicJwk) })).toMatchObject({ status: 409, body: { code: 'conflict' } });
    expect((await typed('review', 'nobody-knows')).code).toBe(1);
  });

  it('mended it passes with exit code 0; its owner does not let it loose, somebody else does', async () => {
    expectStatus(await operator.call('registry', 'POST', '/agents', { ...draft, owner: 'second', permissions: ['desk.*'], decidesOnPersons: ['desk.wipe'], raci: raciOf('owner'), baselinePlan: 'Its first hundred assessments are read.' }), 200, 201);
    // Policy may be a moment behind the registry, and the review says so.
    expect(await until('the review passes', async () => { const one = await reviewed('assessor'); return one.code === 0 && one; })).toMatchObject({ gaps: {}, review: { passed: true, consequential: true } });
    expect(await step(second, 'activate', 'mine')).toMatchObject({ status: 403, body: { code: expect.any(String) } });
    expect(expectStatus(await step(operator, 'activate', 'reviewed'), 200).body).toMatchObject({ status: 'active', because: { by: 'operator', reason: 'reviewed' } });
  });

  it('it is found by what it is, and a filter that nobody knows is refused', async () => {
    expect(await search('category=high&status=active&owner=second&tool=desk.transfer&text=APPLICANTS')).toEqual(['assessor']);
    expect([await search('category=high&status=draft'), await search('text=%25'), await search('status=active&role=clerk&environment=test')]).toEqual([[], [], ['assessor', 'first']]);
    for (const query of ['colour=blue', 'status=asleep', 'owner=a&owner=b', 'limit=0']) expect(await operator.call('registry', 'GET', `/agents?${query}`)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });

  it('suspended in the middle of its work everything of it stops: what waits, what was granted, what runs', async () => {
    session = await until('policy knows the agent', () => openRawSession(whole, { id: 'assessor', key }, whole.people.tess.instruct('assessor', 'pay NL77PRNT0000000001 the 9.50 EUR and the 9.60 EUR')).catch(() => undefined), 60_000);
    const running = await session.propose('desk.transfer', payment);
    await until('it is claimed', async () => (await claim(running.grant!)).status === 200);
    const granted = await session.propose('desk.read', { note: 'n' });
    const waiting = await session.propose('desk.transfer', { to: 'DE89370400440532013000', minor: 950 });
    expect([running.decision, granted.decision, waiting.decision]).toEqual(['allow', 'allow', 'step_up']);
    const approval = await approvalFor(whole, waiting.action!);
    expectStatus(await step(operator, 'suspend', 'behaves oddly'), 200);
    await until('policy denies', async () => (await session.propose('desk.read', { note: 'n' })).decision === 'deny');
    await until('the tool refuses what was granted', async () => (await whole.tools.invoke('desk.read', { note: 'n' }, session.headers(granted.grant!))).body['code'] === 'halted');
    await until('what ran is unknown', async () => (await actionOf(running.action!)) === 'unknown');
    await until('what waited is cancelled', async () => (await actionOf(waiting.action!)) === 'cancelled');
    await closed(approval);
  });

  it('resumed it works on in the same run', async () => {
    await until('the review still holds', async () => (await step(operator, 'resume', 'explained')).status === 200);
    await until('policy allows again', async () => (await session.propose('desk.read', { note: 'n' })).decision === 'allow');
  });

  it('a supervision that was away while it was suspended stops it when it is back', async () => {
    const granted = await session.propose('desk.transfer', { ...payment, minor: 960 });
    const waiting = await session.propose('desk.transfer', { to: 'DE89370400440532013000', minor: 950 });
    expect([granted.decision, waiting.decision]).toEqual(['allow', 'step_up']);
    const approval = await approvalFor(whole, waiting.action!);
    await whole.stop('supervision');
    expectStatus(await step(operator, 'suspend', 'again'), 200);
    await whole.start('supervision');
    expect(await claim(granted.grant!)).toMatchObject({ status: 409, body: { code: 'agent_not_active' } });
    await until('what waited is cancelled', async () => (await actionOf(waiting.action!)) === 'cancelled');
    await closed(approval);
    await until('the tool is told', async () => (await halts()).some(({ scope, reason }) => scope.kind === 'agent' && scope.id === 'assessor' && reason.includes('again')));
  });

  it('decommissioned it is over: nothing brings it back, and nobody else gets its name', async () => {
    expectStatus(await step(operator, 'decommission', 'replaced'), 200);
    for (const to of ['resume', 'activate', 'suspend']) expect(await step(operator, to, 'after all')).toMatchObject({ status: 409, body: { code: 'conflict' } });
    expect((await operator.call('registry', 'POST', '/agents', { ...draft, owner: 'owner', permissions: ['desk.*'] })).status).toBe(409);
    await until('its run has ended', () => whole.seen.governed(session.run).some((one) => one.kind === 'run.ended' && one.reason === 'decommissioned'));
    expect(await search('status=decommissioned')).toEqual(['assessor']);
    expect(await whole.drain()).toMatchObject({ ok: true });
  });

  it('without a registry a pipeline is told that nothing was reviewed: exit code 2', async () => {
    await whole.stop('registry');
    const { code, out, err } = await typed('review', 'first');
    expect([code, out]).toEqual([2, {}]);
    expect(err).toContain('registry does not answer');
  });
});
