import { describe, expect, it } from '@jest/globals';
import type { GrantClaims, ReceiptClaims } from '@countersign/contracts';
import fc from 'fast-check';
import { maxGrantBatch, signGrants, verifyGrant, verifyReceipt } from './grant.ts';
import { createKeySet, generateKey } from './keys.ts';

const key = generateKey('policy-1');
const keys = createKeySet([key.publicJwk]);
const claims = (n: number): GrantClaims => ({
  jti: `g${n}`, tenant: 'acme', run: 'run-1', action: `a${n}`, agent: 'agent', tool: 'payments.transfer', definition: 'd', args: 'x', aud: 'tools', policy: 'p1', tier: 3, claim: true, jkt: 'j', iat: 1000, exp: 1030,
});
const batch = (n: number) => Array.from({ length: n }, (_, i) => claims(i));
const check = { now: 1_000_000, audience: 'tools' };

describe('grants', () => {
  it.each([1, 2, 3, 5, 7, 8, 9, 100, maxGrantBatch])('each of a batch of %i verifies alone', (n) => {
    const texts = signGrants(batch(n), key);
    const step = Math.max(1, Math.floor(n / 9));
    for (let i = 0; i < n; i += step) expect(verifyGrant(texts[i]!, keys, check)).toMatchObject({ ok: true, claims: claims(i), kid: 'policy-1' });
  });

  it('signs the same again, and nothing where there is nothing', () => {
    expect(signGrants(batch(3), key)).toEqual(signGrants(batch(3), key)); // Ed25519 is deterministic
    expect(signGrants([], key)).toEqual([]);
  });

  it('refuses more than a batch', () => {
    expect(() => signGrants(batch(maxGrantBatch + 1), key)).toThrow(RangeError);
  });

  it('is refused after a change of any character', () => {
    const [text] = signGrants(batch(3), key) as [string];
    const alphabet = 'ABCDwxyz0129-_.=+/ ';
    fc.assert(fc.property(fc.nat(text.length - 1), fc.constantFrom(...alphabet), (at, by) => {
      const tampered = text.slice(0, at) + by + text.slice(at + 1);
      return tampered === text || !verifyGrant(tampered, keys, check).ok;
    }), { seed: 3, numRuns: 600 });
  });

  it('is refused at another index, size or path than its own', () => {
    const texts = signGrants(batch(5), key);
    for (let i = 0; i < 5; i++) {
      for (const [index, size] of [[i + 1, 5], [i, 6], [i, 4], [i, 1], [0, 0]]) {
        const parts = texts[i]!.split('.');
        parts[2] = String(index);
        parts[3] = String(size);
        expect(verifyGrant(parts.join('.'), keys, check).ok).toBe(false);
      }
      const parts = texts[i]!.split('.');
      parts[4] += 'A'.repeat(43);
      expect(verifyGrant(parts.join('.'), keys, check).ok).toBe(false);
    }
  });

  it('refuses an inner node passed off as a leaf', () => {
    const parts = signGrants(batch(2), key)[0]!.split('.');
    const sibling = Buffer.from(parts[4]!, 'base64url');
    parts[1] = Buffer.concat([Buffer.alloc(32), sibling]).toString('base64url');
    parts[2] = '0'; parts[3] = '1'; parts[4] = '';
    expect(verifyGrant(parts.join('.'), keys, check).ok).toBe(false);
  });

  it('knows the boundaries of its life and its audience', () => {
    const [text] = signGrants([claims(0)], key) as [string];
    const at = (now: number) => { const r = verifyGrant(text, keys, { ...check, now }); return r.ok ? 'ok' : r.code; };
    expect([at(1_029_999), at(1_030_000), at(1_000_000 - 30_000), at(1_000_000 - 30_001)]).toEqual(['ok', 'expired', 'ok', 'not_yet_valid']);
    expect(verifyGrant(text, keys, { ...check, audience: 'other' })).toMatchObject({ code: 'wrong_audience' });
  });

  it('refuses keys it does not know, and another key under a known name', () => {
    const impostor = generateKey('policy-1');
    expect(verifyGrant(signGrants([claims(0)], impostor)[0]!, keys, check)).toMatchObject({ code: 'bad_signature' });
    expect(verifyGrant(signGrants([claims(0)], generateKey('evil-1'))[0]!, keys, check)).toMatchObject({ code: 'unknown_key' });
  });

  it('refuses claims of the wrong shape even when signed', () => {
    for (const bad of [{ ...claims(0), tier: 5 }, { ...claims(0), claim: 'yes' }, { ...claims(0), run: '' }, { ...claims(0), exp: 1030.5 }]) {
      expect(verifyGrant(signGrants([bad as GrantClaims], key)[0]!, keys, check).ok).toBe(false);
    }
    expect(verifyGrant('x'.repeat(10_000), keys, check)).toMatchObject({ code: 'bad_grant' });
    expect(verifyGrant(undefined as unknown as string, keys, check)).toMatchObject({ code: 'bad_grant' });
  });
});

describe('receipts of what was not granted', () => {
  const denied: ReceiptClaims = { receipt: 1, tenant: 'acme', run: 'run-1', action: 'a1', agent: 'agent', tool: 'payments.transfer', round: 1, decision: 'deny', tier: 3, code: 'rule_denied', rules: ['money.large'], policy: 'p1', message: 'm'.repeat(43), iat: 1_000_000 };
  const [grant, receipt] = signGrants([claims(0), denied], key) as [string, string];

  it('stand under the same signature as the grants of their batch, and do not expire', () => {
    expect(verifyReceipt(receipt, keys)).toEqual({ ok: true, claims: denied, kid: 'policy-1' });
    expect(verifyGrant(grant, keys, check)).toMatchObject({ ok: true });
  });

  it('are no grants, and grants no receipts, under whatever prefix', () => {
    for (const text of [receipt, receipt.replace('csr1', 'csg1')]) expect(verifyGrant(text, keys, check)).toMatchObject({ code: 'bad_grant' });
    for (const text of [grant, grant.replace('csg1', 'csr1')]) expect(verifyReceipt(text, keys)).toMatchObject({ code: 'bad_receipt' });
  });

  it('are refused after a change of any character, and under another key', () => {
    fc.assert(fc.property(fc.nat(receipt.length - 1), fc.constantFrom(...'ABCDwxyz0129-_.=+/ '), (at, by) => {
      const tampered = receipt.slice(0, at) + by + receipt.slice(at + 1);
      return tampered === receipt || !verifyReceipt(tampered, keys).ok;
    }), { seed: 4, numRuns: 400 });
    expect(verifyReceipt(receipt, createKeySet([generateKey('policy-1').publicJwk]))).toMatchObject({ code: 'bad_signature' });
  });
});
