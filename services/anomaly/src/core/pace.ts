/**
 * How many actions an agent proposes, and when. Rates are per minute; the season is the hour of the week (UTC), shared by a peer group.
 */
export interface Pace {
  /** Gamma prior on the rate per expected minute: `shape` actions in `minutes` of weight. */
  shape: number;
  minutes: number;
  /** The minute being counted (epoch minutes), its actions, and whether it was told of. */
  minute: number;
  count: number;
  told: number;
  /** The last action, epoch ms; mean and variance of ln(1 + gap in s) between runs, both moving. */
  last: number;
  gapMean: number;
  gapVar: number;
  gaps: number;
}

/** A new agent is expected to do about two actions a minute, held loosely: one minute of weight. */
export const newPace = (): Pace => ({ shape: 2, minutes: 1, minute: 0, count: 0, told: -1, last: 0, gapMean: 0, gapVar: 0, gaps: 0 });

/** Actions by hour of the week, as shares of the mean hour: additive smoothing towards 1. */
export interface Season { readonly hours: Float32Array; total: number }
export const newSeason = (): Season => ({ hours: new Float32Array(168), total: 0 });

/** Epoch day 0 was a Thursday; the week begins on Monday. */
export const hourOfWeek = (now: number): number => (Math.floor(now / 3_600_000) + 72) % 168;

/** Below this many actions a group has no rhythm. */
const rhythmFrom = 2_000;
/** Half of what an hour or a minute taught is forgotten after some 7,000 more of them. */
const decay = 0.9999;

export const factorOf = (season: Season, now: number): number =>
  (season.total < rhythmFrom ? 1 : (season.hours[hourOfWeek(now)]! + season.total / 168 * 0.05) / (season.total / 168 * 1.05));

export const learnHour = (season: Season, now: number): void => {
  season.hours[hourOfWeek(now)]! += 1;
  season.total += 1;
  if (season.total < 1e6) return;
  for (let i = 0; i < 168; i++) season.hours[i]! *= 0.5;
  season.total *= 0.5;
};

/**
 * P(X ≥ count) for the actions of a minute under the Gamma–Poisson predictive distribution, a negative binomial with
 * r = shape and p = minutes / (minutes + exposure) (Gelman et al., Bayesian Data Analysis, section 2.6). Constant time: above 256 by the bound
 * exp(−z²/2) of the square root's normal approximation (Anscombe 1948).
 * @param exposure how busy the hour is by the season, 1 = as ever
 */
export const rateTail = ({ shape: r, minutes }: Pick<Pace, 'shape' | 'minutes'>, count: number, exposure = 1): number => {
  const p = minutes / (minutes + exposure);
  const mean = (r * (1 - p)) / p;
  if (count > 256) return count <= mean ? 1 : Math.max(1e-12, Math.exp(-2 * (Math.sqrt(count) - Math.sqrt(mean)) ** 2 / (1 + mean / r)));
  let mass = p ** r, below = 0;
  for (let k = 0; k < count; k++) {
    below += mass;
    mass *= (k + r) / (k + 1) * (1 - p);
    if (mass < 1e-18 && k > r / p) break;
  }
  return Math.max(1e-12, 1 - below);
};

/** Closes minutes that are over: what they counted becomes habit, clipped to ten times the habit, and not at all where it was told of. */
export const turnMinute = (pace: Pace, minute: number, exposure: number): void => {
  if (minute <= pace.minute) return;
  if (pace.count > 0 && pace.told !== pace.minute) {
    const most = 10 * pace.shape / pace.minutes + 10;
    pace.shape = pace.shape * decay + Math.min(pace.count, most);
    pace.minutes = pace.minutes * decay + exposure;
  }
  pace.minute = minute;
  pace.count = 0;
};

/** Gaps before there is a habit of them. */
const gapsFrom = 20;

/**
 * How much longer than ever the agent was silent before this run: Gaussian tail of ln(1 + gap) above its mean, as Chernoff's bound
 * exp(−z²/2). A dormant agent that wakes has a gap like no other.
 */
export const silenceTail = (pace: Pace, now: number): number => {
  if (pace.gaps < gapsFrom || now <= pace.last) return 1;
  const z = (Math.log1p((now - pace.last) / 1000) - pace.gapMean) / Math.sqrt(pace.gapVar + 0.25);
  return z <= 0 ? 1 : Math.exp(-z * z / 2);
};

export const learnGap = (pace: Pace, now: number): void => {
  if (pace.last > 0 && now > pace.last) {
    const gap = Math.log1p((now - pace.last) / 1000);
    const rate = Math.max(1 / (pace.gaps + 1), 0.02);
    const off = gap - pace.gapMean;
    // Clipped: one very long silence teaches three standard deviations at most.
    const step = pace.gaps < gapsFrom ? off : Math.max(-3, Math.min(3, off / Math.sqrt(pace.gapVar + 0.25))) * Math.sqrt(pace.gapVar + 0.25);
    pace.gapMean += rate * step;
    pace.gapVar = (1 - rate) * (pace.gapVar + rate * step * step);
    pace.gaps++;
  }
};

/** Off-hours: the share of the group's actions in hours of the week at most as busy as this one. 1 where there is no rhythm yet. */
export const hourTail = (season: Season, now: number): number => {
  if (season.total < rhythmFrom) return 1;
  const mine = season.hours[hourOfWeek(now)]!;
  let quiet = 0;
  for (let i = 0; i < 168; i++) if (season.hours[i]! <= mine) quiet += season.hours[i]!;
  return (1 + quiet) / (1 + season.total);
};
