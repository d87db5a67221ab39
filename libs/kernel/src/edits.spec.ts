import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { edits } from './edits.ts';

describe('how far words are apart', () => {
  it.each([['', '', 0], ['', 'abc', 3], ['kitten', 'sitting', 3], ['payer', 'pyaer', 2], ['halt', 'halts', 1]])('%s and %s: %i', (a, b, far) => { expect(edits(a, b)).toBe(far); });

  it('is a distance: none to itself alone, the same both ways, and never longer by a third word', () => {
    const word = fc.string({ maxLength: 6, unit: 'grapheme' });
    fc.assert(fc.property(word, word, word, (a, b, c) => {
      expect(edits(a, b) === 0).toBe(a === b);
      expect(edits(a, b)).toBe(edits(b, a));
      expect(edits(a, c)).toBeLessThanOrEqual(edits(a, b) + edits(b, c));
    }), { seed: 3 });
  });
});
