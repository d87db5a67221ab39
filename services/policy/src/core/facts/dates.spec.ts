import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { daysIn, isAmong } from './dates.ts';
import type { Day } from './dates.ts';

const day = (year: number | null, month: number, d: number): Day => ({ year, month, day: d });

describe('the days a text names', () => {
  it.each<[string, Day[]]>([
    ['on 2026-05-03 at 10:00', [day(2026, 5, 3)]],
    ['2026-05-03T10:00:00Z', [day(2026, 5, 3)]],
    ['by May 3rd, please', [day(null, 5, 3)]],
    ['May 3, 2026', [day(2026, 5, 3)]],
    ['the 3rd of May 2026', [day(2026, 5, 3)]],
    ['on 3 Sept.', [day(null, 9, 3)]],
    ['31/12/2026', [day(2026, 12, 31)]],
    ['12/31/2026', [day(2026, 12, 31)]],
    ['you may 12:00 or so', []],
    ['version 2026-99-99', []],
    ['tomorrow, or next Friday', []],
  ])('%s', (text, days) => {
    expect(daysIn(text).single).toEqual(days);
  });

  it('reads a range with both ends and what lies between', () => {
    const days = daysIn('from January 11th to January 15th 2025');
    expect(isAmong(day(2025, 1, 13), days)).toBe(true);
    expect(isAmong(day(2025, 1, 16), days)).toBe(false);
    expect(isAmong(day(2024, 1, 13), days)).toBe(false);
  });

  it('takes a day without a year for that day of any year', () => {
    expect(isAmong(day(2031, 5, 3), daysIn('May 3rd'))).toBe(true);
  });

  it('finds every written day again, in each form', () => {
    fc.assert(fc.property(fc.integer({ min: 1900, max: 2100 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }), (year, month, d) => {
      const two = (n: number) => String(n).padStart(2, '0');
      const name = new Date(Date.UTC(year, month - 1, d)).toLocaleString('en-GB', { month: 'long', timeZone: 'UTC' });
      for (const text of [`${year}-${two(month)}-${two(d)}`, `${name} ${d}, ${year}`, `${d} ${name} ${year}`]) expect(daysIn(`x ${text} y`).single).toEqual([day(year, month, d)]);
    }), { seed: 7, numRuns: 200 });
  });
});
