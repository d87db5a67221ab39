import { accuracy, effectiveSize, meanOf, totalWeight, wilson } from './weighted.ts';
import type { Interval, Outcome } from './weighted.ts';
import { bootstrap } from './resample.ts';

/** One stretch of the reliability curve: what was claimed there and what came of it. `actions`: how many the outcomes stand for. */
export interface Bin { readonly from: number; readonly to: number; readonly outcomes: number; readonly actions: number; readonly claimed: number; readonly right: number; readonly interval: Interval }

export interface Calibration {
  readonly outcomes: number; readonly actions: number;
  readonly claimed: number; readonly right: number;
  /** claimed − right: above 0 is over-confident. */
  readonly bias: number;
  readonly ece: number; readonly eceInterval: Interval;
  readonly brier: number; readonly brierInterval: Interval;
  readonly curve: readonly Bin[];
}

export const binCount = 10;
const binOf = (confidence: number): number => Math.min(binCount - 1, Math.max(0, Math.floor(confidence * binCount + 1e-12)));

/** The reliability curve over ten stretches of equal width; empty ones are left out (DeGroot and Fienberg 1983, The Statistician 32). */
export const reliabilityCurve = (outcomes: readonly Outcome[]): Bin[] => {
  const bins: Outcome[][] = Array.from({ length: binCount }, () => []);
  for (const outcome of outcomes) bins[binOf(outcome.confidence)]!.push(outcome);
  return bins.flatMap((inside, i) => (inside.length === 0 ? [] : [{
    from: i / binCount, to: (i + 1) / binCount, outcomes: inside.length, actions: totalWeight(inside), claimed: meanOf(inside, ({ confidence }) => confidence), right: accuracy(inside),
    interval: wilson(accuracy(inside), effectiveSize(inside)),
  }]));
};

/**
 * Expected calibration error: the mean distance between claimed and right over the stretches, by the actions in each
 * (Naeini, Cooper and Hauskrecht 2015, AAAI). Sampling noise only adds to it, so it is above 0 for a perfect agent too: read the interval.
 */
export const expectedCalibrationError = (outcomes: readonly Outcome[]): number => {
  const sums = new Float64Array(binCount);
  let total = 0;
  for (const { confidence, right, weight } of outcomes) {
    sums[binOf(confidence)]! += weight * (confidence - Number(right));
    total += weight;
  }
  return sums.reduce((sum, gap) => sum + Math.abs(gap), 0) / total;
};

/** Mean squared distance between claim and end (Brier 1950, Monthly Weather Review 78): 0 is perfect, always saying 0.5 gives 0.25. */
export const brierScore = (outcomes: readonly Outcome[]): number => meanOf(outcomes, ({ confidence, right }) => (confidence - Number(right)) ** 2);

/** Everything above at once, with 95 % intervals from the bootstrap; undefined of nothing. */
export const calibrationOf = (outcomes: readonly Outcome[], seed = 1): Calibration | undefined => {
  if (outcomes.length === 0) return undefined;
  const claimed = meanOf(outcomes, ({ confidence }) => confidence);
  const right = accuracy(outcomes);
  const [eceInterval, brierInterval] = bootstrap(outcomes, [expectedCalibrationError, brierScore], { seed });
  return {
    outcomes: outcomes.length, actions: totalWeight(outcomes), claimed, right, bias: claimed - right,
    ece: expectedCalibrationError(outcomes), eceInterval: eceInterval!,
    brier: brierScore(outcomes), brierInterval: brierInterval!,
    curve: reliabilityCurve(outcomes),
  };
};
