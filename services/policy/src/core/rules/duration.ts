const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const longest = 366 * 86_400_000;

export const durationHint = 'is a number with ms, s, m, h or d';

/** `15m` in milliseconds, more than nothing and a year at most; undefined where it is no duration. */
export const duration = (text: unknown): number | undefined => {
  const parts = typeof text === 'string' ? /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) : null;
  const ms = parts === null ? 0 : Number(parts[1]) * units[parts[2]!]!;
  return ms > 0 && ms <= longest ? ms : undefined;
};
