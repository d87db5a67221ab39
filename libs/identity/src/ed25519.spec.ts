import { sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { verifyEd25519, verifyEd25519Ahead } from './ed25519.ts';
import { createKeySet, generateKey } from './keys.ts';

const [a, b] = [generateKey('a-1'), generateKey('b-1')];
const keys = createKeySet([a.publicJwk, b.publicJwk]);
const [keyA, keyB] = [keys.get('a-1')!, keys.get('b-1')!];

describe('a signature verified ahead', () => {
  const bytes = Buffer.from('pay'), signature = sign(null, bytes, a.key);

  it('is answered as without, good or bad', async () => {
    const forged = Buffer.from(signature);
    forged[5]! ^= 1;
    await Promise.all([verifyEd25519Ahead(bytes, keyA, signature), verifyEd25519Ahead(bytes, keyA, forged)]);
    expect([verifyEd25519(bytes, keyA, signature), verifyEd25519(bytes, keyA, forged)]).toEqual([true, false]);
    expect([verifyEd25519(bytes, keyA, signature), verifyEd25519(bytes, keyA, forged)]).toEqual([true, false]);
  });

  it('vouches for no other bytes and no other key', async () => {
    await verifyEd25519Ahead(bytes, keyA, signature);
    expect(verifyEd25519(Buffer.from('pax'), keyA, signature)).toBe(false);
    await verifyEd25519Ahead(bytes, keyA, signature);
    expect(verifyEd25519(bytes, keyB, signature)).toBe(false);
    // A wrong answer found for another key is not taken over either.
    await verifyEd25519Ahead(bytes, keyB, signature);
    expect(verifyEd25519(bytes, keyA, signature)).toBe(true);
  });

  it('keeps its own copy of the bytes', async () => {
    const scratch = Buffer.from('pay');
    const asked = verifyEd25519Ahead(scratch, keyA, signature);
    scratch.write('pax');
    await asked;
    expect(verifyEd25519(scratch, keyA, signature)).toBe(false);
    expect(verifyEd25519(bytes, keyA, signature)).toBe(true);
  });

  it('never throws on a signature that is none', async () => {
    await verifyEd25519Ahead(bytes, keyA, Buffer.alloc(3));
    expect(verifyEd25519(bytes, keyA, Buffer.alloc(3))).toBe(false);
  });
});
