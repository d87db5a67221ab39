import { duration, durationHint } from '../rules/duration.ts';
import type { Complain } from '../rules/problem.ts';
import { object, only, text, texts } from '../rules/shape.ts';

/** A rota: `people[n]` from `start` + n × `everyMs` on, round and round. */
export interface Schedule { readonly start: number; readonly everyMs: number; readonly people: readonly string[] }
/** When business is done: days of the week (1 Monday to 7 Sunday) and minutes of the day in a time zone, without holidays (`2026-12-25`) and freezes. */
export interface Calendar {
  readonly zone: string; readonly days: readonly number[]; readonly fromMinute: number; readonly toMinute: number;
  readonly holidays: readonly string[]; readonly freezes: readonly Freeze[];
}
/** Epoch ms, `to` exclusive. */
export interface Freeze { readonly from: number; readonly to: number; readonly reason: string }

const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const most = { named: 32, people: 64, holidays: 400, freezes: 16 } as const;

/** Who is on call at a moment: null before it starts. */
export const onCall = ({ start, everyMs, people }: Schedule, at: number): string | null =>
  (at < start ? null : people[Math.floor((at - start) / everyMs) % people.length]!);

const named = <T>(value: unknown, path: string, complain: Complain, read: (one: Record<string, unknown>, path: string) => T | undefined): Record<string, T> => {
  const found: Record<string, T> = {};
  if (value === undefined) return found;
  if (!object(value) || Object.keys(value).length > most.named) return complain(path, `is a map of at most ${most.named}`), found;
  for (const [name, one] of Object.entries(value)) {
    if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name)) complain(`${path}.${name}`, 'a name has lower case letters, digits, . _ -');
    else if (!object(one)) complain(`${path}.${name}`, 'is a map');
    else {
      const made = read(one, `${path}.${name}`);
      if (made !== undefined) found[name] = made;
    }
  }
  return found;
};

/** RFC 3339 with an offset; NaN where it is none. */
const time = (value: unknown): number => (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})$/.test(value) ? Date.parse(value) : NaN);

export const readSchedules = (value: unknown, complain: Complain): Readonly<Record<string, Schedule>> => named(value, 'people.schedules', complain, (one, path) => {
  only(one, ['start', 'every', 'people'], path, complain);
  const [start, everyMs, people] = [time(one['start']), duration(one['every']), one['people']];
  if (Number.isNaN(start)) return void complain(`${path}.start`, 'is a time with its offset: 2026-01-05T09:00:00Z');
  if (everyMs === undefined || everyMs < 60_000) return void complain(`${path}.every`, `${durationHint}, a minute at least`);
  if (!texts(people, { min: 1, max: most.people, each: 128 })) return void complain(`${path}.people`, 'is a list of people, in their order');
  return { start, everyMs, people };
});

/** Minutes of the day from `09:30`; 24:00 is the end of it. */
const minutes = (value: unknown): number => {
  const parts = typeof value === 'string' ? /^(\d{2}):(\d{2})$/.exec(value) : null;
  const found = parts === null ? NaN : Number(parts[1]) * 60 + Number(parts[2]);
  return Number(parts?.[2]) < 60 && found <= 1_440 ? found : NaN;
};

const isZone = (zone: unknown): zone is string => {
  try {
    return typeof zone === 'string' && zone.length <= 64 && new Intl.DateTimeFormat('en', { timeZone: zone }) !== null;
  } catch {
    return false;
  }
};

export const readCalendars = (value: unknown, complain: Complain): Readonly<Record<string, Calendar>> => named(value, 'people.calendars', complain, (one, path) => {
  only(one, ['zone', 'days', 'from', 'to', 'holidays', 'freezes'], path, complain);
  const { zone, days = weekdays.slice(0, 5), holidays = [], freezes = [] } = one;
  const [fromMinute, toMinute] = [minutes(one['from'] ?? '00:00'), minutes(one['to'] ?? '24:00')];
  if (!isZone(zone)) return void complain(`${path}.zone`, 'is a time zone such as Europe/Berlin');
  if (!Array.isArray(days) || !days.every((day) => weekdays.includes(day as string))) return void complain(`${path}.days`, `is a list of ${weekdays.join(', ')}`);
  if (days.length === 0 || !(fromMinute < toMinute)) return void complain(path, 'has no business hour: nothing that waits for people would ever end');
  if (!texts(holidays, { max: most.holidays, each: 10 }) || !holidays.every((day) => /^\d{4}-\d{2}-\d{2}$/.test(day) && !Number.isNaN(Date.parse(day)))) return void complain(`${path}.holidays`, `is a list of at most ${most.holidays} days: 2026-12-25`);
  if (!Array.isArray(freezes) || freezes.length > most.freezes) return void complain(`${path}.freezes`, `is a list of at most ${most.freezes}`);
  const read = freezes.flatMap((freeze: unknown, i): Freeze[] => {
    const at = `${path}.freezes[${i}]`;
    if (!object(freeze)) return complain(at, 'is a map of from, to and reason'), [];
    only(freeze, ['from', 'to', 'reason'], at, complain);
    const [from, to] = [time(freeze['from']), time(freeze['to'])];
    if (!(from < to) || !text(freeze['reason'], 500)) return complain(at, 'has two times with their offsets, the first before the second, and a reason'), [];
    return [{ from, to, reason: freeze['reason'] }];
  });
  const calendar = { zone, days: [...new Set(days.map((day) => weekdays.indexOf(day as string) + 1))].sort(), fromMinute, toMinute, holidays, freezes: read };
  const shut = shutFrom(calendar);
  if (shut !== null) return void complain(path, `has no business hour for ${longestShut} days from ${shut} on: what waits for people would not end`);
  return calendar;
});

const dayMs = 86_400_000;
/** A calendar in which nothing is done for longer than this many days is a mistake. */
const longestShut = 62;

/** The day from which holidays and freezes leave no business hour for too long; null where there is none. Days are those of UTC: a day more or less is no matter here. */
const shutFrom = ({ days, holidays, freezes }: Calendar): string | null => {
  const closed = new Set(holidays.map((day) => Date.parse(day)));
  const isOpen = (day: number): boolean => days.includes(((Math.floor(day / dayMs) + 3) % 7 + 7) % 7 + 1) && !closed.has(day) && !freezes.some(({ from, to }) => from <= day && to >= day + dayMs);
  const found = [...closed, ...freezes.map(({ from }) => Math.ceil(from / dayMs) * dayMs)].sort((a, b) => a - b).find((first) => Array.from({ length: longestShut }, (_, n) => first + n * dayMs).every((day) => !isOpen(day)));
  return found === undefined ? null : new Date(found).toISOString().slice(0, 10);
};
