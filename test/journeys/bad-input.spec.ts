import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { partitionFor } from '@countersign/bus';
import type { TokenClaims } from '@countersign/contracts';
import { generateKey, issueAgentToken, jwkThumbprint, peekJws, proofKey } from '@countersign/identity';
import { secretFile, serviceKey } from '@countersign/service-host';
import { call, deskTool, newAction, openRawSession, proposal, startWithAgent, until } from '@countersign/spec/whole';
import type { Agent, RawSession, Tweak, Whole } from '@countersign/spec/whole';
import { randomUUID } from 'node:crypto';

const text = (json: string) => Buffer.from(json);
const body = (args: string) => text(`{"action":"${newAction()}","tool":"desk.read","arguments":${args},"deadline":null,"reason":null,"confidence":null}`);

/** Whatever comes in: a coded answer or a dead letter, on the record, and nothing waits behind it. */
describe('bad input', () => {
  let whole: Whole;
  let clerk: Agent;
  let session: RawSession;
  beforeAll(async () => {
    ({ whole, agent: clerk } = await startWithAgent('clerk'));
    session = await openRawSession(whole, clerk);
  }, 240_000);
  afterAll(async () => { await whole?.close(); });

  const goesOn = async () => expect(await session.propose('desk.read', { note: 'n' })).toMatchObject({ decision: 'allow' });
  const recorded = (code: string) => whole.seen.governed(session.run).some((record) => record.kind === 'message.refused' && record.code === code);

  it.each<[string, string, () => Tweak & { readonly kind?: string }]>([
    ['no JSON', 'malformed_json', () => ({ value: text('{"action":') })],
    ['nothing at all', 'malformed_json', () => ({ value: text('') })],
    ['bytes that are no UTF-8', 'invalid_utf8', () => ({ value: Buffer.from([0x7b, 0xff, 0xfe, 0x7d]) })],
    ['a NUL character', 'nul_byte', () => ({ value: body('{"note":"a\\u0000b"}') })],
    ['a raw NUL byte', 'nul_byte', () => ({ value: body('{"note":"a\u0000b"}') })],
    ['the same key twice', 'duplicate_key', () => ({ value: body('{"note":"a","note":"b"}') })],
    ['the same key twice, once escaped', 'duplicate_key', () => ({ value: body('{"note":"a","n\\u006fte":"b"}') })],
    ['__proto__', 'forbidden_key', () => ({ value: body('{"__proto__":{"note":"a"}}') })],
    ['half a surrogate pair', 'lone_surrogate', () => ({ value: body('{"note":"\\ud800"}') })],
    ['a number nobody holds exactly', 'unsafe_number', () => ({ value: body('{"note":9007199254740993}') })],
    ['no end of brackets', 'too_deep', () => ({ value: body(`{"note":${'['.repeat(500)}${']'.repeat(500)}}`) })],
    ['another schema', 'invalid_schema', () => ({ value: text('{"hello":"world"}') })],
    ['an action id that is no UUIDv7', 'invalid_schema', () => ({ value: text(JSON.stringify(proposal('desk.read', { note: 'n' }, 'one'))) })],
    ['a type that runtimes may not send', 'unsupported_type', () => ({ type: 'countersign.runs.resolved.v1' })],
    ['a type that nobody knows', 'unsupported_type', () => ({ type: 'countersign.runs.bribe.v1' })],
    ['a clock an hour ahead', 'clock_skew', () => ({ time: Date.now() + 3_600_000 })],
    ['a clock an hour behind', 'clock_skew', () => ({ time: Date.now() - 3_600_000 })],
    ['a signature that is not the session key\'s', 'bad_signature', () => ({ headers: { cs_attest: 'A'.repeat(86) } })],
  ])('%s is refused with %s, on the record, and takes its place in the chain', async (_, code, tweak) => {
    expect(await session.send('proposed', proposal('desk.read', { note: 'n' }), tweak())).toMatchObject({ kind: 'refused', code, grant: null });
    await until('it is on the record', () => recorded(code));
    await goesOn();
  });

  it('an expired token is refused with a code, and a renewed one goes on', async () => {
    const now = Math.floor(Date.now() / 1000);
    const stale = issueAgentToken({ ...(peekJws(session.token) as unknown as TokenClaims), jti: randomUUID(), iat: now - 900, exp: now - 300 }, serviceKey(whole.place.secretsDir, 'registry'));
    expect(await session.send('proposed', proposal('desk.read', { note: 'n' }), { token: stale })).toMatchObject({ kind: 'refused', code: 'token_expired' });
    await goesOn();
  });

  it('an unknown tool and arguments that do not fit are denied', async () => {
    const other = await openRawSession(whole, clerk);
    expect(await other.propose('desk.invented', { note: 'n' })).toMatchObject({ decision: 'deny', code: 'unknown_tool', grant: null });
    expect(await other.propose('desk.read', { note: 'n', and: 'more' })).toMatchObject({ decision: 'deny', code: 'arguments_invalid', grant: null });
    expect(await other.propose('desk.read', { note: 7 })).toMatchObject({ decision: 'deny', code: 'arguments_invalid', grant: null });
    expect(await other.propose('desk.read', { note: 'n' })).toMatchObject({ decision: 'allow' });
  });

  it('a deadline that has passed denies', async () => {
    expect(await session.send('proposed', { ...proposal('desk.read', { note: 'n' }), deadline: new Date(Date.now() - 1000).toISOString() })).toMatchObject({ decision: 'deny', code: 'late' });
  });

  it('an agent that only the token knows is refused', async () => {
    const key = generateKey('session');
    const now = Math.floor(Date.now() / 1000);
    const run = newAction();
    const jkt = jwkThumbprint(key.publicJwk);
    const { kty, crv, x, kid } = key.publicJwk;
    const token = issueAgentToken({ ...(peekJws(session.token) as unknown as TokenClaims), sub: 'ghost', run, jti: randomUUID(), iat: now, exp: now + 300, cnf: { jkt, jwk: { kty, crv, x, kid } } }, serviceKey(whole.place.secretsDir, 'registry'));
    const secret = proofKey(secretFile(whole.place.secretsDir, 'proof-secret'), { tenant: 'acme', run, jkt });
    const started = session.build('started', { instruction: { text: 'boo', attestation: null }, traceId: null }, { token, key: run, proofKey: secret, seq: 0, prev: new Uint8Array(32) });
    await whole.bus.publish([{ topic: started.topic, key: started.key, value: started.value, headers: started.headers! }]);
    expect(await until('it is answered', () => whole.seen.replies(run)[0])).toMatchObject({ kind: 'refused', code: 'unknown_agent' });
  });

  it.each<[string, string, (run: string) => { value: Buffer | null; headers?: Record<string, string>; key?: string }]>([
    ['a tombstone', 'tombstone', () => ({ value: null })],
    ['a record that nobody says', 'missing_header', () => ({ value: text('{}') })],
    ['a record without a key', 'wrong_key', () => ({ key: '', value: text('{}') })],
  ])('%s is a dead letter with its bytes and code, and nothing waits behind it', async (_, code, make) => {
    const before = whole.seen.dead.length;
    const { key = session.run, value, headers } = make(session.run);
    await whole.bus.publish([{ topic: 'runs.inbox.v1', key, value, ...(headers && { headers }), partition: partitionFor(session.run, await whole.bus.partitions('runs.inbox.v1')) }]);
    const letter = await until('it is a dead letter', () => whole.seen.dead[before]);
    expect(letter.headers).toMatchObject({ cs_dead_code: code, cs_dead_topic: 'runs.inbox.v1' });
    if (value !== null) expect(letter.value).toEqual(value);
    await goesOn();
  });

  it('what is too large never gets in: not on the bus, not over HTTP, not through the SDK', async () => {
    const huge = 'x'.repeat(200_000);
    const message = session.build('proposed', proposal('desk.read', { note: huge }));
    await expect(whole.bus.publish([{ topic: message.topic, key: message.key, value: message.value, headers: message.headers! }])).rejects.toThrow();
    const run = await clerk.open({ text: 'a lot', attestation: null });
    expect(await run.propose('desk.read', { note: huge }).decision).toMatchObject({ decision: 'deny', code: 'too_large' });
    expect(await call('POST', `${whole.urls.supervision}/claims`, { grant: 'x'.repeat(400_000) })).toMatchObject({ status: 413, body: { code: 'too_large' } });
    await goesOn();
  });

  it.each<[string, number, string, string, string?]>([
    ['no JSON', 400, 'malformed_json', '{"grant":'],
    ['the same key twice', 400, 'duplicate_key', '{"grant":"a","grant":"b"}'],
    ['__proto__', 400, 'forbidden_key', '{"__proto__":{"grant":"a"}}'],
    ['another schema', 400, 'invalid_request', '{"give":"me"}'],
    ['text', 415, 'unsupported_media_type', 'grant=a', 'text/plain'],
  ])('over HTTP %s is answered with %i %s', async (_, status, code, sent, type = 'application/json') => {
    const answer = await call('POST', `${whole.urls.supervision}/claims`, sent, { 'content-type': type });
    expect(answer).toMatchObject({ status, body: { code } });
  });

  it('a tool whose arguments nobody could check in bounded time does not get into the catalogue', async () => {
    const put = (pattern: string) => whole.people.operator.call('registry', 'PUT', '/tools/desk.slow', deskTool('Slow', { note: { type: 'string', pattern } }, { consequential: false }));
    expect(await put('^(?=a)(a+)+$')).toMatchObject({ status: 400, body: { code: 'invalid_request', detail: expect.stringMatching(/desk\.slow: the pattern .* cannot be checked in linear time .* RE2/) } });
    expect(await put('^(a+)+$')).toMatchObject({ status: 200 });
    // A matcher that tries all ways would not come back from four thousand letters in any time.
    await until('policy knows the tool and denies what does not fit', async () => (await (await openRawSession(whole, clerk)).propose('desk.slow', { note: `${'a'.repeat(4_000)}!` }))?.code === 'arguments_invalid');
    await goesOn();
  });

  it('over HTTP another Host or Origin is refused', async () => {
    expect(await call('GET', `${whole.urls.supervision}/halts`, undefined, { origin: 'https://evil.example' })).toMatchObject({ status: 403, body: { code: 'forbidden_origin' } });
  });

  it('a flood of agents that nobody knows costs counters, not lines', async () => {
    const flood = 3_000;
    const stranger = generateKey('registry-1');
    const claims = peekJws(session.token) as unknown as TokenClaims;
    const before = { governed: whole.seen.governed().length, counted: counted(whole) };
    const tokens = Array.from({ length: 300 }, (_, i) => issueAgentToken({ ...claims, sub: `nobody-${i}` }, stranger));
    const messages = Array.from({ length: flood }, (_, i) => session.build('proposed', proposal('desk.read', { note: 'n' }), { token: tokens[i % tokens.length]! }));
    for (let i = 0; i < flood; i += 200) await whole.bus.publish(messages.slice(i, i + 200).map(({ topic, key, value, headers }) => ({ topic, key, value, headers: headers! })));
    await until('all of it was counted', () => counted(whole) - before.counted === flood, 100_000);
    expect(whole.seen.governed().length - before.governed).toBeLessThan(flood / 10);
    for (const record of whole.seen.governed()) if (record.kind === 'messages.unproven') expect(record.counts.length).toBeLessThanOrEqual(52);
    await goesOn();
  });

  it('all of it is in the log, dead letters too', async () => {
    const verified = await whole.drainWhole();
    expect(verified).toMatchObject({ ok: true, governed: { missing: [] } });
    const { body: found } = await call('GET', `${whole.urls.audit}/entries?run=${session.run}`);
    const types = (found['entries'] as { leaf: { type: string } }[]).map(({ leaf }) => leaf.type);
    expect(types).toContain('countersign.governed.message.refused.v1');
  });
});

const counted = (whole: Whole): number => whole.seen.governed().flatMap((record) => (record.kind === 'messages.unproven' ? record.counts : [])).reduce((sum, { count }) => sum + count, 0);
