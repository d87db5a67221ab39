const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `15m` in milliseconds; undefined where it is no duration. */
export const duration = (text: string): number | undefined => {
  const parts = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  return parts === null ? undefined : Number(parts[1]) * units[parts[2]!]!;
};
