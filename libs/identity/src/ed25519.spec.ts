import { sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { until } from '../../spec/src/until.ts';
import { lazyKey, verifiedAheadCounts, verifyEd25519, verifyEd25519Ahead } from './ed25519.ts';
import { createKeySet, generateKey } from './keys.ts';
import { createVerifyThread, startVerifyWorker } from './verify-thread.ts';

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

describe('the verifying thread', () => {
  const bytes = Buffer.from('pay'), signature = sign(null, bytes, a.key), key = Buffer.from(a.publicJwk.x, 'base64url');
  const question = { key, input: bytes, signature };

  it('answers for keys not imported here, and only for that key', async () => {
    const before = verifiedAheadCounts().answered;
    const lazy = { x: a.publicJwk.x, imported: () => undefined };
    // The first question waits for the thread to start, and for two seconds at most: then it is not answered, and asked again.
    await until('the thread answers', async () => { await verifyEd25519Ahead(bytes, lazy, signature); return verifiedAheadCounts().answered > before; }, 60_000);
    expect(verifiedAheadCounts().answered).toBe(before + 1);
    expect(verifyEd25519(bytes, lazy, signature)).toBe(true);
    expect(verifyEd25519(bytes, lazy, signature)).toBe(false); // consumed, and this key cannot be imported
    expect(verifyEd25519(bytes, lazyKey(a.publicJwk.x), signature)).toBe(true);
    expect(verifyEd25519(bytes, lazyKey('none'), signature)).toBe(false);
  });

  it('that is killed or cannot start says nothing, and another is started', async () => {
    const started: ReturnType<typeof startVerifyWorker>[] = [];
    const thread = createVerifyThread({ start: () => (started.push(startVerifyWorker()), started.at(-1)!), timeoutMs: 60_000, restartAfterMs: 0 });
    expect(await Promise.all([thread.ask(question), thread.ask({ ...question, key: Buffer.from(b.publicJwk.x, 'base64url') })])).toEqual([true, false]);
    const asked = thread.ask(question);
    await started[0]!.terminate();
    expect([true, undefined]).toContain(await asked);
    expect(await thread.ask(question)).toBe(true);
    expect([started.length, thread.counts().failures]).toEqual([2, 1]);
    await started[1]!.terminate();
    const none = createVerifyThread({ start: () => { throw new Error('no threads here'); }, timeoutMs: 60_000, restartAfterMs: 0 });
    expect([await none.ask(question), none.counts()]).toEqual([undefined, { answered: 0, unanswered: 1, failures: 1 }]);
  });
});
