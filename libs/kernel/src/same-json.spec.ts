import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sameJson } from './same-json.ts';

const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversed);
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).reverse().map(([name, inner]) => [name, reversed(inner)])) : value;
};

describe('the same JSON', () => {
  it('is the same in whatever order its members stand', () => fc.assert(fc.property(fc.jsonValue(), (value) => {
    const copy = JSON.parse(JSON.stringify(value)) as unknown;
    expect(sameJson(copy, reversed(copy))).toBe(true);
  }), { seed: 11, numRuns: 300 }));
  it.each([
    [{}, []], [[1, 2], [2, 1]], [[1], [1, 2]], [{ a: 1 }, { a: 1, b: 2 }], [{ a: 1 }, { b: 1 }], [{ a: { b: null } }, { a: { b: 0 } }], [null, {}], [1, '1'], [{ toString: 1 }, {}], [{ constructor: null }, { a: null }],
  ])('%j is not %j', (a, b) => expect([sameJson(a, b), sameJson(b, a)]).toEqual([false, false]));
});
