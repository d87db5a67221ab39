import type { Finding } from '@countersign/contracts';
import { impactNumber } from './impact.ts';
import type { Impact } from './impact.ts';

/** Of twenty stretches that look a little odd one is an attack or a fault: what is believed before any evidence. */
const priorOdds = 1 / 20;

/**
 * Posterior probability that it is no accident: prior odds times an e-value, which bounds the likelihood ratio against "as usual"
 * (Good, Probability and the Weighing of Evidence, 1950; Vovk and Wang, E-values, 2021).
 */
export const confidenceOf = (eValue: number): number => {
  const odds = priorOdds * Math.min(1e300, Math.max(0, eValue));
  return odds / (1 + odds);
};

/** Impact times confidence, 0 to 1. */
export const riskOf = (impact: Impact, confidence: number): number => impactNumber(impact) / 4 * confidence;

/** Bands of the risk: a read is at most medium however sure one is. */
export const severityOf = (impact: Impact, confidence: number): Finding['severity'] => {
  const risk = riskOf(impact, confidence);
  return risk >= 0.7 ? 'critical' : risk >= 0.45 ? 'high' : risk >= 0.2 ? 'medium' : 'low';
};

export const severities: readonly Finding['severity'][] = ['low', 'medium', 'high', 'critical'];
export const isWorse = (one: Finding['severity'], than: Finding['severity']): boolean => severities.indexOf(one) > severities.indexOf(than);
