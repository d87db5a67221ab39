// Time per call of identity's hot paths: node --conditions=source libs/identity/bench/hot-paths.ts
import { canonicalJson, chainHash, computeProof, createKeySet, createTokenCache, generateKey, issueAgentToken, jwkThumbprint, messageDigestInput, parseStrictJson, signGrants, verifyGrant, verifyProof } from '@countersign/identity';

const time = (name: string, rounds: number, act: () => unknown): void => {
  for (let i = 0; i < rounds / 5; i++) act();
  const best = Math.min(...[1, 2, 3, 4, 5].map(() => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < rounds; i++) act();
    return Number(process.hrtime.bigint() - start) / rounds / 1000;
  }));
  console.log(`${name.padEnd(44)} ${best.toFixed(2)} µs`);
};

const message = { action: '0190', tool: 'payments.transfer', deadline: null, reason: 'x'.repeat(80), confidence: 0.9, arguments: { iban: 'DE02', amount: { minor: 129900, currency: 'EUR' }, lines: Array.from({ length: 8 }, (_, i) => ({ sku: `item-${i}`, count: i, note: 'y'.repeat(40), nested: { a: true, b: null } })) } };
const value = Buffer.from(JSON.stringify(message));
console.log(`message of ${value.length} bytes`);
time('JSON.parse', 20_000, () => JSON.parse(value.toString()));
time('parseStrictJson', 20_000, () => parseStrictJson(value));
time('canonicalJson of the same', 20_000, () => canonicalJson(message));

const key = generateKey('policy-1'), keys = createKeySet([key.publicJwk]);
const fields = { tenant: 'acme', topic: 'runs.inbox.v1', key: '0190-run', ceId: '0190-id', ceType: 'countersign.runs.proposed.v1', ceSource: '/agents/a', ceTime: '2026-01-01T00:00:00.000Z', run: '0190-run', seq: 3, prev: Buffer.alloc(32), token: 'jti', value };
const secret = Buffer.alloc(32, 1), input = messageDigestInput(fields), proof = computeProof(secret, input).toString('base64url');
time('messageDigestInput', 50_000, () => messageDigestInput(fields));
time('chainHash', 50_000, () => chainHash(input));
time('verifyProof', 50_000, () => verifyProof(secret, input, proof));
time('input + chain + proof', 50_000, () => { const i = messageDigestInput(fields); chainHash(i); return verifyProof(secret, i, proof); });

const token = issueAgentToken({ iss: 'r', aud: 'a', sub: 's', jti: 'j', iat: 1, exp: 100, tenant: 'acme', run: 'r', run_not_after: 200, scope: '', cnf: { jkt: jwkThumbprint(key.publicJwk), jwk: key.publicJwk } }, key);
const cache = createTokenCache({ keys, audience: 'a' });
time('token from the cache', 50_000, () => cache.verify(token, 5_000));

const claim = { jti: 'g', tenant: 'acme', run: '0190', action: '0191', agent: 'a', tool: 'payments.transfer', definition: 'd'.repeat(43), args: 'x'.repeat(43), aud: 'tools', policy: 'p'.repeat(20), tier: 1 as const, claim: false, jkt: 'j'.repeat(43), iat: 1, exp: 100 };
for (const n of [1, 100, 1000]) time(`signGrants, per grant, batch of ${n}`, 3_000 / n, () => signGrants(Array.from({ length: n }, () => claim), key));
const [grant] = signGrants(Array.from({ length: 100 }, () => claim), key);
time('verifyGrant of a batch of 100', 1_000, () => verifyGrant(grant!, keys, { now: 5_000, audience: 'tools' }));
