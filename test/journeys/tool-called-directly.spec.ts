import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { generateKey, issueClaim, signGrants, verifyGrant } from '@countersign/identity';
import type { GrantClaims } from '@countersign/contracts';
import { serviceKey, serviceKeys } from '@countersign/service-host';
import { audience, call, openRawSession, patiently, startWhole, until } from '@countersign/spec/whole';
import type { Agent, RawSession, Whole } from '@countersign/spec/whole';

const amounts = [950, 960, 970, 980, 990] as const;
const bill = (minor: typeof amounts[number]) => ({ to: 'NL77PRNT0000000001', minor });
const payment = bill(950);
const note = { note: 'n' };

/** Somebody goes to the tool without asking, or with what was not given to them: it refuses with a code and does nothing. */
describe('a tool called directly', () => {
  let whole: Whole;
  let clerk: Agent;
  let session: RawSession;
  let other: RawSession;
  let ran: number;
  const open = (agent: Agent) => openRawSession(whole, agent, whole.people.tess.instruct(agent.id, `pay NL77PRNT0000000001 the bills over ${amounts.map((minor) => `${(minor / 100).toFixed(2)} EUR`).join(', ')}`));
  beforeAll(async () => {
    whole = await startWhole();
    clerk = await whole.agent('clerk');
    const stranger = await whole.agent('stranger');
    await clerk.open({ text: 'warm up', attestation: null });
    await stranger.open({ text: 'warm up', attestation: null });
    other = await open(stranger);
  }, 240_000);
  afterAll(async () => { await whole?.close(); });
  beforeEach(async () => {
    session = await open(clerk);
    ran = whole.tools.executed.length;
  });

  const invoke = (tool: string, args: object, headers: Readonly<Record<string, string>> = {}) => whole.tools.invoke(tool, args as never, headers);
  const claim = (grant: string) => patiently(() => call('POST', `${whole.urls.supervision}/claims`, { grant }));
  const claimed = async (grant: string): Promise<string> => String((await until('supervision confirms', async () => { const answer = await claim(grant); return answer.status === 200 && answer; })).body['claim']);
  const readGrant = (grant: string): GrantClaims => {
    const read = verifyGrant(grant, serviceKeys(whole.place.secretsDir).keys, { now: Date.now(), audience });
    if (!read.ok) throw new Error(read.detail);
    return read.claims;
  };
  const timeline = async () => (await whole.people.operator.call('supervision', 'GET', `/runs/${session.run}`)).body['timeline'] as { action: string; status: string }[];
  const nothingRan = () => expect(whole.tools.executed).toHaveLength(ran);

  it('without a grant', async () => {
    expect(await invoke('desk.read', note)).toMatchObject({ status: 401, body: { code: 'bad_grant' } });
    expect(await invoke('desk.read', note, { 'cs-grant': 'give me' })).toMatchObject({ status: 401, body: { code: 'bad_grant' } });
    nothingRan();
  });

  it('with a grant of another agent', async () => {
    const { grant } = await other.propose('desk.read', note);
    const own = await session.propose('desk.read', note);
    expect(await invoke('desk.read', note, { 'cs-grant': grant! })).toMatchObject({ status: 401, body: { code: 'session_proof_required' } });
    const proof = session.headers(own.grant!)['cs-session-proof']!;
    const answer = await invoke('desk.read', note, { 'cs-grant': grant!, 'cs-session-proof': proof });
    expect([401, 403]).toContain(answer.status);
    expect(['wrong_session', 'bad_session_proof']).toContain(answer.body['code']);
    nothingRan();
  });

  it('twice', async () => {
    const { grant } = await session.propose('desk.read', note);
    expect((await invoke('desk.read', note, session.headers(grant!))).status).toBe(200);
    expect(await invoke('desk.read', note, session.headers(grant!))).toMatchObject({ status: 409, body: { code: 'grant_used' } });
    expect(whole.tools.executed).toHaveLength(ran + 1);
  });

  it('twice at the same moment', async () => {
    const { grant } = await session.propose('desk.read', note);
    const statuses = (await Promise.all(Array.from({ length: 8 }, () => invoke('desk.read', note, session.headers(grant!))))).map(({ status }) => status).sort();
    expect(statuses).toEqual([200, ...Array.from({ length: 7 }, () => 409)]);
    expect(whole.tools.executed).toHaveLength(ran + 1);
  });

  it('with other arguments, or as another tool', async () => {
    const { grant } = await session.propose('desk.read', note);
    expect(await invoke('desk.read', { note: 'secret' }, session.headers(grant!))).toMatchObject({ status: 403, body: { code: 'wrong_arguments' } });
    expect(await invoke('desk.write', note, session.headers(grant!))).toMatchObject({ status: 403, body: { code: 'wrong_tool' } });
    nothingRan();
  });

  it('without a claim where one is needed, or with the claim of another grant', async () => {
    const first = await session.propose('desk.transfer', payment);
    const second = await session.propose('desk.transfer', bill(960));
    expect(first).toMatchObject({ decision: 'allow', claim: true });
    expect(await invoke('desk.transfer', payment, session.headers(first.grant!))).toMatchObject({ status: 401, body: { code: 'claim_required' } });
    expect(await invoke('desk.transfer', payment, session.headers(first.grant!, await claimed(second.grant!)))).toMatchObject({ status: 403, body: { code: 'claim_mismatch' } });
    nothingRan();
    expect((await invoke('desk.transfer', payment, session.headers(first.grant!, await claimed(first.grant!)))).status).toBe(200);
  });

  it('after the action was cancelled', async () => {
    const { grant, action } = await session.propose('desk.transfer', bill(970));
    expect(await session.send('cancel', { action, reason: 'changed my mind' })).toMatchObject({ code: 'cancelled', decision: 'deny', grant: null });
    // To ask by claiming would take the claim, should supervision not have heard yet.
    await until('supervision has heard of the cancel', async () => (await timeline()).some((one) => one.action === action && one.status === 'cancelled'));
    expect(await claim(grant!)).toMatchObject({ status: 409, body: { code: 'cancelled' } });
    expect(await invoke('desk.transfer', bill(970), session.headers(grant!))).toMatchObject({ status: 401, body: { code: 'claim_required' } });
    nothingRan();
  });

  it('is not called cancelled while its grant needs no claim: it may be running, and people hear that', async () => {
    const { grant, action } = await session.propose('desk.write', { ...note, text: 'x' });
    const cancel = () => whole.people.operator.call('supervision', 'POST', `/runs/${session.run}/actions/${action!}/cancel`, { reason: 'too late' });
    await until('supervision has the decision', async () => (await timeline()).some((one) => one.action === action && one.status === 'granted'));
    expect(await cancel()).toMatchObject({ status: 409, body: { code: 'conflict', detail: expect.stringContaining('may be running') } });
    expect((await invoke('desk.write', { ...note, text: 'x' }, session.headers(grant!))).status).toBe(200);
  });

  it('with a claim that was cancelled too late: it was claimed first, so it runs once', async () => {
    const { grant, action } = await session.propose('desk.transfer', bill(980));
    const text = await claimed(grant!);
    const late = await whole.people.operator.call('supervision', 'POST', `/runs/${session.run}/actions/${action!}/cancel`, { reason: 'too late' });
    expect(late).toMatchObject({ status: 409, body: { code: 'conflict' } });
    expect((await invoke('desk.transfer', bill(980), session.headers(grant!, text))).status).toBe(200);
  });

  it('with a grant that somebody made: by an own key, or by one stolen service key', async () => {
    const { grant } = await session.propose('desk.read', note);
    const claims = readGrant(grant!);
    const proof = session.headers(grant!)['cs-session-proof']!;
    const forged = (key: ReturnType<typeof generateKey>) => invoke('desk.read', note, { 'cs-grant': signGrants([{ ...claims, jti: 'forged' }], key)[0]!, 'cs-session-proof': proof });
    expect(await forged(generateKey('policy-1'))).toMatchObject({ status: 401, body: { code: 'bad_signature' } });
    expect(await forged(generateKey('mine-1'))).toMatchObject({ status: 401, body: { code: 'unknown_key' } });
    expect(await forged(serviceKey(whole.place.secretsDir, 'supervision'))).toMatchObject({ status: 403, body: { code: 'wrong_signer' } });
    expect(await claim(signGrants([{ ...claims, jti: 'forged' }], serviceKey(whole.place.secretsDir, 'supervision'))[0]!)).toMatchObject({ status: 400, body: { code: 'grant_invalid' } });
    nothingRan();
  });

  it('with a claim that is not supervision\'s', async () => {
    const { grant } = await session.propose('desk.transfer', bill(990));
    const now = Math.floor(Date.now() / 1000);
    const claims = readGrant(grant!);
    const own = issueClaim({ jti: 'c', grant: claims.jti, tenant: claims.tenant, run: claims.run, action: claims.action, aud: claims.aud, iat: now, exp: now + 10 }, serviceKey(whole.place.secretsDir, 'policy'));
    expect(await invoke('desk.transfer', bill(990), session.headers(grant!, own))).toMatchObject({ status: 403, body: { code: 'wrong_signer' } });
    nothingRan();
  });
});
