import { floored } from './evidence.ts';

/** A moving mean and variance of ln(1 + x): tokens and cost are spread over orders of magnitude. */
export interface Amounts { mean: number; variance: number; n: number }
export const newAmounts = (): Amounts => ({ mean: 0, variance: 0, n: 0 });

const amountsFrom = 10;
const floorOfVariance = 0.05;

/** P(X ≥ x) by Chernoff's bound for a log-normal with moving moments; 1 before there is a habit. */
export const amountTail = (of: Amounts, x: number): number => {
  if (of.n < amountsFrom) return 1;
  const z = (Math.log1p(Math.max(0, x)) - of.mean) / Math.sqrt(of.variance + floorOfVariance);
  return z <= 0 ? 1 : floored(Math.exp(-z * z / 2));
};

export const learnAmount = (of: Amounts, x: number): void => {
  const rate = Math.max(1 / (of.n + 1), 0.02);
  const spread = Math.sqrt(of.variance + floorOfVariance);
  const off = Math.log1p(Math.max(0, x)) - of.mean;
  const step = of.n < amountsFrom ? off : Math.max(-3 * spread, Math.min(3 * spread, off));
  of.mean += rate * step;
  of.variance = (1 - rate) * (of.variance + rate * step * step);
  of.n++;
};

/** How often something happens: Beta–Bernoulli with a fast memory of the last few and a slow one (Gelman et al., section 2.4). */
export interface Share { fast: number; slow: number; n: number }
export const newShare = (): Share => ({ fast: 0, slow: 0, n: 0 });

const fastRate = 0.1;
const slowRate = 0.005;

/** Counts one, and says how unlikely the recent share is by the usual one: exp(−N KL(fast ‖ slow)) with N = 1/rate (Chernoff; Sanov). */
export const takeShare = (of: Share, happened: boolean): number => {
  const x = happened ? 1 : 0;
  of.fast += fastRate * (x - of.fast);
  const usual = (of.slow * Math.min(of.n, 200) + 1) / (Math.min(of.n, 200) + 20);
  of.n++;
  const slow = Math.max(1 / of.n, slowRate);
  of.slow += slow * (x - of.slow);
  if (of.n < 20 || of.fast <= usual) return 1;
  const p = Math.min(0.999, of.fast), q = Math.min(0.999, usual);
  return floored(Math.exp(-(p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q))) / fastRate));
};
