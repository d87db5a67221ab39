import type { GovernedDecided, GovernedRecord } from '@countersign/contracts';
import type { Outcome } from './weighted.ts';

/** A person's verdict on a drawn action. */
export interface Verdict { readonly run: string; readonly action: string; readonly verdict: 'right' | 'wrong' }

/** How it is known whether an action was right. */
export type Why = 'approved' | 'denied' | 'edited' | 'reversed' | 'failed' | 'review';
export interface Labelled extends Outcome { readonly agent: string; readonly tool: string; readonly why: Why }

export interface Labels {
  readonly labelled: readonly Labelled[];
  readonly actions: number;
  /** Of the actions whose end is known: without a claim of confidence, and so left out. */
  readonly silent: number;
  readonly drawn: number; readonly reviewed: number;
  readonly byWhy: Readonly<Record<string, number>>;
}

interface Seen {
  readonly agent: string; readonly tool: string; readonly confidence: number | null; readonly consequential: boolean; readonly proposed: string;
  alone: boolean; asked: boolean; rate: number | null; people: 'approved' | 'denied' | null; edited: boolean; failed: boolean; reversed: boolean; verdict: 'right' | 'wrong' | null;
}

/**
 * What became of each action, from the record and the reviews. Everything that people decided, took back or that failed is known. Of the
 * changes made without a person only a random share was looked at, blind: each stands for as many as its rate says, times drawn over
 * reviewed where reviews are missing (which takes what was reviewed for as good a sample as what was drawn).
 */
export const createLabels = () => {
  const seen = new Map<string, Seen>();
  const of = (run: string | null, action: string): Seen | undefined => seen.get(`${run ?? ''}/${action}`);
  const record = (one: GovernedRecord): void => {
    if (one.kind === 'action.decided') decided(seen, one);
    else if (one.kind === 'action.outcome') {
      const found = of(one.run, one.action);
      if (found !== undefined) found.failed = one.message.status === 'failed';
    } else if (one.kind === 'action.reversed') {
      const found = of(one.run, one.action);
      if (found !== undefined) found.reversed = true;
    }
  };
  const review = ({ run, action, verdict }: Verdict): void => {
    const found = of(run, action);
    if (found !== undefined) found.verdict ??= verdict;
  };
  return { record, review, labels: () => labelsOf([...seen.values()]) };
};

const decided = (seen: Map<string, Seen>, record: GovernedDecided): void => {
  const key = `${record.run ?? ''}/${record.action}`;
  const proposed = JSON.stringify(record.message.arguments);
  let found = seen.get(key);
  // Decided before the stretch that is read: how sure the agent was is not known here.
  if (found === undefined && record.round > 1) return;
  if (found === undefined) seen.set(key, found = {
    agent: record.agent ?? '', tool: record.tool, confidence: record.message.confidence, consequential: record.facts['tool.consequential']?.value === true, proposed,
    alone: false, asked: false, rate: null, people: null, edited: false, failed: false, reversed: false, verdict: null,
  });
  const { decision, tier } = record.decision;
  if (decision === 'step_up') found.asked = true;
  if (decision === 'allow' || decision === 'modify') {
    found.alone = !found.asked && tier <= 2;
    found.rate = record.review?.rate ?? null;
    if (found.asked && proposed !== found.proposed) found.edited = true;
  }
  const resolution = record.resolved?.resolution;
  if (resolution === 'approved' || resolution === 'denied') found.people = resolution;
};

const labelsOf = (all: readonly Seen[]): Labels => {
  // What came to light by itself needs no sample; the rest of what was done alone is known by the sample only.
  const quiet = (one: Seen): boolean => one.alone && one.consequential && !one.reversed && !one.failed;
  const drawn = all.filter((one) => one.rate !== null && quiet(one));
  const reviewed = drawn.filter((one) => one.verdict !== null).length;
  const missing = reviewed === 0 ? 1 : drawn.length / reviewed;
  const labelled: Labelled[] = [];
  const byWhy: Record<string, number> = {};
  let silent = 0;
  for (const one of all) {
    const label = labelOf(one, quiet(one), missing);
    if (label === undefined) continue;
    byWhy[label.why] = (byWhy[label.why] ?? 0) + 1;
    if (one.confidence === null) silent++;
    else labelled.push({ agent: one.agent, tool: one.tool, confidence: one.confidence, ...label });
  }
  return { labelled, actions: all.length, silent, drawn: drawn.length, reviewed, byWhy };
};

const labelOf = (one: Seen, quiet: boolean, missing: number): Pick<Labelled, 'right' | 'weight' | 'why'> | undefined => {
  if (one.people === 'denied') return { right: false, weight: 1, why: 'denied' };
  if (one.people === 'approved' || one.alone) {
    if (!one.consequential) return undefined;
    if (one.reversed) return { right: false, weight: 1, why: 'reversed' };
    if (one.failed) return { right: false, weight: 1, why: 'failed' };
  }
  if (one.people === 'approved') return { right: !one.edited, weight: 1, why: one.edited ? 'edited' : 'approved' };
  if (quiet && one.rate !== null && one.verdict !== null) return { right: one.verdict === 'right', weight: missing / one.rate, why: 'review' };
  return undefined;
};
