import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createChain } from './chain.ts';
import { macKey } from './hmac.ts';
import { generateKey, jwkThumbprint } from './keys.ts';
import { attest, chainHash, computeProof, messageDigestInput, provenFieldsOf, provenHash, verifyAttest, verifyProof } from './message-proof.ts';
import type { ProvenFields } from './message-proof.ts';
import { proofKey } from './proof-key.ts';

const secret = Buffer.alloc(32, 7);
const fields: ProvenFields = {
  tenant: 'acme', topic: 'runs.inbox.v1', key: 'run-1', ceId: 'id-1', ceType: 'countersign.runs.proposed.v1', ceSource: '/agents/a', ceTime: '2026-01-01T00:00:00.000Z',
  run: 'run-1', seq: 3, prev: Buffer.alloc(32, 1), token: 'jti-1', value: Buffer.from('{"a":1}'),
};
const key = proofKey(secret, { tenant: 'acme', run: 'run-1', jkt: 'k' });

describe('message proof', () => {
  it('verifies what was computed', () => {
    const input = messageDigestInput(fields);
    expect(verifyProof(key, input, computeProof(key, input))).toBe(true);
  });

  it('is refused after a change of any field', () => {
    const proof = computeProof(key, messageDigestInput(fields));
    for (const name of Object.keys(fields) as (keyof ProvenFields)[]) {
      const was = fields[name];
      const changed = typeof was === 'string' ? was + 'x' : typeof was === 'number' ? was + 1 : Buffer.concat([was, Buffer.from([0])]);
      expect([name, verifyProof(key, messageDigestInput({ ...fields, [name]: changed }), proof)]).toEqual([name, false]);
    }
  });

  it('is refused after a change of any character of the proof', () => {
    const input = messageDigestInput(fields);
    const proof = computeProof(key, input);
    fc.assert(fc.property(fc.nat(proof.length - 1), fc.constantFrom(...'ABCxyz019-_=. '), (at, by) => {
      const tampered = proof.slice(0, at) + by + proof.slice(at + 1);
      return verifyProof(key, input, tampered) === (tampered === proof);
    }), { seed: 1 });
    expect(verifyProof(key, input, proof + '=')).toBe(false);
    expect(verifyProof(key, input, '')).toBe(false);
  });

  it('of a received message is checked and hashed in one go, as by hand', () => {
    const long = fc.record({ ceId: fc.string({ unit: 'grapheme' }), ceSource: fc.string({ maxLength: 3_000, size: 'max' }), value: fc.uint8Array({ maxLength: 6_000, size: 'max' }) });
    fc.assert(fc.property(long, fc.boolean(), (changed, forged) => {
      const message = { ...fields, ...changed };
      const input = messageDigestInput(message), proof = computeProof(key, input);
      const given = forged ? computeProof(key, Buffer.concat([input, Buffer.alloc(1)])) : proof;
      expect(provenHash(macKey(key), message, given)).toBe(forged ? undefined : chainHash(input).toString('base64url'));
      expect(provenHash(macKey(key), message, proof.slice(1))).toBeUndefined();
    }), { seed: 3 });
  });

  it('gives different bytes for fields that concatenate alike', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), fc.string(), fc.string(), (a, b, c) => {
      const one = messageDigestInput({ ...fields, tenant: a + b, topic: c });
      const two = messageDigestInput({ ...fields, tenant: a, topic: b + c });
      return b === '' || !one.equals(two);
    }), { seed: 2 });
  });

  it('is the HMAC-SHA256 of everybody else', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), fc.uint8Array({ maxLength: 9_000 }), (k, message) => computeProof(k, message) === createHmac('sha256', k).update(message).digest('base64url')), { seed: 8 });
    expect(() => computeProof(new Uint8Array(65), key)).toThrow(RangeError);
  });

  it('binds the key to tenant, run and session key', () => {
    const owners = [{ tenant: 'acme', run: 'run-1', jkt: 'k' }, { tenant: 'acmerun', run: '-1', jkt: 'k' }, { tenant: 'acme', run: 'run-2', jkt: 'k' }, { tenant: 'acme', run: 'run-1', jkt: 'l' }];
    expect(new Set(owners.map((owner) => proofKey(secret, owner).toString('hex'))).size).toBe(owners.length);
    expect(() => proofKey(Buffer.alloc(16), owners[0]!)).toThrow('32 bytes');
  });
});

describe('chain', () => {
  it('numbers from 0 and hands each hash to the next message', () => {
    const chain = createChain();
    const { seq: _seq, prev: _prev, ...message } = fields;
    const first = chain.next(message, key);
    const second = chain.next(message, key);
    expect([first.seq, second.seq, chain.nextSeq]).toEqual([0, 1, 2]);
    expect(first.headers.cs_prev).toBe(Buffer.alloc(32).toString('base64url'));
    expect(second.headers.cs_prev).toBe(first.hash.toString('base64url'));
    const record = { topic: fields.topic, key: 'run-1', value: Buffer.from(fields.value), headers: { tenant: 'acme', ce_id: 'id-1', ce_type: fields.ceType, ce_source: fields.ceSource, ce_time: fields.ceTime, ...second.headers } };
    const read = provenFieldsOf(record, 'run-1', 'jti-1');
    expect(read.ok && verifyProof(key, messageDigestInput(read.fields), second.headers.cs_proof)).toBe(true);
    expect(read.ok && chainHash(messageDigestInput(read.fields)).equals(second.hash)).toBe(true);
    expect(createChain({ nextSeq: 2, head: chain.head }).next(message, key).headers).toEqual(chain.next(message, key).headers);
  });

  it('attests its head with the session key', () => {
    const session = generateKey('session'), other = generateKey('other');
    const chain = createChain();
    const signature = chain.attestHead(session.key);
    const of = (k: typeof session) => k.key;
    expect(verifyAttest(chain.head, signature, of(session))).toBe(true);
    expect(verifyAttest(Buffer.alloc(32, 1), signature, of(session))).toBe(false);
    expect(verifyAttest(chain.head, attest(chain.head, other.key), of(session))).toBe(false);
    expect(jwkThumbprint(session.publicJwk)).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });
});

describe('proven fields of a record', () => {
  const headers = { tenant: 'acme', ce_id: 'i', ce_type: 't', ce_source: 's', ce_time: 'z', cs_seq: '0', cs_prev: Buffer.alloc(32).toString('base64url') };
  const record = { topic: 't', key: 'r', value: Buffer.from('{}'), headers };
  it.each([
    ['tombstone', { ...record, value: null }],
    ['wrong_key', { ...record, key: 'other' }],
    ['wrong_key', { ...record, key: null }],
    ['bad_proof', { ...record, headers: { ...headers, cs_seq: '01' } }],
    ['bad_proof', { ...record, headers: { ...headers, cs_seq: '-1' } }],
    ['bad_proof', { ...record, headers: { ...headers, cs_seq: '99999999999999999' } }],
    ['bad_proof', { ...record, headers: { ...headers, cs_prev: 'AA' } }],
    ['missing_header', { ...record, headers: { ...headers, ce_time: '' } }],
  ])('refuses with %s', (code, bad) => {
    expect(provenFieldsOf(bad, 'r', 'j')).toMatchObject({ ok: false, code });
  });
});
