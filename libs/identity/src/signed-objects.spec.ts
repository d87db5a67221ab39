import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { ClaimClaims, TokenClaims } from '@countersign/contracts';
import fc from 'fast-check';
import { calculateJwkThumbprint, importJWK, jwtVerify } from 'jose';
import { issueAgentToken, verifyAgentToken } from './agent-token.ts';
import { issueClaim, verifyClaim } from './claim.ts';
import { createClientAssertion, peekClient, verifyClientAssertion } from './client-assertion.ts';
import { signJws } from './jws.ts';
import { createKeySet, generateKey, jwkThumbprint, loadJwks, loadKeyFile, signingKeyOf } from './keys.ts';
import { instructionDigest, signPersonStatement, verifyPersonStatement } from './person.ts';
import { signServiceMessage, verifyServiceMessage } from './service-message.ts';
import { createTokenCache } from './token-cache.ts';

const key = generateKey('registry-1'), session = generateKey('session'), keys = createKeySet([key.publicJwk]);
const claims: TokenClaims = { iss: 'registry', aud: 'countersign', sub: 'agent', jti: 'j', iat: 1_000, exp: 1_300, tenant: 'acme', run: 'r', run_not_after: 5_000, scope: 'payments.*', cnf: { jkt: jwkThumbprint(session.publicJwk), jwk: session.publicJwk } };
const check = { now: 1_100_000, audience: 'countersign' };
const codeOf = (result: { ok: boolean; code?: string }) => (result.ok ? 'ok' : result.code);
const swap = (text: string, at: number, by: string) => text.slice(0, at) + by + text.slice(at + 1);

describe('agent token', () => {
  const jwt = issueAgentToken(claims, key);
  it('verifies here and with an independent library', async () => {
    expect(verifyAgentToken(jwt, keys, check)).toMatchObject({ ok: true, claims });
    const theirs = await jwtVerify(jwt, await importJWK(key.publicJwk, 'EdDSA'), { typ: 'at+jwt', audience: 'countersign', currentDate: new Date(check.now) });
    expect(theirs.payload).toMatchObject({ run: 'r' });
    expect(await calculateJwkThumbprint(session.publicJwk)).toBe(claims.cnf.jkt);
  });

  it('is refused after a change of any character', () => {
    fc.assert(fc.property(fc.nat(jwt.length - 1), fc.constantFrom(...'ABwxyz019-_.=+'), (at, by) => swap(jwt, at, by) === jwt || !verifyAgentToken(swap(jwt, at, by), keys, check).ok), { seed: 9, numRuns: 400 });
  });

  it('knows its boundaries and refuses what it is not', () => {
    const at = (now: number) => codeOf(verifyAgentToken(jwt, keys, { ...check, now }));
    expect([at(1_299_999), at(1_300_000), at(970_000), at(969_999)]).toEqual(['ok', 'expired', 'ok', 'not_yet_valid']);
    expect(codeOf(verifyAgentToken(jwt, keys, { ...check, audience: 'x' }))).toBe('wrong_audience');
    expect(codeOf(verifyAgentToken(signJws('countersign-claim+jwt', claims, key), keys, check))).toBe('bad_token');
    expect(codeOf(verifyAgentToken(issueAgentToken({ ...claims, cnf: { ...claims.cnf, jkt: 'other' } }, key), keys, check))).toBe('bad_token');
    expect(codeOf(verifyAgentToken(issueAgentToken(claims, generateKey('registry-1')), keys, check))).toBe('bad_signature');
    const none = `${Buffer.from('{"alg":"none","typ":"at+jwt","kid":"registry-1"}').toString('base64url')}.${jwt.split('.')[1]}.`;
    expect(codeOf(verifyAgentToken(none, keys, check))).toBe('bad_token');
    expect(codeOf(verifyAgentToken('x'.repeat(9_000), keys, check))).toBe('bad_token');
  });

  it('is cached until it expires; forgeries are remembered briefly and push nothing out', () => {
    const cache = createTokenCache({ keys, audience: 'countersign', max: 100 });
    expect(codeOf(cache.verify(jwt, check.now))).toBe('ok');
    for (let i = 0; i < 1_500; i++) cache.verify(`forged.${i}`, check.now);
    expect(cache.size).toBeLessThanOrEqual(1_001);
    expect(codeOf(cache.verify(jwt, 1_299_999))).toBe('ok');
    expect(codeOf(cache.verify(jwt, 1_300_000))).toBe('expired');
    for (let i = 0; i < 120; i++) cache.verify(issueAgentToken({ ...claims, jti: String(i) }, key), check.now);
    expect(cache.size).toBeLessThanOrEqual(1_100);
  });
});

describe('client assertion', () => {
  const jwt = createClientAssertion({ client: 'agent', audience: 'token', jti: 'j1', now: 1_000_000 }, key);
  const at = (now: number, audience = 'token', maxAgeS = 300) => codeOf(verifyClientAssertion(jwt, keys, { now, audience, maxAgeS }));
  it('lives a minute, for one audience', () => {
    expect(peekClient(jwt)).toBe('agent');
    expect([at(1_000_000), at(1_059_999), at(1_060_000), at(969_999), at(1_000_000, 'x'), at(1_000_000, 'token', 59)]).toEqual(['ok', 'ok', 'expired', 'not_yet_valid', 'wrong_audience', 'expired']);
    expect(peekClient('nonsense')).toBeUndefined();
  });
});

describe('claim', () => {
  const supervision = generateKey('supervision-1'), set = createKeySet([supervision.publicJwk]);
  const c: ClaimClaims = { jti: 'c', grant: 'g', tenant: 'acme', run: 'r', action: 'a', aud: 'tools', iat: 1_000, exp: 1_005 };
  it('verifies within its seconds only', () => {
    const at = (now: number) => codeOf(verifyClaim(issueClaim(c, supervision), set, { now, audience: 'tools' }));
    expect([at(1_004_999), at(1_005_000)]).toEqual(['ok', 'expired']);
    expect(codeOf(verifyClaim(issueClaim({ ...c, grant: '' }, supervision), set, { now: 1_001_000, audience: 'tools' }))).toBe('bad_token');
  });
});

describe('service message', () => {
  const approvals = generateKey('approvals-1'), set = createKeySet([approvals.publicJwk, key.publicJwk]);
  const record = { topic: 'runs.inbox.v1', key: 'r', value: Buffer.from('{}') as Buffer | null, headers: { ce_id: 'i', ce_type: 'countersign.runs.resolved.v1', ce_source: '/approvals', ce_time: 't', tenant: 'acme' } as Record<string, string> };
  const signers = { 'countersign.runs.resolved.v1': ['approvals'] };
  it('verifies as signed, and not after any change', () => {
    const signed = signServiceMessage(record, approvals);
    expect(verifyServiceMessage(signed, set, signers)).toMatchObject({ ok: true, service: 'approvals' });
    for (const changed of [{ ...signed, topic: 'x' }, { ...signed, key: 'x' }, { ...signed, value: Buffer.from('{ }') }, { ...signed, value: null }, ...['ce_id', 'ce_source', 'ce_time', 'tenant', 'cs_signature'].map((h) => ({ ...signed, headers: { ...signed.headers, [h]: `${signed.headers[h]}x` } }))]) {
      expect(codeOf(verifyServiceMessage(changed, set, signers))).toBe('bad_signature');
    }
  });
  it('covers its number: none is changed, put on or taken off', () => {
    const numbered = signServiceMessage({ ...record, headers: { ...record.headers, cs_seq: '7' } }, approvals);
    expect(codeOf(verifyServiceMessage(numbered, set, signers))).toBe('ok');
    const { cs_seq: _seq, ...without } = numbered.headers;
    const plain = signServiceMessage(record, approvals);
    for (const changed of [{ ...numbered, headers: { ...numbered.headers, cs_seq: '8' } }, { ...numbered, headers: without }, { ...plain, headers: { ...plain.headers, cs_seq: '7' } }]) expect(codeOf(verifyServiceMessage(changed, set, signers))).toBe('bad_signature');
  });
  it('pins the type to its signer', () => {
    expect(codeOf(verifyServiceMessage(signServiceMessage(record, key), set, signers))).toBe('wrong_signer');
    expect(codeOf(verifyServiceMessage(signServiceMessage({ ...record, headers: { ...record.headers, ce_type: 'constructor' } }, approvals), set, signers))).toBe('wrong_signer');
    expect(codeOf(verifyServiceMessage(record, set, signers))).toBe('missing_header');
    expect(codeOf(verifyServiceMessage(signServiceMessage({ ...record, value: null }, approvals), set, signers))).toBe('ok');
  });
});

describe('person statements', () => {
  const person = generateKey('alice-1'), set = createKeySet([person.publicJwk]), who = { now: 1_000_000, person: 'alice' };
  const vote = { sub: 'alice', approval: 'ap', digest: 'd', vote: 'approve' as const, reason: '', iat: 1_000 };
  it('verify with the right person, kind and shape only', () => {
    const jws = signPersonStatement('vote', vote, person);
    expect(verifyPersonStatement('vote', jws, set, who)).toMatchObject({ ok: true, statement: vote });
    expect(codeOf(verifyPersonStatement('instruction', jws, set, who))).toBe('bad_token');
    expect(codeOf(verifyPersonStatement('vote', jws, set, { ...who, person: 'bob' }))).toBe('wrong_person');
    expect(codeOf(verifyPersonStatement('vote', jws, set, { ...who, now: 969_999 }))).toBe('not_yet_valid');
    expect(codeOf(verifyPersonStatement('vote', signPersonStatement('vote', { ...vote, vote: 'maybe' as 'deny' }, person), set, who))).toBe('bad_token');
    const instruction = signPersonStatement('instruction', { sub: 'alice', run: 'r', instruction: instructionDigest('pay'), agent: 'a', tenant: 'acme', iat: 1_000 }, person);
    expect(codeOf(verifyPersonStatement('instruction', instruction, set, who))).toBe('ok');
    const login = signPersonStatement('login', { sub: 'alice', aud: 'approvals', iat: 1_000, exp: 1_060, jti: 'x' }, person);
    expect([codeOf(verifyPersonStatement('login', login, set, { ...who, audience: 'approvals' })), codeOf(verifyPersonStatement('login', login, set, who)), codeOf(verifyPersonStatement('login', login, set, { ...who, now: 1_060_000, audience: 'approvals' }))]).toEqual(['ok', 'wrong_audience', 'expired']);
  });
});

describe('key files', () => {
  it('are read when private, and refused when others may read them or they do not fit', () => {
    const dir = mkdtempSync(join(tmpdir(), 'identity-'));
    const path = join(dir, 'k.json');
    writeFileSync(path, JSON.stringify(key.privateJwk), { mode: 0o600 });
    expect(loadKeyFile(path).publicJwk).toEqual(key.publicJwk);
    chmodSync(path, 0o640);
    expect(() => loadKeyFile(path)).toThrow('chmod 600');
    writeFileSync(join(dir, 'jwks.json'), JSON.stringify({ keys: [key.publicJwk, session.publicJwk] }));
    expect(loadJwks(join(dir, 'jwks.json'))).toHaveLength(2);
    expect(() => createKeySet([key.publicJwk, key.publicJwk])).toThrow('twice');
    expect(() => signingKeyOf({ ...key.privateJwk, x: session.publicJwk.x })).toThrow();
    rmSync(dir, { recursive: true });
  });
});
