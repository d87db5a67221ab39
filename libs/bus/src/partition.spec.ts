import { describe, expect, it } from '@jest/globals';
import { murmur2, partitionFor } from './partition.ts';

describe('partitionFor', () => {
  // The vectors of Kafka's own UtilsTest.testMurmur2.
  it.each([
    ['21', -973932308], ['foobar', -790332482], ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829], ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971], ['abc', 479470107],
  ])('hashes %s as Java does', (key, expected) => {
    expect(murmur2(Buffer.from(key))).toBe(expected);
    expect(partitionFor(key, 7)).toBe((expected & 0x7fffffff) % 7);
  });

  it('refuses a count that makes no sense', () => {
    for (const n of [0, -1, 1.5, Number.NaN]) expect(() => partitionFor('k', n)).toThrow(RangeError);
  });
});
