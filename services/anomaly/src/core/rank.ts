import type { OpenRun } from './agent.ts';
import { familiarFrom } from './behaviour.ts';
import { pValueOf } from './calibrate.ts';
import { average, eValueOf, floored } from './evidence.ts';
import type { Group, Tenant } from './groups.ts';

/** How much of the attention each channel gets: behaviour, volume, silence and hours, spend, trouble. Sums to 1. */
const weights = [0.6, 0.15, 0.1, 0.1, 0.05] as const;
/** Runs of familiar tasks before they are a rank of their own. */
const enoughFamiliar = 30;
/** Actions of a run that a model's tail probability is multiplied by: the run's oddest of so many. */
const looks = 20;

const chances = new Float64Array(weights.length);
const values: number[] = weights.map(() => 0);

/** Below so many nats a model's peak is nothing. */
const leastPeak = 3;

/**
 * What a run amounts to by now; ranks it anew where a peak has grown. Each channel's peak is ranked among peers' runs (conformal p-values);
 * together they are the weighted Bonferroni p-value min p_i / w_i, good under any dependence, and the weighted average of e-values, which can be
 * bet on over runs.
 */
export const rankRun = (run: OpenRun, group: Group, tenant: Tenant, taskRuns: number): void => {
  const peaks = run.fresh + run.familiar + Math.max(leastPeak, run.volume) + Math.max(leastPeak, run.silence) + Math.max(leastPeak, run.spend) + Math.max(leastPeak, run.trouble);
  if (peaks === run.ranked) return;
  run.ranked = peaks;
  const { calibrations: own } = group, { calibrations: wide } = tenant;
  const isFamiliar = taskRuns >= familiarFrom && own.familiar.total + wide.familiar.total >= enoughFamiliar;
  chances[0] = isFamiliar ? pValueOf(own.familiar, wide.familiar, run.familiar) : pValueOf(own.fresh, wide.fresh, run.fresh);
  chances[1] = byModel(own.volume, wide.volume, run.volume);
  chances[2] = byModel(own.silence, wide.silence, run.silence);
  chances[3] = byModel(own.spend, wide.spend, run.spend);
  chances[4] = byModel(own.trouble, wide.trouble, run.trouble);
  let pValue = 1;
  for (let i = 0; i < weights.length; i++) {
    pValue = Math.min(pValue, floored(chances[i]! / weights[i]!));
    values[i] = eValueOf(chances[i]!);
  }
  if (pValue < run.pValue) {
    run.pValue = pValue;
    run.byBehaviour = pValue === chances[0]! / weights[0];
  }
  run.eValue = average(values, weights);
};

/** Peaks that come from a model of their own: below a nat per look nothing is odd. */
const byModel = (own: Parameters<typeof pValueOf>[0], wide: Parameters<typeof pValueOf>[1], peak: number): number =>
  (peak < leastPeak ? 1 : pValueOf(own, wide, peak, Math.min(1, looks * Math.exp(-peak))));

/** An agent's level by the evidence that is left of its oddest run, −1.5 log10 p: raised from one run in a hundred on, high from one in ten thousand; what is no number is high. */
export const levelOf = (evidence: number): 'normal' | 'raised' | 'high' => (evidence < 3 ? 'normal' : evidence < 6 ? 'raised' : 'high');
