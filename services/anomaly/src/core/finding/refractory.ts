import type { Finding } from '@countersign/contracts';
import { isWorse } from './severity.ts';

/** A case: what an agent's people were told of one oddity, and how often it came again. Plain data: it is part of the checkpoint. */
export interface ToldCase {
  /** The finding that opened it, when, and the worst that was told of it. */
  readonly finding: string;
  readonly at: number;
  readonly severity: Finding['severity'];
  /** Findings that belong to it, and those of them that were not told since the last one that was. */
  readonly seen: number;
  readonly repeats: number;
}
/** By what was odd, the oldest first. */
export type Lately = Readonly<Record<string, ToldCase>>;

/** A case takes up the same oddity for an hour; that an agent's work has changed, for a week. */
export const refractoryMs = 3_600_000;
const patience: Readonly<Record<Finding['kind'], number>> = { behaviour: refractoryMs, spread: refractoryMs, overflow: refractoryMs, drift: 168 * refractoryMs };
const mostKept = 32;
/** Of one case so many findings are told one by one, and then each time that they have doubled: whoever listens hears of a second theft, and of a thousandth no thousand times. */
const toldSingly = 4;
/** Whether it is a power of two. */
export const isDoubled = (seen: number): boolean => (seen & (seen - 1)) === 0;
const isTold = (seen: number): boolean => seen <= toldSingly || isDoubled(seen);

/** That work has changed is one thing, whatever shows it. */
const driftKey = 'drift:';
/** What is still told of after an analyst's word: the same behaviour is a new case then; of drift a week is a week. */
export const judged = (lately: Lately): Lately => Object.fromEntries(Object.entries(lately).filter(([key]) => !key.startsWith('behaviour:')));

/** What makes two findings the same: kind, run-independent, and the features that carry them. */
export const sameAs = ({ kind, contributions }: Pick<Finding, 'kind' | 'contributions'>): string => kind === 'drift' ? driftKey :
  `${kind}:${contributions.filter(({ nats }) => nats > 0).slice(0, 2).map(({ feature }) => feature).sort().join('+')}`;

export interface Outcome { readonly lately: Lately; /** Undefined: it is only counted. */ readonly told: Finding | undefined; /** The finding that stands for it; undefined: none does. */ readonly as: string | undefined; /** The worst that was told of its case. */ readonly severity: Finding['severity'] }

const isRecent = (known: ToldCase, { kind, at }: Finding): boolean => Math.abs(at - known.at) < patience[kind];

/**
 * Opens a case, or adds to one: told at once where it has become worse.
 * @param mayOpen asked where it would open a case; without, it adds to the newest of its kind, and is not told where there is none
 */
export const tellOnce = (lately: Lately, finding: Finding, mayOpen: () => boolean = () => true): Outcome => {
  const key = sameAs(finding);
  // A clock that jumped back does not silence anything for longer than the time itself.
  const known = lately[key] !== undefined && isRecent(lately[key], finding);
  const opens = !known && mayOpen();
  const into = known ? key
    : opens ? undefined : Object.keys(lately).findLast((one) => one.startsWith(`${finding.kind}:`) && isRecent(lately[one]!, finding));
  const { [into ?? key]: before, ...others } = lately;
  if (into === undefined || before === undefined) {
    if (!opens) return { lately, told: undefined, as: undefined, severity: finding.severity };
    const told = { ...finding, repeats: before?.repeats ?? 0 };
    return { lately: newest({ ...others, [key]: { finding: told.finding, severity: told.severity, at: told.at, seen: 1, repeats: 0 } }), told, as: told.finding, severity: told.severity };
  }
  const seen = before.seen + 1;
  const severity = isWorse(finding.severity, before.severity) ? finding.severity : before.severity;
  // What several agents do, and that work has changed, is said of every action while it lasts: only what runs do is counted out.
  if (severity === before.severity && !(finding.kind === 'behaviour' && isTold(seen))) return { lately: { ...lately, [into]: { ...before, seen, repeats: before.repeats + 1 } }, told: undefined, as: before.finding, severity };
  const told: Finding = { ...finding, repeats: before.repeats, case: { finding: before.finding, seen, since: before.at } };
  return { lately: { ...lately, [into]: { ...before, severity, seen, repeats: 0 } }, told, as: told.finding, severity };
};

const newest = (lately: Lately): Lately => {
  const entries = Object.entries(lately);
  return entries.length <= mostKept ? lately : Object.fromEntries(entries.slice(-mostKept));
};

/** What several agents did is a case of the thing, which the things' partition keeps: an agent only knows of which of its runs that was told lately. */
const togetherKey = (run: string | null): string => `spread:${run ?? ''}`;
/** The finding that told it of this run. */
export const toldTogether = (lately: Lately, run: string, now: number): string | undefined => {
  const known = lately[togetherKey(run)];
  return known !== undefined && Math.abs(now - known.at) < patience.spread ? known.finding : undefined;
};
export const withTogether = (lately: Lately, { finding, run, at, severity }: Finding, opened = finding): Lately =>
  newest({ ...lately, [togetherKey(run)]: { finding: opened, at, severity, seen: 1, repeats: 0 } });
