/**
 * What is remembered of one agent's habits: how many actions a minute it proposes, and which targets it has used.
 * Updated in constant time; a few KB per agent.
 */
export interface Baseline {
  /** Gamma prior on the rate per minute: `shape` actions in `minutes`, both decayed, so that a habit may change slowly. */
  readonly shape: number;
  readonly minutes: number;
  /** The minute being counted (epoch minutes) and the actions in it so far. */
  readonly minute: number;
  readonly count: number;
  /** Draws and distinct targets of consequential tools, for the chance that the next one is new. */
  readonly draws: number;
  readonly targets: ReadonlySet<string>;
  /** Evidence that something is odd, decayed by time: what the level is read from. */
  readonly score: number;
  readonly scoredAt: number;
  /** The last minute that yielded a rate finding: one finding a minute is enough. */
  readonly flaggedMinute: number;
}

/** A new agent is expected to do about two actions a minute, held loosely: one minute of weight. */
export const newBaseline: Baseline = { shape: 2, minutes: 1, minute: 0, count: 0, draws: 0, targets: new Set(), score: 0, scoredAt: 0, flaggedMinute: -1 };

/** Half of what a minute taught is forgotten after about a week of active minutes. */
const decayPerMinute = 0.9999;

/** Targets kept per agent; beyond it new ones are no longer learned, so they stay surprising (bounded memory). */
export const maxTargets = 1_000;

/**
 * P(X ≥ count) for the actions of a minute under the Gamma–Poisson predictive distribution, a negative binomial with
 * r = shape and p = minutes / (minutes + 1) (Gelman et al., Bayesian Data Analysis, section 2.6).
 */
export const rateTail = (baseline: Pick<Baseline, 'shape' | 'minutes'>, count: number): number => {
  const { shape: r, minutes } = baseline;
  const p = minutes / (minutes + 1);
  let mass = p ** r;
  let below = 0;
  for (let k = 0; k < count; k++) {
    below += mass;
    mass *= (k + r) / (k + 1) * (1 - p);
    if (mass < 1e-18 && k > r / p) break;
  }
  return Math.max(0, 1 - below);
};

const discount = 0.5;
const strength = 1;

/** Chance that the next target is one never seen: (θ + d·k) / (θ + n) of the Pitman–Yor process with k distinct in n draws (Pitman and Yor 1997). */
export const newTargetChance = (baseline: Pick<Baseline, 'draws' | 'targets'>): number =>
  (strength + discount * baseline.targets.size) / (strength + baseline.draws);

/** Closes minutes that are over: what they counted becomes habit, unless that minute was flagged: never learn from what was just flagged. */
export const turnMinute = (baseline: Baseline, minute: number): Baseline => {
  if (minute <= baseline.minute) return baseline;
  const learn = baseline.count > 0 && baseline.flaggedMinute !== baseline.minute;
  return {
    ...baseline,
    shape: learn ? baseline.shape * decayPerMinute + baseline.count : baseline.shape,
    minutes: learn ? baseline.minutes * decayPerMinute + 1 : baseline.minutes,
    minute, count: 0,
  };
};
