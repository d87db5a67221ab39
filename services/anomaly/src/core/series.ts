import { newCalibration, record, tailOf } from './calibrate.ts';
import type { Calibration } from './calibrate.ts';

/**
 * One number over time: actions a minute, cost a run, any meter. Level and daily rhythm are forecast by exponential smoothing (Holt 1957, Winters
 * 1960, additive), what is left is ranked among what was left before, with a tail beyond it (peaks over threshold).
 */
export interface Series {
  level: number;
  /** Mean offset of each hour of the day, and how often it was seen. */
  readonly hours: Float64Array;
  readonly seen: Float64Array;
  /** Mean absolute residual, the smoothed residual, and how many values there were. */
  spread: number;
  drift: number;
  n: number;
  /** Ranks of single residuals and of the smoothed one. */
  readonly single: Calibration;
  readonly lasting: Calibration;
  /** Values until the same oddity is told again. */
  quiet: number;
}

export const newSeries = (): Series =>
  ({ level: 0, hours: new Float64Array(24), seen: new Float64Array(24), spread: 0, drift: 0, n: 0, single: newCalibration(), lasting: newCalibration(), quiet: 0 });

/** Half-lives in values: of the level, of the smoothed residual, of the spread. */
const rates = { level: 0.01, drift: 0.1, spread: 0.005, hour: 0.05 } as const;
/** Times an hour was seen before it has an offset of its own. */
const hourFrom = 12;
/** No chance below this is told apart. */
const leastChance = 1e-8;
/** A chance that starts the quiet time, and how long it is. */
const alarm = 1e-4;
const quietFor = 100;

/** Residuals in units of the spread, by logarithm: an exponential tail of these is a heavy (Pareto) tail of those. */
const nats = (residual: number, spread: number): number => 6 * Math.log1p(Math.abs(residual) / spread);

/**
 * Takes the next value. @returns how odd it is, 0 to 1: log10 of its chance over that of the least chance; 0 during the warm-up and the quiet time after an alarm
 * @param hour of the day, 0 to 23
 */
export const takeValue = (series: Series, value: number, hour: number, warmUp: number): number => {
  if (!Number.isFinite(value)) return 0;
  if (series.n === 0) series.level = value;
  const hasHour = series.seen[hour]! >= hourFrom;
  const residual = value - series.level - (hasHour ? series.hours[hour]! : 0);
  // A flat line has no spread: the smallest step on it would be infinitely odd.
  const spread = Math.max(series.spread, Math.abs(series.level) * 1e-3, 1e-9);
  const one = nats(residual, spread);
  // Clipped: one value moves nothing by more than three spreads.
  const step = series.n < 10 ? residual : Math.max(-3 * spread, Math.min(3 * spread, residual));
  series.drift += rates.drift * (Math.max(-8 * spread, Math.min(8 * spread, residual)) - series.drift);
  const some = nats(series.drift, spread * 0.3);
  const chance = Math.min(1, 2 * Math.min(tailOf(series.single, one), tailOf(series.lasting, some)));
  const isWarm = series.n >= warmUp;
  const isOdd = isWarm && chance < alarm;
  const quiet = series.quiet > 0;
  if (quiet) series.quiet--;
  else if (isOdd) series.quiet = quietFor;
  if (!isOdd) { record(series.single, one); record(series.lasting, some); }
  learn(series, value, step, residual, hour);
  return !isWarm || quiet ? 0 : Math.min(1, Math.log10(Math.max(leastChance, chance)) / Math.log10(leastChance));
};

const learn = (series: Series, value: number, step: number, residual: number, hour: number): void => {
  const { n } = series;
  const level = Math.max(rates.level, 1 / (n + 1));
  series.spread += Math.max(rates.spread, 1 / (n + 1)) * (Math.min(Math.abs(residual), Math.max(4 * series.spread, n < 10 ? Math.abs(residual) : 0)) - series.spread);
  series.level += level * step;
  const count = series.seen[hour]!++;
  series.hours[hour]! += Math.max(rates.hour, 1 / (count + 1)) * (Math.max(-4 * series.spread, Math.min(4 * series.spread, value - series.level - series.hours[hour]!)));
  series.n++;
};
