import type { Finding } from '@countersign/contracts';
import { severities } from './severity.ts';

/** What an agent's people were told lately, by what was odd. Plain data: it is part of the checkpoint. */
export type Lately = Readonly<Record<string, { readonly finding: string; readonly severity: Finding['severity']; readonly at: number; readonly repeats: number }>>;

/** The same oddity is told again after an hour, or at once where it has become worse; that an agent's work has changed, after a week. */
export const refractoryMs = 3_600_000;
const patience: Readonly<Record<Finding['kind'], number>> = { behaviour: refractoryMs, spread: refractoryMs, drift: 168 * refractoryMs };
const mostKept = 32;

/** What makes two findings the same: kind, run-independent, and the features that carry them. */
export const sameAs = ({ kind, contributions }: Pick<Finding, 'kind' | 'contributions'>): string =>
  `${kind}:${contributions.filter(({ nats }) => nats > 0).slice(0, 2).map(({ feature }) => feature).sort().join('+')}`;

export interface Outcome { readonly lately: Lately; /** Undefined: the same was told a short while ago. */ readonly told: Finding | undefined; /** The finding that stands for it. */ readonly as: string }

/** Tells a finding, or counts it as one more of what was told. */
export const tellOnce = (lately: Lately, finding: Finding): Outcome => {
  const key = sameAs(finding);
  const before = lately[key];
  // A clock that jumped back does not silence anything for longer than the time itself.
  const recent = before !== undefined && Math.abs(finding.at - before.at) < patience[finding.kind];
  if (recent && severities.indexOf(finding.severity) <= severities.indexOf(before.severity)) {
    return { lately: { ...lately, [key]: { ...before, repeats: before.repeats + 1 } }, told: undefined, as: before.finding };
  }
  const told = { ...finding, repeats: before?.repeats ?? 0 };
  const { [key]: _, ...others } = lately;
  return { lately: newest({ ...others, [key]: { finding: told.finding, severity: told.severity, at: told.at, repeats: 0 } }), told, as: told.finding };
};

const newest = (lately: Lately): Lately => {
  const entries = Object.entries(lately);
  return entries.length <= mostKept ? lately : Object.fromEntries(entries.slice(-mostKept));
};
