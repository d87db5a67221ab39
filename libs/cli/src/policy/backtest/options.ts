import type { WorkingHours } from '@countersign/policy/core/backtest/hours';
import type { Reviewer } from '@countersign/policy/core/backtest/queue';
import { duration } from '@countersign/policy/core/rules/duration';
import { CannotRun } from '../../errors.ts';
import { policyArgs } from '../bundle-folder.ts';
import { usage } from './usage.ts';

export interface BacktestSettings {
  readonly bundle: string;
  /** A file of records; without it the governed stream of the running Countersign. */
  readonly records: string | undefined;
  /** Folders with bundles of earlier versions. */
  readonly known: readonly string[];
  /** Epoch ms; null where the user set no bound. */
  readonly from: number | null; readonly to: number | null;
  readonly reviewers: readonly Reviewer[] | null;
  readonly serviceMs: number | null;
  readonly hours: { readonly text: string; readonly hours: WorkingHours } | null;
  readonly html: string | undefined; readonly mismatches: string | undefined; readonly json: boolean;
}

const dayMs = 86_400_000;

/** A date, a time, or how long ago. @param now epoch ms */
export const timeOf = (text: string, now: number): number | undefined => {
  const ago = duration(text);
  if (ago !== undefined) return now - ago;
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
};

/** `treasurer=3,senior=1` */
export const reviewersOf = (text: string): readonly Reviewer[] | undefined => {
  const found: Reviewer[] = [];
  for (const part of text.split(',')) {
    const [, role, count] = /^\s*([\w.-]{1,64})=(\d{1,4})\s*$/.exec(part) ?? [];
    if (role === undefined || Number(count) > 1_000) return undefined;
    for (let n = 1; n <= Number(count); n++) found.push({ person: `${role} ${n}`, roles: [role] });
  }
  return found;
};

/** `09:00-17:00`, by UTC or `+01:00`; Monday to Friday. */
export const hoursOf = (text: string): WorkingHours | undefined => {
  const parts = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)(?:([+-])(\d{2}):([0-5]\d)|Z)?$/.exec(text);
  if (parts === null) return undefined;
  const from = Number(parts[1]) * 60 + Number(parts[2]), to = Number(parts[3]) * 60 + Number(parts[4]);
  const offset = (parts[5] === '-' ? -1 : 1) * (Number(parts[6] ?? 0) * 60 + Number(parts[7] ?? 0));
  return to <= from || to > 1_440 || Math.abs(offset) > 14 * 60 ? undefined : { days: [1, 2, 3, 4, 5], from, to, offset };
};

export const readSettings = (args: readonly string[], now: number): BacktestSettings => {
  const { values, positionals } = policyArgs(args, {
    bundle: { type: 'string' }, from: { type: 'string' }, to: { type: 'string' }, records: { type: 'string' }, known: { type: 'string', multiple: true }, reviewers: { type: 'string' },
    service: { type: 'string' }, hours: { type: 'string' }, html: { type: 'string' }, mismatches: { type: 'string' },
  });
  const text = (name: string): string | undefined => { const value = (values as Record<string, unknown>)[name]; return typeof value === 'string' ? value : undefined; };
  const bundle = text('bundle');
  if (bundle === undefined || positionals.length > 0) throw new CannotRun(`Say which draft: ${usage}`);
  const read = <T>(name: string, parse: (given: string) => T | undefined, form: string): T | null => {
    const given = text(name);
    if (given === undefined) return null;
    const value = parse(given);
    if (value === undefined) throw new CannotRun(`--${name} ${JSON.stringify(given)} is not understood: ${form}.`);
    return value;
  };
  const time = (name: string): number | null => read(name, (given) => timeOf(given, now), 'a date (2026-11-01), a time (2026-11-01T08:00:00Z), or how long ago (7d, 12h)');
  const from = time('from'), to = time('to');
  if (from !== null && to !== null && from >= to) throw new CannotRun('--from is not before --to.');
  if (from !== null && from < now - 100 * 366 * dayMs) throw new CannotRun('--from is more than a hundred years ago.');
  const hours = read('hours', hoursOf, '09:00-17:00, or 09:00-17:00+01:00');
  return {
    bundle, records: text('records'), known: (values as { known?: string[] }).known ?? [], from, to,
    reviewers: read('reviewers', reviewersOf, 'treasurer=3,senior=1'), serviceMs: read('service', (given) => { const ms = duration(given); return ms === undefined || ms < 1_000 ? undefined : ms; }, 'a time of at least a second, as in 90s or 5m'),
    hours: hours === null ? null : { text: text('hours')!, hours }, html: text('html'), mismatches: text('mismatches'), json: values.json === true,
  };
};
