import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topic } from '@countersign/contracts';
import type { AccountabilityView, AgentReviewList, AgentSnapshot, GovernedDecided, InventoryReport, ServiceEvent, TokenClaims, UnusedView } from '@countersign/contracts';
import { generateKey, issueAgentToken, peekJws } from '@countersign/identity';
import { enrol, expectStatus, openRawSession, proposal, startWhole, until } from '@countersign/spec/whole';
import type { Agent, Human, RawSession, Whole } from '@countersign/spec/whole';
import { approvalFor } from './approval-for.ts';

/** Nobody waits for a day: it is an hour while things happen within it, and then over. */
const grace = (seconds: number) => ({ CS_REGISTRY_ORPHAN_GRACE_SECONDS: String(seconds) });
const note = { note: 'n', text: 't' };

/** Carol owns two agents and leaves the company. */
describe('an owner leaves', () => {
  let whole: Whole;
  let carol: Human;
  let payer: Agent;
  let filer: Agent;
  let session: RawSession;
  let before: { readonly run: string; readonly action: string };
  beforeAll(async () => {
    whole = await startWhole({ CS_REGISTRY_TEND_SECONDS: '1', CS_REGISTRY_PROPOSAL_DAYS: '1', CS_REGISTRY_PROPOSAL_CALLS: '1', ...grace(3_600) });
    carol = await enrol(whole.urls, whole.people.operator, 'carol', ['agent-owner', 'treasurer']);
    expectStatus(await whole.people.operator.call('registry', 'PATCH', '/people/carol', { manager: 'sena', reason: 'her team' }), 200);
    payer = await whole.agent('payer', { owner: 'carol', permissions: ['desk.write', 'desk.read'] });
    filer = await whole.agent('filer', { owner: 'carol' });
    session = await openRawSession(whole, payer, carol.instruct('payer', 'write it down'));
  }, 240_000);
  afterAll(async () => { await whole?.close(); });

  const agent = async (id: string) => (await whole.people.operator.call('registry', 'GET', `/agents/${id}`)).body as unknown as AgentSnapshot;
  const inventory = async () => expectStatus(await whole.people.operator.call('registry', 'GET', '/inventory/report'), 200).body as unknown as InventoryReport;
  const told = (of: typeof before) => whole.people.operator.call('registry', 'GET', `/accountability?run=${of.run}&action=${of.action}`);
  const answers = async (of: typeof before) => expectStatus(await told(of), 200).body as unknown as AccountabilityView;
  const propose = async (wanted: string) => {
    const reply = await session.propose('desk.write', note);
    return { reply, of: { run: session.run, action: reply.action! }, fits: reply.decision === wanted };
  };

  it('while she is there her agent acts alone', async () => {
    const { reply, of } = await propose('allow');
    expect(reply).toMatchObject({ decision: 'allow' });
    before = of;
  });

  it('the moment she leaves nothing of hers counts, and each agent of hers is an orphan that is listed', async () => {
    expect(await whole.people.operator.call('registry', 'POST', '/people/carol/leave', { reason: 'last day' })).toMatchObject({ status: 200, body: { status: 'gone' } });
    expect(await carol.call('registry', 'GET', '/agents')).toMatchObject({ status: 401 });
    for (const id of ['payer', 'filer']) expect(await agent(id)).toMatchObject({ status: 'active', ceiling: 0, lowered: [{ reason: 'orphaned' }] });
    expect((await inventory()).orphans).toMatchObject([{ agent: 'filer', owner: 'carol', successor: 'sena' }, { agent: 'payer', owner: 'carol', successor: 'sena' }]);
  });

  it('what her agent wants next asks people, and she is not one of them any more', async () => {
    const { reply } = await until('policy has heard of it', async () => { const one = await propose('step_up'); return one.fits && one; });
    const record = await until('it is on the record', () => whole.seen.governed(session.run).find((one): one is GovernedDecided => one.kind === 'action.decided' && one.action === reply.action));
    expect(record.decision).toMatchObject({ tier: 3, rules: expect.arrayContaining([expect.objectContaining({ id: 'builtin:ceiling' })]) });
    const approval = await approvalFor(whole, reply.action!);
    expect(await until('approvals has heard of it', async () => { const vote = await carol.vote(approval, 'approve'); return vote.status === 401 && vote; })).toMatchObject({ body: { code: 'unauthenticated' } });
  });

  it('somebody else takes it over by saying so themselves, and it works again', async () => {
    const { operator, owner, nobody } = whole.people;
    expect(await operator.call('registry', 'POST', '/agents/payer/owner', { owner: 'carol', reason: 'r' })).toMatchObject({ status: 409, body: { code: 'self_transfer' } });
    expect(await nobody.call('registry', 'POST', '/agents/payer/owner', { owner: 'guest', reason: 'r' })).toMatchObject({ status: 403 });
    expectStatus(await operator.call('registry', 'POST', '/agents/payer/owner', { owner: 'owner', reason: 'carol left' }), 200);
    expect(await agent('payer')).toMatchObject({ owner: 'carol', ceiling: 0, offeredTo: 'owner' });
    expect(await nobody.call('registry', 'POST', '/agents/payer/owner/accept')).toMatchObject({ status: 409, body: { code: 'not_offered' } });
    expect(await owner.call('registry', 'POST', '/agents/payer/owner/accept')).toMatchObject({ status: 200, body: { owner: 'owner', ceiling: 2 } });
    await until('policy lets it act again', async () => (await propose('allow')).fits);
  });

  /** What the registry says of a decision that rests on this version of the payer. */
  const restingOn = (version: number) => until('a decision rests on it', async () => {
    const { of } = await propose('allow');
    const view = await until('the registry has heard of it', async () => { const { status, body } = await told(of); return status === 200 && body; });
    return Number(view['agentVersion']) >= version ? { process: view['process'], stages: view['stages'], of } : undefined;
  });

  it('who answered for what it did before is found as it was then, with whom to ask today', async () => {
    await until('the registry has heard of it', async () => (await told(before)).status === 200);
    expect(await answers(before)).toMatchObject({ agent: 'payer', agentStatus: 'active', tool: 'desk.write', decision: 'allow', owner: { person: 'carol', gone: true, today: 'sena' } });
    const after = await propose('allow');
    expect(await until('the registry has heard of it', async () => { const { status, body } = await told(after.of); return status === 200 && body; }))
      .toMatchObject({ owner: { person: 'owner', gone: false, today: 'owner' } });
  });

  it('who answers changes with the agent\'s owner and by their word, never to nobody, and not for what was', async () => {
    const { owner } = whole.people;
    const { raci } = await agent('payer');
    expect(raci).toMatchObject({ trigger: { accountable: 'owner' }, incident: { accountable: 'owner' } });
    const say = (person: string) => owner.call('registry', 'POST', '/agents/payer/raci', { raci: { ...raci, incident: { accountable: person } }, reason: 'on call' });
    expect(await say('carol')).toMatchObject({ status: 409, body: { code: 'raci_gaps' } });
    expectStatus(await say('sena'), 200);
    const after = await restingOn((await agent('payer')).version);
    expect(after.stages).toContainEqual({ stage: 'incident', from: 'raci', person: 'sena', gone: false, today: 'sena' });
    expect((await answers(before)).stages).toContainEqual({ stage: 'incident', from: 'raci', person: 'carol', gone: true, today: 'sena' });
  });

  it('who answers in a process answers for its agents, from when they say so, and not for what was', async () => {
    const { operator, owner, tess, theo } = whole.people;
    const { raci = {} } = await agent('payer');
    const all = (person: string) => ({ process: { title: 'Work of the desk', owner: 'tess', raci: Object.fromEntries(Object.keys(raci).map((stage) => [stage, { accountable: person }])) }, reason: 'who answers' });
    expect(await tess.call('registry', 'PUT', '/processes/desk-work', all('tess'))).toMatchObject({ status: 403 });
    expectStatus(await operator.call('registry', 'PUT', '/processes/desk-work', all('tess')), 200);
    expectStatus(await owner.call('registry', 'POST', '/agents/payer/raci', { raci: { incident: { accountable: 'sena' } }, process: 'desk-work', reason: 'part of it now' }), 200);
    const first = await restingOn((await agent('payer')).version);
    expect(expectStatus(await tess.call('registry', 'PUT', '/processes/desk-work', all('theo')), 200).body).toMatchObject({ process: 'desk-work', version: 2, agents: ['payer'] });
    const second = await restingOn((await agent('payer')).version);
    expect(second).toMatchObject({ process: 'desk-work', stages: expect.arrayContaining([expect.objectContaining({ stage: 'trigger', from: 'process', person: theo.person }), expect.objectContaining({ stage: 'incident', from: 'raci', person: 'sena' })]) });
    expect((await answers(first.of)).stages).toContainEqual({ stage: 'trigger', from: 'process', person: 'tess', gone: false, today: 'tess' });
  });

  it('a process in which somebody answers who has left is listed until somebody else does, and is removed once nobody works in it', async () => {
    const { operator } = whole.people;
    const unanswered = async () => (await inventory()).unanswered.filter(({ kind }) => kind === 'process');
    const { process } = await agent('payer');
    const dana = await enrol(whole.urls, operator, 'dana', ['clerk']);
    const closing = (incident: string) => operator.call('registry', 'PUT', '/processes/closing', { process: { title: 'Closing the books', owner: 'tess', raci: { ...process!.raci, incident: { accountable: incident } } }, reason: 'month end' });
    expectStatus(await closing(dana.person), 200);
    expect(await unanswered()).toEqual([]);
    expectStatus(await operator.call('registry', 'POST', '/people/dana/leave', { reason: 'last day' }), 200);
    expect(await unanswered()).toEqual([{ kind: 'process', id: 'closing', owner: 'tess', ownerActive: true, stages: [{ stage: 'incident', person: 'dana' }], agents: [] }]);
    expectStatus(await closing('sena'), 200);
    expect(await unanswered()).toEqual([]);
    const remove = (id: string) => operator.call('registry', 'POST', `/processes/${id}/remove`, { reason: 'not needed' });
    expect(await remove('desk-work')).toMatchObject({ status: 409, body: { code: 'process_in_use', detail: expect.stringContaining('payer') } });
    expect(await remove('closing')).toMatchObject({ status: 200, body: { processes: [{ process: 'desk-work' }] } });
  });

  it('what an agent may do and never does is told, with the narrower role that would have been enough', async () => {
    const unused = async () => expectStatus(await whole.people.operator.call('registry', 'GET', '/agents/payer/unused?days=30'), 200).body as unknown as UnusedView;
    const view = await until('the registry has counted its calls', async () => { const one = await unused(); return one.proposal !== null && one; });
    expect(view.unused.flatMap(({ tools }) => tools)).toEqual(['desk.read']);
    expect(view.used).toMatchObject([{ tool: 'desk.write', targets: ['n'] }]);
    expect(view.proposal).toMatchObject({ permissions: [{ tools: ['desk.write'], resources: [{ fact: 'target', patterns: ['n'] }] }] });
  });

  it('who speaks on the stream and is nobody is a shadow', async () => {
    const forged = issueAgentToken({ ...peekJws(session.token) as unknown as TokenClaims, sub: 'ghost-bot' }, generateKey('registry-1'));
    const { hash: _hash, ...message } = session.build('proposed', proposal('desk.write', note), { token: forged });
    await whole.bus.publish([message]);
    const seen = await until('the registry has seen it', async () => (await inventory()).shadows.find(({ principal }) => principal === 'ghost-bot'));
    expect(seen).toMatchObject({ code: 'bad_signature', count: 1 });
    expect((await propose('allow')).fits).toBe(true);
  });

  it('the one that nobody takes over is suspended after the grace, and not resumed before somebody does', async () => {
    await whole.stop('registry');
    await whole.start('registry', { ...grace(1), CS_REGISTRY_PROPOSAL_DAYS: '1', CS_REGISTRY_PROPOSAL_CALLS: '1', CS_REGISTRY_CERTIFY_DAYS: '1', CS_REGISTRY_CERTIFY_REMIND_DAYS: '1' });
    await until('its grace is over', async () => (await agent('filer')).status === 'suspended');
    expect(await agent('filer')).toMatchObject({ lapsed: 'orphaned' });
    expect(await whole.people.operator.call('registry', 'POST', '/agents/filer/resume', { reason: 'needed' })).toMatchObject({ status: 409, body: { code: 'owner_not_active' } });
    await expect(filer.runtime.openRun({ instruction: { text: 'again', attestation: null } })).rejects.toMatchObject({ code: 'agent_not_active' });
  });

  it('has one way back: somebody accepts it, it is reviewed, it is resumed', async () => {
    const { operator, owner } = whole.people;
    expectStatus(await operator.call('registry', 'POST', '/agents/filer/owner', { owner: 'owner', reason: 'needed' }), 200);
    expect(await owner.call('registry', 'POST', '/agents/filer/owner/accept')).toMatchObject({ status: 200, body: { owner: 'owner', status: 'suspended', ceiling: 2 } });
    expect(await operator.call('registry', 'POST', '/agents/filer/resume', { reason: 'needed' })).toMatchObject({ status: 409, body: { code: 'governance_review_required' } });
    await until('its review passes', async () => (expectStatus(await operator.call('registry', 'POST', '/agents/reviews', { agents: ['filer'] }), 200).body as unknown as AgentReviewList).reviews[0]!.passed);
    expect(await operator.call('registry', 'POST', '/agents/filer/resume', { reason: 'needed' })).toMatchObject({ status: 200, body: { status: 'active', owner: 'owner' } });
  });

  it('what is due to be looked at again is listed until its owner has, and says it is still right', async () => {
    const due = async () => (await inventory()).recertifications.find((one) => one.agent === 'payer')!;
    const before = await due();
    expect(before).toMatchObject({ owner: 'owner', overdue: false });
    expect(await whole.people.operator.call('registry', 'POST', '/agents/payer/recertify', { reason: 'looked' })).toMatchObject({ status: 403 });
    expectStatus(await whole.people.owner.call('registry', 'POST', '/agents/payer/recertify', { reason: 'looked at what it did' }), 200);
    expect((await due()).dueAt).toBeGreaterThan(before.dueAt);
  });

  it('each of these was said once on the record, too', async () => {
    const said: ServiceEvent[] = [];
    const reading = await whole.bus.follow({ topics: [topic.registryEvents], from: 'start', onBatch: (messages) => { for (const { value } of messages) if (value !== null) said.push(JSON.parse(value.toString()) as ServiceEvent); } });
    try {
      const of = (type: string, stream: RegExp) => said.filter((one) => one.type === type && stream.test(one.stream)).map(({ data }) => data);
      await until('a reminder for the payer is out', () => of('agent.recertification_due', /^agent:payer$/).length > 0);
      await until('the shadow is told', () => of('shadow.seen', /^shadow:/).some((data) => data['principal'] === 'ghost-bot'));
      await until('what the payer does not use is told', () => of('agent.permissions_unused', /^unused:payer$/).length > 0);
      expect(of('agent.permissions_unused', /^unused:payer$/)).toMatchObject([{ agent: 'payer', unused: [{ tools: ['desk.read'] }], window: { days: 30 } }]);
      for (const id of ['payer', 'filer']) expect(of('agent.orphaned', new RegExp(`^agent:${id}$`))).toMatchObject([{ owner: 'carol' }]);
      expect(of('process.unanswered', /^process:closing$/)).toMatchObject([{ people: ['dana'] }]);
    } finally { await reading.stop(); }
  });

  it('the last operator does not leave', async () => {
    expect(await whole.people.operator.call('registry', 'POST', '/people/operator/leave', { reason: 'tired' })).toMatchObject({ status: 409, body: { code: 'last_operator' } });
  });

  it('all of it is in the log', async () => {
    expect(await whole.drainWhole()).toMatchObject({ ok: true });
  });
});
