import { describe, expect, it } from '@jest/globals';
import { median, ofRounds, percentile, table } from './measured.ts';

describe('figures of a bench', () => {
  it('takes the percentile that enough values do not exceed', () => {
    const values = Array.from({ length: 200 }, (_, i) => i + 1);
    expect([percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1)]).toEqual([100, 198, 200]);
    expect(percentile([7], 0.99)).toBe(7);
    expect(percentile([], 0.5)).toBeNaN();
  });

  it('compares medians of interleaved rounds and shows their spread', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1])).toBe(2.5);
    expect(ofRounds([30, 10, 20], '1/s', { baseline: [100, 80, 90], note: 'why' })).toEqual({ value: 20, unit: '1/s', baseline: 90, ratio: 0.222, note: 'why; rounds 30, 10, 20 against 100, 80, 90' });
    expect(ofRounds([1.23456], 'ms')).toEqual({ value: 1.23, unit: 'ms' });
  });

  it('writes one line per measure', () => {
    expect(table({ 'a.b': { value: 12_000, unit: '1/s', baseline: 40_000, ratio: 0.3, note: 'n' }, long: { value: 1, unit: 'ms' } })).toMatch(/^a\.b {4,}12,000 1\/s.*0\.30 × the baseline's 40,000\n.*n\nlong/);
  });
});
