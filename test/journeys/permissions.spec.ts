import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AgentReviewList } from '@countersign/contracts';
import { generateKey } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { governed } from '../../libs/cli/src/people/activate.ts';
import { enrol, expectStatus, openRawSession, startWhole, until } from '@countersign/spec/whole';
import type { Human, RawSession, Whole } from '@countersign/spec/whole';

const reader = { permission: 'read', tools: ['desk.read'] };
const payer = (to: string, minor: number) => ({ permission: 'pay', tools: ['desk.transfer'], resources: [{ fact: 'target', patterns: [to] }], limits: { moneyPerAction: { minor, currency: 'EUR' } } });
const role = (...permissions: object[]) => ({ title: 'Pays suppliers', owner: 'owner', permissions });
const template = { title: 'Supplier payments', roles: ['payer'], ceiling: 2, environment: 'test', limits: { calls: 200, money: null }, fields: ['agent', 'name', 'owner', 'purpose'], ...governed('owner') };

/** A business team brings an agent in without IT, and what it may do is taken away and given by two people. */
describe('roles and their change', () => {
  let whole: Whole, operator: Human, lead: Human, rita: Human;
  let key: SigningKey;
  let session: RawSession;
  beforeAll(async () => {
    whole = await startWhole({ CS_REGISTRY_PROPOSAL_DAYS: '1', CS_REGISTRY_PROPOSAL_CALLS: '3' });
    ({ operator } = whole.people);
    lead = await enrol(whole.urls, operator, 'lead', ['finance-lead']);
    rita = await enrol(whole.urls, operator, 'rita', ['policy-reviewer']);
    key = generateKey('payer-1');
  }, 240_000);
  afterAll(async () => { await whole?.close(); });

  const put = (path: string, body: object) => operator.call('registry', 'PUT', path, body);
  const file = (who: Human, kind: string, id: string, after: object) => who.call('registry', 'POST', '/changes', { subject: { kind, id }, after, reason: 'the work needs it' });
  const approve = (who: Human, change: Record<string, unknown>) => who.agree(String(change['change']));
  const pay = async (to: string, minor: number) => { const { decision, code } = await session.propose('desk.transfer', { to, minor }); return decision === 'deny' ? code : 'let'; };
  const agentOf = async () => (await operator.call('registry', 'GET', '/agents/payer-1')).body;
  const publicKey = () => { const { kty, crv, x, kid } = key.publicJwk; return { kty, crv, x, kid }; };

  it('a team registers an agent out of a template by four fields, and no more than its giver may give', async () => {
    expectStatus(await put('/roles/payer', { role: role(reader, payer('NL*', 1_000), { permission: 'write', tools: ['desk.write'] }), reason: 'supplier payments' }), 200);
    expect(await put('/templates/payments', { template: { ...template, roles: ['nobody-declared'] }, reason: 'r' })).toMatchObject({ status: 404, body: { code: 'unknown_role' } });
    expectStatus(await put('/templates/payments', { template, reason: 'finance brings in its own' }), 200);
    const fields = { agent: 'payer-1', name: 'Payer', owner: 'owner', purpose: 'pays suppliers', key: publicKey() };
    expect(await lead.call('registry', 'POST', '/templates/payments/agents', fields)).toMatchObject({ status: 403, body: { code: 'grants_too_much', detail: expect.stringContaining('role payer (desk.read, desk.transfer, desk.write)') } });
    // What finance leads may give is nobody's word alone, not even the first time.
    const bound = { roles: ['payer'], tools: [], ceiling: 2, environments: ['test'], limits: template.limits, runtimeTrusted: false };
    expect(await put('/grantors/finance-lead', { grantor: bound, reason: 'alone' })).toMatchObject({ status: 403, body: { code: 'change_review_required' } });
    expectStatus(await approve(rita, expectStatus(await file(operator, 'grantor', 'finance-lead', bound), 200, 201).body), 200);
    const larger = await lead.call('registry', 'PUT', '/templates/mine', { template: { ...template, limits: { calls: 201, money: null }, environment: 'production' }, reason: 'more for ours' });
    expect(larger).toMatchObject({ status: 403, body: { code: 'grants_too_much', detail: 'environment production; limits of 201 calls and any amount of money in a run' } });
    expectStatus(await lead.call('registry', 'PUT', '/templates/mine', { template, reason: 'ours' }), 200);
    expect(await lead.call('registry', 'POST', '/templates/payments/agents', { ...fields, owner: undefined })).toMatchObject({ status: 400, body: { detail: expect.stringContaining('owner') } });
    expect(expectStatus(await lead.call('registry', 'POST', '/templates/payments/agents', fields), 200, 201).body).toMatchObject({ status: 'draft', template: 'payments', permissions: ['desk.read', 'desk.write'], scoped: [{ role: 'payer' }] });
    // Policy may be a moment behind the registry, and the review says so.
    await until('the governance review passes', async () => (expectStatus(await operator.call('registry', 'POST', '/agents/reviews', { agents: ['payer-1'] }), 200).body as unknown as AgentReviewList).reviews[0]!.passed);
    expectStatus(await operator.call('registry', 'POST', '/agents/payer-1/activate', { reason: 'ready' }), 200);
  });

  it('policy holds it to resource and limit, and people are told why', async () => {
    session = await until('policy knows the agent', () => openRawSession(whole, { id: 'payer-1', key }, whole.people.owner.instruct('payer-1', 'pay NL77PRNT0000000001 and DE77PRNT0000000001 what is due')).catch(() => undefined), 60_000);
    expect(await pay('NL77PRNT0000000001', 900)).toBe('let');
    expect(await pay('DE77PRNT0000000001', 900)).toBe('outside_permission');
    expect(await pay('NL77PRNT0000000001', 1_001)).toBe('outside_permission');
    const explained = await operator.call('registry', 'GET', '/agents/payer-1/permissions?tool=desk.transfer');
    expect(explained.body).toMatchObject({ template: 'payments', tool: { answer: 'depends', because: [expect.stringContaining('payer/pay covers it where target in NL*; an action moves at most 10.00 EUR'), expect.any(String)] } });
    expect((await operator.call('registry', 'GET', '/agents/payer-1/permissions?tool=desk.wipe')).body).toMatchObject({ tool: { answer: 'refused', because: ['no permission covers desk.wipe: it is denied'] } });
  });

  it('what is not used becomes a narrower role, filed and reviewed by another, and is enforced', async () => {
    session = await openRawSession(whole, { id: 'payer-1', key }, whole.people.owner.instruct('payer-1', 'pay NL77PRNT0000000001 what is due'));
    for (let n = 0; n < 3; n++) await session.propose('desk.read', { note: 'n' });
    const found = await until('its use is known', async () => { const { body } = await operator.call('registry', 'GET', '/agents/payer-1/unused?days=30'); return body['proposal'] !== null && body; }, 60_000);
    expect(found).toMatchObject({ unused: [{ source: 'payer/write', tools: ['desk.write'] }] });
    // Two where midnight came in between.
    expect([1, 2]).toContain((found['window'] as { observedDays: number }).observedDays);
    const narrowed = role(reader, payer('NL77*', 900));
    expect(await file(lead, 'role', 'payer', narrowed)).toMatchObject({ body: { status: 'open', widens: [], requester: 'lead' } });
    const open = ((await rita.call('registry', 'GET', '/changes')).body['changes'] as Record<string, unknown>[])[0]!;
    expect(await approve(lead, open)).toMatchObject({ status: 403, body: { code: 'self_approval' } });
    expect(expectStatus(await approve(rita, open), 200).body).toMatchObject({ status: 'applied', approvedBy: 'rita' });
    expect(await approve(rita, open)).toMatchObject({ status: 409, body: { code: 'change_closed' } });
    await until('policy has the narrower role', async () => (await pay('NL77PRNT0000000001', 950)) === 'outside_permission');
    expect((await session.propose('desk.write', { note: 'n', text: 't' })).code).toBe('not_permitted');
  });

  it('nobody widens alone: not by role, not by the agent, not its owner', async () => {
    const wider = role(reader, payer('*', 900));
    expect(await put('/roles/payer', { role: wider, reason: 'alone' })).toMatchObject({ status: 403, body: { code: 'change_review_required' } });
    const request = expectStatus(await file(operator, 'agent', 'payer-1', { permissions: ['desk.wipe'] }), 200, 201).body;
    expect(request).toMatchObject({ status: 'open', allows: ['desk.wipe'], diff: [{ field: 'effective' }, { field: 'permissions', before: '[]', after: '["desk.wipe"]' }] });
    expect(await approve(operator, request)).toMatchObject({ body: { code: 'self_approval' } });
    expect(await approve(whole.people.owner, request)).toMatchObject({ status: 403 });
    expect(await approve(lead, request)).toMatchObject({ status: 403, body: { code: 'grants_too_much', detail: 'tool desk.wipe' } });
    expect(await agentOf()).toMatchObject({ permissions: ['desk.read'] });
    expect(await operator.call('registry', 'POST', '/roles/payer/remove', { reason: 'gone' })).toMatchObject({ status: 409, body: { code: 'role_in_use', detail: expect.stringContaining('payer-1') } });
    expectStatus(await operator.call('registry', 'POST', `/changes/${String(request['change'])}/withdraw`, { reason: 'a mistake' }), 200);
  });

  it('another model is reviewed, a stale request is refused, and less is given at once', async () => {
    const stale = expectStatus(await file(operator, 'agent', 'payer-1', { model: 'other-model' }), 200, 201).body;
    const model = expectStatus(await file(operator, 'agent', 'payer-1', { model: 'some-model-2', promptVersion: 'v7' }), 200, 201).body;
    const { version: before } = await agentOf();
    expectStatus(await approve(rita, model), 200);
    expect(await agentOf()).toMatchObject({ model: 'some-model-2', promptVersion: 'v7', version: Number(before) + 1 });
    expect(await approve(rita, stale)).toMatchObject({ status: 409, body: { code: 'change_stale' } });
    expect(expectStatus(await file(whole.people.owner, 'agent', 'payer-1', { roles: [], ceiling: 1 }), 200, 201).body).toMatchObject({ status: 'applied', approvedBy: null });
    expect(await agentOf()).toMatchObject({ permissions: [], ceiling: 1 });
    await until('policy lets nothing more', async () => (await session.propose('desk.read', { note: 'n' })).code === 'not_permitted');
  });

  it('every step is in the log', async () => {
    expect(await whole.drainWhole()).toMatchObject({ ok: true });
  });
});
