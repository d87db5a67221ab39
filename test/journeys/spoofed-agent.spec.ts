import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { partitionFor } from '@countersign/bus';
import { createClientAssertion, generateKey, issueAgentToken, peekJws } from '@countersign/identity';
import type { TokenClaims } from '@countersign/contracts';
import { serviceKey } from '@countersign/service-host';
import { call, openRawSession, patiently, proposal, startWhole, until } from '@countersign/spec/whole';
import type { Agent, RawSession, Tweak, Whole } from '@countersign/spec/whole';
import { randomUUID } from 'node:crypto';

/** Somebody pretends to be an agent: by token, key, proof, run or partition. */
describe('a spoofed agent', () => {
  let whole: Whole;
  let victim: Agent;
  let thief: Agent;
  let session: RawSession;
  let other: RawSession;
  beforeAll(async () => {
    whole = await startWhole();
    victim = await whole.agent('victim');
    thief = await whole.agent('thief');
    await victim.open({ text: 'warm up', attestation: null });
    await thief.open({ text: 'warm up', attestation: null });
    session = await openRawSession(whole, victim);
    other = await openRawSession(whole, thief);
  }, 240_000);
  afterAll(async () => { await whole?.close(); });

  const counted = (code: string, principal: string): number => whole.seen.governed().flatMap((record) => (record.kind === 'messages.unproven' ? record.counts : [])).filter((count) => count.code === code && count.principal === principal).reduce((sum, { count }) => sum + count, 0);
  const claims = () => peekJws(session.token) as unknown as TokenClaims;

  it.each<[string, string, string, () => { readonly from: RawSession; readonly tweak: Tweak }]>([
    ['a token signed by another key under the registry\'s name', 'bad_signature', 'victim', () => ({ from: session, tweak: { token: issueAgentToken(claims(), generateKey('registry-1')) } })],
    ['a token signed with another service\'s key', 'unknown_key', 'victim', () => ({ from: session, tweak: { token: issueAgentToken(claims(), serviceKey(whole.place.secretsDir, 'anomaly')) } })],
    ['its own token in another agent\'s run', 'wrong_key', 'thief', () => ({ from: other, tweak: { key: session.run } })],
    ['another agent\'s token without its proof key', 'bad_proof', 'victim', () => ({ from: session, tweak: { proofKey: other.proofKey } })],
    ['a proof of other bytes', 'bad_proof', 'victim', () => ({ from: session, tweak: { headers: { cs_proof: 'A'.repeat(43) } } })],
    ['no chain at all', 'missing_header', 'victim', () => ({ from: session, tweak: { headers: { cs_prev: undefined } } })],
  ])('with %s is counted, gets no answer and blocks nobody', async (_, code, principal, forged) => {
    const before = counted(code, principal);
    const answers = whole.seen.replies(session.run).length;
    const { from, tweak } = forged();
    const { hash: _hash, ...message } = from.build('proposed', proposal('desk.write', { note: 'n', text: 'stolen' }), tweak);
    await whole.bus.publish([message]);
    await until('it was counted', () => counted(code, principal) > before);
    expect(whole.seen.replies(session.run)).toHaveLength(answers);
    expect(await session.propose('desk.read', { note: 'n' })).toMatchObject({ decision: 'allow' });
  });

  it('in the wrong partition is refused with a code, and the run\'s own partition goes on', async () => {
    const partitions = await whole.bus.partitions('runs.inbox.v1');
    const wrong = (partitionFor(session.run, partitions) + 1) % partitions;
    expect(await session.publish(session.build('proposed', proposal('desk.read', { note: 'n' }), { partition: wrong }))).toMatchObject({ kind: 'refused', code: 'wrong_partition' });
    expect(await session.propose('desk.read', { note: 'n' })).toMatchObject({ decision: 'allow' });
  });

  it('gets no token for another\'s key, nor with a statement that was used before', async () => {
    const audience = `${whole.urls.registry}/oauth2/token`;
    const { kty, crv, x, kid } = generateKey('session').publicJwk;
    const ask = (assertion: string, more: Record<string, string> = {}) => patiently(() => call('POST', audience, new URLSearchParams({
      grant_type: 'client_credentials', client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: assertion, session_key: JSON.stringify({ kty, crv, x, kid }), ...more,
    }).toString(), { 'content-type': 'application/x-www-form-urlencoded' }));
    const assertion = (client: string, key = victim.key) => createClientAssertion({ client, audience, jti: randomUUID(), now: Date.now() }, key);

    expect(await ask(assertion('victim', generateKey('victim-1')))).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    expect(await ask(assertion('victim', thief.key))).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    expect(await ask(assertion('not-registered'))).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    const once = assertion('victim');
    expect((await ask(once)).status).toBe(200);
    expect(await ask(once)).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    // a run belongs to the agent and the session key that opened it
    expect((await ask(assertion('victim'), { run: session.run })).status).toBe(400);
    expect((await ask(assertion('thief', thief.key), { run: session.run })).status).toBe(400);
  });

  it('what nobody could be held to is counted in the log', async () => {
    const verified = await whole.drainWhole();
    expect(verified).toMatchObject({ ok: true });
  });
});
