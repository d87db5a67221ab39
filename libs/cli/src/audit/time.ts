import { duration } from '@countersign/policy/core/rules/duration';
import { CannotRun } from '../errors.ts';

/** Epoch ms of a date in UTC (2026-11-21, 2026-11-21T14:00, …Z) or of a time ago (2h, 3d). */
export const timeOf = (option: string, name: string, now: number): number => {
  const ago = duration(option);
  if (ago !== undefined) return now - ago;
  const at = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?)?(Z|[+-]\d{2}:\d{2})?$/.test(option) ? Date.parse(/Z|[+-]\d{2}:\d{2}$/.test(option) || option.length === 10 ? option : `${option}Z`) : Number.NaN;
  if (!Number.isSafeInteger(at) || at < 0) throw new CannotRun(`--${name} is a time: 2026-11-21T14:00 (UTC), or how long ago, as in 2h or 3d.`);
  return at;
};
