/** One measure as `npm run bench` reports it (DESIGN 15). `ratio` = value over the baseline of the same run. */
export interface Measured { readonly value: number; readonly unit: string; readonly baseline?: number; readonly ratio?: number; readonly note?: string }
export type Results = Readonly<Record<string, Measured>>;

/** The given share of sorted values lies at or below it; NaN of none. */
export const percentile = (sorted: readonly number[], share: number): number => sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1))] ?? Number.NaN;

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** Three figures that matter, not more digits than the measurement has. */
export const rounded = (value: number): number => (value >= 100 ? Math.round(value) : Number(value.toPrecision(3)));

/** Median of the rounds; with a baseline its median and the ratio of the two. The spread stands in the note. */
export const ofRounds = (values: readonly number[], unit: string, options: { readonly baseline?: readonly number[]; readonly note?: string } = {}): Measured => {
  const value = median(values);
  const baseline = options.baseline === undefined ? undefined : median(options.baseline);
  const spread = values.length > 1 ? `rounds ${values.map(rounded).join(', ')}${options.baseline ? ` against ${options.baseline.map(rounded).join(', ')}` : ''}` : undefined;
  const note = [options.note, spread].filter((text) => text !== undefined).join('; ');
  return { value: rounded(value), unit, ...(baseline === undefined ? {} : { baseline: rounded(baseline), ratio: Number((value / baseline).toPrecision(3)) }), ...(note === '' ? {} : { note }) };
};

/** What people read: one line per measure, its note below. */
export const table = (results: Results): string => {
  const width = Math.max(...Object.keys(results).map((id) => id.length));
  return Object.entries(results).map(([id, { value, unit, baseline, ratio, note }]) => {
    const against = ratio === undefined ? '' : `   ${ratio.toFixed(ratio < 10 ? 2 : 1)} × the baseline's ${baseline!.toLocaleString('en')}`;
    return `${id.padEnd(width)}  ${value.toLocaleString('en').padStart(10)} ${unit.padEnd(10)}${against}${note === undefined ? '' : `\n${' '.repeat(width + 2)}${note}`}`;
  }).join('\n');
};
