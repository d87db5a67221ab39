import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Calendar } from '../core/asking/calendar-spec.ts';
import { addBusinessTime } from './business-time.ts';

const office: Calendar = { zone: 'Europe/Berlin', days: [1, 2, 3, 4, 5], fromMinute: 9 * 60, toMinute: 17 * 60, holidays: ['2026-04-03', '2026-04-06'], freezes: [] };
const hour = 3_600_000;
const after = (from: string, ms: number, calendar = office): string => new Date(addBusinessTime(calendar, Date.parse(from), ms)).toISOString();

describe('business time', () => {
  it.each([
    ['within a day', '2026-03-02T10:00:00+01:00', 2 * hour, '2026-03-02T11:00:00.000Z'],
    ['over the night', '2026-03-02T16:00:00+01:00', 2 * hour, '2026-03-03T09:00:00.000Z'],
    ['over the weekend', '2026-03-06T16:30:00+01:00', hour, '2026-03-09T08:30:00.000Z'],
    ['from a Sunday', '2026-03-08T12:00:00+01:00', hour, '2026-03-09T09:00:00.000Z'],
    ['over Easter and the change of the clock', '2026-04-02T16:30:00+02:00', hour, '2026-04-07T07:30:00.000Z'],
  ])('passes %s', (_, from, ms, expected) => {
    expect(after(from, ms)).toBe(expected);
  });

  it('stands still in a freeze', () => {
    const freezes = [{ from: Date.parse('2026-03-02T11:00:00+01:00'), to: Date.parse('2026-03-04T12:00:00+01:00'), reason: 'year end' }];
    expect(after('2026-03-02T10:00:00+01:00', 2 * hour, { ...office, freezes })).toBe('2026-03-04T12:00:00.000Z');
  });

  it('ends where the calendar never opens again', () => {
    const freezes = [{ from: 0, to: 4e12, reason: 'for ever' }];
    expect(after('2026-03-02T00:00:00+01:00', hour, { ...office, freezes })).toBe('2027-04-05T22:00:00.000Z');
  });

  it('adds up: two waits are as long as one of their sum', () => {
    fc.assert(fc.property(fc.integer({ min: 1.75e12, max: 1.8e12 }), fc.integer({ min: 1, max: 40 * hour }), fc.integer({ min: 1, max: 40 * hour }), (from, a, b) => {
      expect(addBusinessTime(office, addBusinessTime(office, from, a), b)).toBe(addBusinessTime(office, from, a + b));
    }), { seed: 6, numRuns: 200 });
  });
});
