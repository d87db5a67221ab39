import { DateTime } from 'luxon';
import type { Calendar } from '../core/asking/calendar-spec.ts';

/** Longest that is looked ahead, days; a calendar that has fewer hours left is no reason to wait for ever. */
const longestDays = 400;

/**
 * The moment (epoch ms) at which `ms` of business time have passed since `from`: only hours of the calendar count, in its own time zone with its
 * changes of clock, without holidays and freezes. Where it has not so much time within 400 days, that end.
 */
export const addBusinessTime = (calendar: Calendar, from: number, ms: number): number => {
  const first = DateTime.fromMillis(from, { zone: calendar.zone }).startOf('day');
  let left = ms;
  for (let n = 0; n < longestDays; n++) {
    const day = first.plus({ days: n });
    if (!calendar.days.includes(day.weekday) || calendar.holidays.includes(day.toISODate() ?? '')) continue;
    for (const [opens, closes] of open(calendar, day, from)) {
      if (left <= closes - opens) return opens + left;
      left -= closes - opens;
    }
  }
  return first.plus({ days: longestDays }).toMillis();
};

/** Parts of a day's hours that count, after `from` and outside of every freeze. */
const open = ({ fromMinute, toMinute, freezes }: Calendar, day: DateTime, from: number): (readonly [number, number])[] => {
  // By the clock on the wall: a day on which it changes is shorter or longer, its hours begin and end at the same time of day.
  const at = (minute: number): number => (minute === 1_440 ? day.plus({ days: 1 }) : day.set({ hour: Math.floor(minute / 60), minute: minute % 60 })).toMillis();
  let parts: (readonly [number, number])[] = [[Math.max(from, at(fromMinute)), at(toMinute)]];
  for (const freeze of freezes) parts = parts.flatMap(([opens, closes]) => [[opens, Math.min(closes, freeze.from)], [Math.max(opens, freeze.to), closes]] as const);
  return parts.filter(([opens, closes]) => opens < closes);
};
