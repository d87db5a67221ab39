/**
 * One action whose end is known. `confidence`: what the runtime claimed before, 0 to 1. `right`: it was as it should be. `weight`: how many
 * actions it stands for, the inverse of the probability with which it was looked at (Horvitz and Thompson 1952, "A generalization of
 * sampling without replacement from a finite universe", JASA 47): 1 where everything is looked at, 1/rate in a random sample.
 */
export interface Outcome { readonly confidence: number; readonly right: boolean; readonly weight: number }

export interface Interval { readonly low: number; readonly high: number }

export const totalWeight = (outcomes: readonly Outcome[]): number => outcomes.reduce((sum, { weight }) => sum + weight, 0);

/** Weighted mean of `of` (Hájek's ratio estimator); NaN of none. */
export const meanOf = (outcomes: readonly Outcome[], of: (outcome: Outcome) => number): number =>
  outcomes.reduce((sum, outcome) => sum + outcome.weight * of(outcome), 0) / totalWeight(outcomes);

export const accuracy = (outcomes: readonly Outcome[]): number => meanOf(outcomes, ({ right }) => Number(right));

/** How many equally weighted outcomes tell as much (Kish 1965, Survey Sampling): (Σw)² / Σw². */
export const effectiveSize = (outcomes: readonly Outcome[]): number => {
  const squares = outcomes.reduce((sum, { weight }) => sum + weight * weight, 0);
  return squares === 0 ? 0 : totalWeight(outcomes) ** 2 / squares;
};

/** z of a two-sided interval of 95 %. */
export const z95 = 1.959963984540054;
/** z of a one-sided bound of 95 %. */
export const oneSided95 = 1.6448536269514722;

/** Wilson's score interval of a share among `n` (1927, JASA 22), also for an effective size; all of [0, 1] where n is 0. */
export const wilson = (share: number, n: number, z = z95): Interval => {
  if (!(n > 0)) return { low: 0, high: 1 };
  const middle = share + z * z / (2 * n);
  const reach = z * Math.sqrt(share * (1 - share) / n + z * z / (4 * n * n));
  const below = 1 + z * z / n;
  return { low: Math.max(0, (middle - reach) / below), high: Math.min(1, (middle + reach) / below) };
};
