import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fromBase64Url, lengthPrefixed } from './bytes.ts';

describe('base64url', () => {
  const text = fc.oneof(
    fc.uint8Array({ maxLength: 70 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
    fc.string({ unit: fc.constantFrom(...'ABQgwEz09-_=+/ \n.é'), maxLength: 90 }),
    fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.constantFrom(...'ABCDQgwz9_-')).map(([bytes, last]) => Buffer.from(bytes).toString('base64url').slice(0, -1) + last),
  );

  it('is taken in the one spelling that its bytes have, and in no other', () => {
    fc.assert(fc.property(text, (one) => {
      const bytes = Buffer.from(one, 'base64url');
      expect(fromBase64Url(one)?.toString('hex')).toBe(bytes.toString('base64url') === one ? bytes.toString('hex') : undefined);
    }), { seed: 20_261_121, numRuns: 5_000 });
  });

  it('has the length that is asked for', () => {
    expect([fromBase64Url('AAAA', 3)?.length, fromBase64Url('AAAA', 2), fromBase64Url('', 0)?.length]).toEqual([3, undefined, 0]);
  });
});

describe('fields with their lengths', () => {
  it('give different bytes for different lists', () => {
    const fields = fc.array(fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }).filter((one) => one.isWellFormed()), fc.uint8Array({ maxLength: 20 })), { maxLength: 4 });
    const plain = (list: readonly (string | Uint8Array)[]): string => JSON.stringify(list.map((one) => Buffer.from(one as string).toString('hex')));
    fc.assert(fc.property(fields, fields, (a, b) => {
      expect(lengthPrefixed(a).equals(lengthPrefixed(b))).toBe(plain(a) === plain(b));
    }), { seed: 20_261_121, numRuns: 1_000 });
  });
});
