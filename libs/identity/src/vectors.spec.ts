import { createHash, createHmac, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { createKeySet, publicKeyOf, verifyAttest, verifyGrant } from './index.ts';
import { vectors } from '../vectors/generate.ts';

const read = <T>(name: string): T => JSON.parse(readFileSync(new URL(`../../../contracts/vectors/${name}`, import.meta.url), 'utf8')) as T;
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('golden vectors', () => {
  const proofs = read<(typeof vectors)['proof-vectors.json']>('proof-vectors.json'), grants = read<(typeof vectors)['grant-vectors.json']>('grant-vectors.json');

  it('are what the code makes (a difference breaks every released runtime)', () => {
    for (const [name, content] of Object.entries(vectors)) expect([name, read(name)]).toEqual([name, plain(content)]);
  });

  it('hold for plain HMAC and SHA-256, without our code', () => {
    const key = Buffer.from(proofs.proofKey, 'base64url');
    for (const message of proofs.messages) {
      const input = Buffer.from(message.input, 'hex');
      expect(createHmac('sha256', key).update(input).digest('base64url')).toBe(message.proof);
      expect(createHash('sha256').update(input).digest('base64url')).toBe(message.chainHash);
      expect(verifyAttest(Buffer.from(message.chainHash, 'base64url'), message.attest, publicKeyOf(proofs.sessionKey)!)).toBe(true);
    }
    expect(proofs.messages[1]!.prev).toBe(proofs.messages[0]!.chainHash);
  });

  it('tell valid grants from invalid ones', () => {
    const keys = createKeySet([grants.publicKey]), check = { now: grants.batches[0]!.claims[0]!.iat * 1000, audience: 'tools' };
    for (const { claims, texts } of grants.batches) texts.forEach((text, i) => expect(verifyGrant(text, keys, check)).toMatchObject({ ok: true, claims: claims[i] }));
    for (const { why, text } of grants.invalid) expect([why, verifyGrant(text, keys, check).ok]).toEqual([why, false]);
    // The single grant by hand: root = SHA-256(00 ‖ payload) under lengths and domain.
    const [, payload, , , , kid, signature] = grants.batches[0]!.texts[0]!.split('.') as [string, string, string, string, string, string, string];
    const root = createHash('sha256').update(Buffer.concat([Buffer.from([0]), Buffer.from(payload, 'base64url')])).digest();
    const statement = Buffer.concat(['countersign/grants/v1', kid, '1', root].flatMap((field) => { const bytes = Buffer.from(field); const length = Buffer.alloc(4); length.writeUInt32BE(bytes.length); return [length, bytes]; }));
    expect(verify(null, statement, createPublicKey({ key: { ...grants.publicKey }, format: 'jwk' }), Buffer.from(signature, 'base64url'))).toBe(true);
  });
});
