import { floored } from './evidence.ts';

/** How many actions an agent proposes in a minute in which it proposes any. */
export interface Pace {
  /** Gamma prior on the rate: `shape` actions in `minutes`. */
  shape: number;
  minutes: number;
  /** The minute being counted (epoch minutes), its actions, and whether it was told of. */
  minute: number;
  count: number;
  told: number;
}

/** A new agent is expected to do about two actions a minute, held loosely: one minute of weight. */
export const newPace = (): Pace => ({ shape: 2, minutes: 1, minute: 0, count: 0, told: -1 });

/** Runs that a peer group begins by hour of the week (UTC). */
export interface Season { readonly hours: Float32Array; total: number; /** When the first and the latest of them began, epoch ms. */ since: number; until: number }
export const newSeason = (): Season => ({ hours: new Float32Array(168), total: 0, since: 0, until: 0 });

/** Epoch day 0 was a Thursday; the week begins on Monday. */
export const hourOfWeek = (now: number): number => (Math.floor(now / 3_600_000) + 72) % 168;

/** Below this many runs, and before it has lived through a whole week, a group has no rhythm: an hour that never came yet is not a quiet one. */
const rhythmFrom = 400;
const weekMs = 168 * 3_600_000;
/** Half of what a minute taught is forgotten after some 7,000 more of them. */
const decay = 0.9999;

/** How busy an hour of the week is, 1 = the mean hour: additive smoothing. */
export const factorOf = (season: Season, week: number): number =>
  (season.total < rhythmFrom || season.until - season.since < weekMs ? 1 : (season.hours[week]! + season.total / 168 * 0.05) / (season.total / 168 * 1.05));

export const learnHour = (season: Season, now: number): void => {
  if (season.total === 0) season.since = now;
  season.until = Math.max(season.until, now);
  season.hours[hourOfWeek(now)]! += 1;
  season.total += 1;
  if (season.total < 1e6) return;
  for (let i = 0; i < 168; i++) season.hours[i]! *= 0.5;
  season.total *= 0.5;
};

/**
 * P(X ≥ count) under the Gamma–Poisson predictive distribution, a negative binomial with r = shape and p = weight / (weight + 1)
 * (Gelman et al., Bayesian Data Analysis, section 2.6). Constant time: above 256 by the bound exp(−z²/2) of the square root's normal
 * approximation (Anscombe 1948).
 */
export const rateTail = (shape: number, weight: number, count: number): number => {
  const p = weight / (weight + 1), mean = shape / weight;
  if (count > 256) return count <= mean ? 1 : floored(Math.exp(-2 * (Math.sqrt(count) - Math.sqrt(mean)) ** 2 / (1 + mean / shape)));
  let mass = p ** shape, below = 0;
  for (let k = 0; k < count; k++) {
    below += mass;
    mass *= (k + shape) / (k + 1) * (1 - p);
    if (mass < 1e-18 && k > mean) break;
  }
  return floored(1 - below);
};

/** Minutes differ more than chance would have it, however well their mean is known: shape of the rate from minute to minute. */
const bursts = 4;
/** P(X ≥ n) / P(X ≥ 1): a minute is only looked at once something happened in it. */
export const minuteTail = ({ shape, minutes }: Pick<Pace, 'shape' | 'minutes'>, count: number): number => {
  if (count < 2) return 1;
  const r = Math.min(shape, bursts), weight = r * minutes / shape;
  return rateTail(r, weight, count) / rateTail(r, weight, 1);
};

/** More minutes behind, and it was the clock before that was wrong: counting begins anew from here. */
const mostLate = 1_440;
/** Closes minutes that are over: what they counted becomes habit, clipped to ten times the habit, and not at all where it was told of. */
export const turnMinute = (pace: Pace, minute: number): void => {
  if (minute <= pace.minute && minute > pace.minute - mostLate) return;
  if (minute > pace.minute && pace.count > 0 && pace.told !== pace.minute) {
    const most = 10 * pace.shape / pace.minutes + 10;
    pace.shape = pace.shape * decay + Math.min(pace.count, most);
    pace.minutes = pace.minutes * decay + 1;
  }
  pace.minute = minute;
  pace.count = 0;
};
