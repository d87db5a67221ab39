import { detect, newDetector } from '@countersign/anomaly/core/detect';
import type { ActionSeen, RunEnded, RunStarted } from '@countersign/anomaly/core/observation';
import { slowAlarm } from '@countersign/anomaly/core/slow';
import { timeOf } from './corpus.ts';
import type { BenchmarkSeries } from './corpus.ts';
import { probation } from './nab-score.ts';

/** What the detector expects of an agent that it does not know (`newPace`), so that a quiet series is an agent at the usual pace. */
const usualPerMinute = 2;
/** Rows farther apart than an hour still begin no more runs than this in a quiet row: it bounds the work. */
const mostUsual = 120;
/** The spread from minute to minute that the volume feature takes for ordinary, as a share of the mean: one over the root of its shape of 4. */
const ordinarySpread = 0.5;
/** No row begins more than so many times what a quiet one does: far beyond this all counts are as odd as can be. */
const mostTimes = 20;
/** A chance that scores 1. */
const leastChance = 1e-8;

const tenant = 'benchmark', agent = 'series', tool = 'meter.read';
/** One run of one action, written out: three copies of a common part would take a third of the whole time. */
const runOf = (run: string, now: number): readonly [RunStarted, ActionSeen, RunEnded] => [
  { kind: 'started', tenant, agent, run, now, task: 'measure' },
  {
    kind: 'action', tenant, agent, run, now, action: run, tool, group: 'meters', owner: 'benchmark', version: 1, consequential: false, reversible: true, impact: 'low',
    targets: [], trust: 'none', from: null, signs: [], denied: false,
  },
  { kind: 'ended', tenant, agent, run, now },
];

/**
 * Scores of a series, row by row as if it came in live: −log10 of the chance that the anomaly service's own detector gives to the oddest run of a row,
 * over 8 (so a quarter is level raised, a half is high), 0 to 1; 0 in the benchmark's probation.
 *
 * A value is no count as a rule: it may be negative, or waver little around something great. So the unit is taken from the probation, without its
 * labels: its median is two runs a minute, and its robust spread (1.4826 times the median distance from it) half of that, which are what the detector takes
 * for usual in an agent that it does not know. A value becomes so many runs of one action each, evenly spread over the time to the next row; what
 * does not come out whole is carried over. The features only wonder at more, or at silence: a second agent of its own tenant lives the mirror image of
 * the series, around the median. The odder of the two counts. Nobody disposes of anything: what alerted is not learned.
 */
export const scoresOf = (series: BenchmarkSeries): readonly number[] => {
  const warmUp = probation(series.values.length);
  const times = series.timestamps.map(timeOf);
  const interval = medianOf(times.slice(1).map((time, i) => Math.max(0, time - times[i]!)));
  const usual = Math.min(mostUsual, usualPerMinute * interval / 60_000);
  const { middle, spread } = quietOf(series.values.slice(0, Math.max(warmUp, 1)));
  const asCounts = (sign: 1 | -1): readonly number[] => series.values.map((value) => usual * Math.min(mostTimes, Math.max(0, 1 + sign * ordinarySpread * (value - middle) / spread)));
  const above = chancesOf(asCounts(1), times, interval), below = chancesOf(asCounts(-1), times, interval);
  return above.map((chance, row) => (row < warmUp ? 0 : Math.min(1, Math.log10(Math.max(leastChance, Math.min(chance, below[row]!))) / Math.log10(leastChance))));
};

const medianOf = (values: readonly number[]): number => (values.length === 0 ? 0 : values.toSorted((a, b) => a - b)[values.length >> 1]!);

/** Where most values are the same there is no median distance: then the mean distance counts, on a flat line half of its height (zero is then no run at all). */
const quietOf = (values: readonly number[]): { readonly middle: number; readonly spread: number } => {
  const middle = medianOf(values);
  const off = values.map((value) => Math.abs(value - middle));
  const spread = 1.4826 * medianOf(off) || off.reduce((sum, one) => sum + one, 0) / values.length || ordinarySpread * Math.abs(middle) || 1;
  return { middle, spread: Math.min(Number.MAX_VALUE, spread) };
};

/** An agent that begins so many runs in each row, through the service's detector. @returns the least chance of a row's runs; 1 where none began */
const chancesOf = (counts: readonly number[], times: readonly number[], interval: number): readonly number[] => {
  const state = newDetector();
  let begun = 0, carried = 0.5;
  return counts.map((count, row) => {
    const whole = Math.floor(carried + count);
    carried += count - whole;
    let least = 1;
    for (let i = 0; i < whole; i++) {
      const [started, action, ended] = runOf(`${begun++}`, times[row]! + Math.floor((i + 0.5) / whole * interval));
      detect(state, started);
      const { pValue, slow } = detect(state, action)!;
      detect(state, ended);
      least = Math.min(least, pValue, slow ? 1 / slowAlarm : 1);
    }
    return least;
  });
};
