/**
 * Scores of runs that were as usual, as a histogram: what a new score is ranked among (conformal prediction: Vovk, Gammerman, Shafer 2005).
 * Fades by halving, so that it follows the present.
 */
export interface Calibration {
  readonly bins: Float32Array;
  total: number;
}

const width = 0.25;
const bins = 128;
/** When this many runs are in, all of them count half. */
const fadeAt = 4_000;

export const newCalibration = (): Calibration => ({ bins: new Float32Array(bins), total: 0 });

const binOf = (score: number): number => Math.min(bins - 1, Math.max(0, Math.floor(score / width)));

export const record = (to: Calibration, score: number, weight = 1): void => {
  to.bins[binOf(score)]! += weight;
  to.total += weight;
  if (to.total <= fadeAt) return;
  for (let i = 0; i < bins; i++) to.bins[i]! *= 0.5;
  to.total *= 0.5;
};

/** The share of scores that counts as tail, and what is known of it. */
const tailShare = 0.1;

/**
 * P(score ≥ x) among the recorded. Inside the histogram the conformal rank (1 + those above) / (1 + all), evenly spread within a bin; in the
 * upper tenth an exponential tail with the mean excess over its threshold (peaks over threshold: Pickands 1975, with shape 0), at least as heavy
 * as one nat, so that ranks go on beyond the greatest score ever seen.
 */
export const tailOf = (of: Calibration, score: number): number => {
  const { bins: counts, total } = of;
  if (total === 0) return 1;
  const at = binOf(score);
  const inside = Math.min(1, Math.max(0, (at + 1) - score / width));
  // From below: usual scores are small.
  let below = 0;
  for (let i = 0; i < at; i++) below += counts[i]!;
  const above = Math.max(0, total - below - counts[at]! * (1 - inside));
  const want = total * tailShare;
  if (above > want) return Math.min(1, (1 + above) / (1 + total));
  let sum = 0, excess = 0, from = bins - 1;
  // From the top down to the bin with which the tail is full.
  for (; from > 0 && sum + counts[from]! < want; from--) sum += counts[from]!;
  sum += counts[from]!;
  for (let i = from; i < bins; i++) excess += counts[i]! * (i - from + 0.5) * width;
  const mean = Math.max(1, excess / Math.max(sum, 1e-9));
  const threshold = from * width;
  return Math.min(1, ((1 + sum) / (1 + total)) * Math.exp(-Math.max(0, score - threshold) / mean));
};

/** How much of the tenant's runs a peer group leans on: as if it had seen so many more. */
const lean = 50;

/** Runs that a model's own probability counts as. */
const modelLean = 30;
/** Below so many runs no chance is smaller than one in so many. */
const enough = 50;

/**
 * Conformal p-value of a run's score among runs of its peers, and to a lesser part of the whole tenant.
 * @param model what a model of the score says by itself, for times when no runs are known; without it few runs make nothing odd
 */
export const pValueOf = (group: Calibration, tenant: Calibration, score: number, model?: number): number => {
  const own = group.total, wide = Math.min(lean, tenant.total);
  const ranked = own * tailOf(group, score) + wide * tailOf(tenant, score);
  if (model !== undefined) return (ranked + modelLean * model) / (own + wide + modelLean);
  if (own + wide === 0) return 1;
  const n = 1 + Math.max(own, tenant.total);
  return Math.max(n < enough ? 1 / n : 1 / (n * n), ranked / (own + wide));
};
