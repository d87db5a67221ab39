import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { after, formatPlace, parsePlace } from './place.ts';

describe('the place of a reader', () => {
  it('is the same after writing and reading it', () => fc.assert(fc.property(fc.uniqueArray(fc.tuple(fc.integer({ min: -1, max: 255 }), fc.nat(2 ** 40)), { selector: ([partition]) => partition, minLength: 1, maxLength: 64 }), (all) => {
    const place = new Map(all);
    expect(new Map(parsePlace(formatPlace(place)))).toEqual(place);
    expect(after(place, all[0]![0], 7).get(all[0]![0])).toBe(7);
  }), { seed: 6, numRuns: 200 }));
  it.each(['', 'x', '0:1,1:2', '0:1.', '0:99999999999999999', '0:1.0:2', '0:-1', `0:${'1'.repeat(5_000)}`])('is not read out of %j', (text) => expect(parsePlace(text)).toBeUndefined());
});
