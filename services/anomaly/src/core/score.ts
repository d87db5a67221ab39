import type { Shift } from './mix-drift.ts';

/** What is looked at, each a pure function of an action and the baselines (features/). */
export const features = ['tool', 'sequence', 'target', 'provenance', 'flow', 'asked', 'content', 'refusals', 'volume', 'silence', 'timing', 'mix', 'tokens', 'cost', 'errors'] as const;
export type FeatureName = (typeof features)[number];

/** Where a score comes from. The contributions of an action add up to its evidence. */
export interface Contribution {
  readonly feature: FeatureName;
  /** Share of the evidence, in nats (natural logarithm of how much less likely than usual); ≥ 0. */
  readonly nats: number;
  /** What was seen, and what was expected, in the feature's own unit (a count, a probability, a number of tokens). */
  readonly observed: number;
  readonly expected: number;
  /** What share of the peers' actions of this kind looked like this; null where the feature does not compare with peers. */
  readonly peerShare: number | null;
}

/** How odd one action is, and with it its run and its agent. */
export interface Score {
  /** Chance that a run of a well-behaved peer looks as odd as this run does by now (conformal, by peer group). */
  readonly pValue: number;
  /** The same as evidence for betting against "as usual": ≥ 20 is what a p-value of .01 is worth; may be averaged and, over time, multiplied. */
  readonly eValue: number;
  /** Of this action alone, nats: the sum of its contributions. */
  readonly evidence: number;
  /** Greatest first; only those above zero. */
  readonly contributions: readonly Contribution[];
  readonly level: 'normal' | 'raised' | 'high';
  /** Whether it asks for attention now: the false-discovery control let it through (once per run and refractory time). */
  readonly alert: boolean;
  /** Whether the alert may open a case; without, the day's budget had none left and it adds to what was told of the agent within the hour. */
  readonly opens: boolean;
  /** Whether it is the runs before, each a little odd, that ask for attention. */
  readonly slow: boolean;
  /** Whether it would have asked for attention, and the day's budget had nothing left: said once of a run. */
  readonly withheld: boolean;
  /** Its work has changed for good, by habit alone: a case for taking the baseline anew after review, not for an alert. */
  readonly drift: boolean;
  /** Where it has: which tools' share of its work changed. */
  readonly shifts: readonly Shift[];
  /** What it did that none of its peers had ever done, as keys; empty as a rule. */
  readonly news: readonly number[];
}
