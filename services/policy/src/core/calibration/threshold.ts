import { accuracy, effectiveSize, oneSided95, totalWeight, wilson } from './weighted.ts';
import type { Outcome } from './weighted.ts';

export interface Threshold {
  /** At and above this confidence at most `wrong` of the actions are wrong, with 95 % confidence. */
  readonly confidence: number;
  readonly wrong: number;
  /** What was measured there, and the bound. */
  readonly measured: number; readonly bound: number;
  /** The share of actions that is at or above it. */
  readonly covered: number;
  readonly outcomes: number;
}

const grid = Array.from({ length: 21 }, (_, i) => (20 - i) / 20);
/** With fewer (effective) outcomes hardly anything could pass: four times what it takes where not one is wrong. Known before the results are. */
const fewest = (wrong: number): number => 4 * oneSided95 ** 2 * (1 - wrong) / wrong;

/**
 * The lowest confidence from which on at most `wrong` of the actions are wrong. Candidates are tested from the top down and the search ends
 * at the first that fails: fixed sequence testing keeps the error of the whole search at 5 % (Angelopoulos, Bates, Candès, Jordan and Lei 2021,
 * "Learn then Test", section 4.2; here with Wilson's bound at the effective sample size). Candidates with too few outcomes above them to pass are left out.
 */
export const proposeThreshold = (outcomes: readonly Outcome[], wrong: number): Threshold | null => {
  const all = totalWeight(outcomes);
  let best: Threshold | null = null;
  for (const confidence of grid) {
    const above = outcomes.filter((outcome) => outcome.confidence >= confidence - 1e-12);
    if (effectiveSize(above) < fewest(wrong)) continue;
    const measured = 1 - accuracy(above);
    const bound = wilson(measured, effectiveSize(above), oneSided95).high;
    if (bound > wrong) break;
    best = { confidence, wrong, measured, bound, covered: totalWeight(above) / all, outcomes: above.length };
  }
  return best;
};
