import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readState, writeState } from './state-json.ts';

const leaf = fc.oneof(fc.double(), fc.integer(), fc.string(), fc.boolean(), fc.constant(null), fc.uint32Array(), fc.float32Array(), fc.float64Array(), fc.uint8Array());
const state = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('any'), { maxLength: 4 }), fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), tie('any'), { maxKeys: 4, noNullPrototype: true }), fc.array(fc.tuple(fc.string(), tie('any')), { maxLength: 4 }).map((entries) => new Map(entries)), fc.array(fc.integer(), { maxLength: 4 }).map((values) => new Set(values))),
})).any;

describe('state in a checkpoint', () => {
  it('comes back bit for bit, whatever it is made of', () => {
    fc.assert(fc.property(state, (one) => {
      const text = writeState(one);
      expect(readState(text)).toEqual(one);
      expect(writeState(readState(text))).toBe(text);
    }), { seed: 5, numRuns: 300 });
  });
});
