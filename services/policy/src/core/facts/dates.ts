/** A calendar day; `year` null where the text names none. */
export interface Day { readonly year: number | null; readonly month: number; readonly day: number }
/** The days a text names: single ones, and ranges with both ends. */
export interface Days { readonly single: readonly Day[]; readonly ranges: readonly (readonly [Day, Day])[] }

const months = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december'];
const month = `(${months.map((name) => `${name}|${name.slice(0, 3)}${name === 'september' ? '|sept' : ''}`).join('|')})\\.?`;
const ordinal = '(\\d{1,2})(?:st|nd|rd|th)?';
const shapes: readonly (readonly [RegExp, (m: RegExpMatchArray) => Day])[] = [
  [/\b(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?!\d)/g, (m) => ({ year: Number(m[1]), month: Number(m[2]), day: Number(m[3]) })],
  [new RegExp(`\\b${month}\\s+(?:the\\s+)?${ordinal}\\b(?!:)(?:,?\\s+(\\d{4})\\b)?`, 'gi'), (m) => ({ year: m[3] === undefined ? null : Number(m[3]), month: monthOf(m[1]!), day: Number(m[2]) })],
  [new RegExp(`\\b${ordinal}\\s+(?:of\\s+)?${month}(?:,?\\s+(\\d{4})\\b)?`, 'gi'), (m) => ({ year: m[3] === undefined ? null : Number(m[3]), month: monthOf(m[2]!), day: Number(m[1]) })],
  [/\b(\d{1,2})[./](\d{1,2})[./](\d{4})\b/g, (m) => (Number(m[1]) > 12 ? { year: Number(m[3]), month: Number(m[2]), day: Number(m[1]) } : { year: Number(m[3]), month: Number(m[1]), day: Number(m[2]) })],
];
const monthOf = (name: string): number => months.findIndex((full) => full.startsWith(name.toLowerCase().slice(0, 3))) + 1;
const real = ({ month: m, day }: Day): boolean => m >= 1 && m <= 12 && day >= 1 && day <= 31;

const maxDays = 100;
const between = /^[\s,]*(?:to|until|till|through|and|–|-)\s+(?:the\s+)?$/i;

/** Days in ISO, "May 3rd 2026", "3 May" and 3/5/2026 form (day first where the month could not be one). At most 100. */
export const daysIn = (text: string): Days => {
  const found: { readonly at: number; readonly end: number; readonly day: Day }[] = [];
  for (const [shape, read] of shapes) {
    for (const match of text.matchAll(shape)) {
      const day = read(match);
      const at = match.index;
      if (real(day) && !found.some((other) => at < other.end && other.at < at + match[0].length)) found.push({ at, end: at + match[0].length, day });
      if (found.length >= maxDays) break;
    }
  }
  found.sort((a, b) => a.at - b.at);
  const ranges: (readonly [Day, Day])[] = [];
  for (let i = 1; i < found.length; i++) {
    const [from, to] = [found[i - 1]!, found[i]!];
    if (between.test(text.slice(from.end, to.at))) ranges.push([{ ...from.day, year: from.day.year ?? to.day.year }, to.day]);
  }
  return { single: found.map(({ day }) => day), ranges };
};

const sameYear = (a: Day, b: Day): boolean => a.year === null || b.year === null || a.year === b.year;
const inYear = ({ month: m, day }: Day): number => m * 31 + day;

/** Whether `day` is one of `days` or lies in one of their ranges (of one year). */
export const isAmong = (day: Day, days: Days): boolean =>
  days.single.some((other) => sameYear(day, other) && inYear(day) === inYear(other))
  || days.ranges.some(([from, to]) => sameYear(day, from) && sameYear(day, to) && inYear(from) <= inYear(day) && inYear(day) <= inYear(to));

/** A text without the days in it: their digits are no amounts. */
export const withoutDays = (text: string): string => shapes.reduce((rest, [shape, read]) => rest.replace(shape, (...match) => (real(read(match as unknown as RegExpMatchArray)) ? ' ' : match[0] as string)), text);
