import type { AnomalyLevel } from '@countersign/contracts';
import { maxTargets, newBaseline, newTargetChance, rateTail, turnMinute } from './baseline.ts';
import type { Baseline } from './baseline.ts';
import type { ActionSeen } from './observation.ts';
import type { Contribution, Score } from './score.ts';

export interface Observed {
  readonly baseline: Baseline;
  readonly score: Score;
}

/** A minute as busy as this happens once in ten thousand by the agent's own habit. */
const rateAlarm = 1e-4;
/** A new target is worth a finding when the agent nearly always uses known ones. */
const targetAlarm = 0.05;
/** Below this many draws there is no habit to break. */
const minimumDraws = 20;
/** Evidence halves every ten minutes. */
const scoreHalfLifeMs = 600_000;

const levelOf = (score: number): AnomalyLevel['level'] => (score >= 6 ? 'high' : score >= 3 ? 'raised' : 'normal');

/** The level as it stands at a time without new actions: evidence fades. */
export const levelAt = (baseline: Baseline, now: number): AnomalyLevel['level'] => levelOf(faded(baseline, now));

/** Evidence left at a time. */
export const faded = (baseline: Baseline, now: number): number => baseline.score * 0.5 ** (Math.max(0, now - baseline.scoredAt) / scoreHalfLifeMs);

/** Looks at one action: what is odd about it, and what it teaches. Pure; the same actions in the same order give the same state bit for bit. */
export const observe = (known: Baseline | undefined, seen: ActionSeen): Observed => {
  const minute = Math.floor(seen.now / 60_000);
  let baseline = turnMinute(known ?? { ...newBaseline, minute }, minute);
  const contributions: Contribution[] = [];

  // Runs of an agent arrive over several partitions, after a pause far out of step: a late action is not a burst of the minute at hand.
  const late = minute < baseline.minute;
  const count = late ? baseline.count : baseline.count + 1;
  baseline = { ...baseline, count };
  const tail = late ? 1 : rateTail(baseline, count);
  if (tail < rateAlarm && baseline.flaggedMinute !== minute) {
    const expected = baseline.shape / baseline.minutes;
    baseline = { ...baseline, flaggedMinute: minute };
    contributions.push({ feature: 'volume', nats: Math.min(14, -Math.log(Math.max(tail, 1e-6))), observed: count, expected, peerShare: null });
  }

  let strange = 0, surprise = 0;
  const { draws, targets } = baseline;
  if (seen.consequential) for (const target of seen.targets) {
    const chance = newTargetChance(baseline);
    const isNew = !baseline.targets.has(target);
    const odd = isNew && baseline.draws >= minimumDraws && chance < targetAlarm;
    if (odd) {
      strange += 1;
      surprise += -Math.log(chance) * 2;
    }
    const learn = !odd && (!isNew || baseline.targets.size < maxTargets);
    baseline = { ...baseline, draws: baseline.draws + (learn ? 1 : 0), targets: learn && isNew ? new Set(baseline.targets).add(target) : baseline.targets };
  }

  if (strange > 0) contributions.push({ feature: 'target', nats: surprise, observed: strange, expected: newTargetChance({ draws, targets }), peerShare: null });
  const evidence = contributions.reduce((sum, { nats }) => sum + nats, 0);
  const score = faded(baseline, seen.now) + evidence / Math.LN10;
  const pValue = Math.exp(-evidence);
  return {
    baseline: { ...baseline, score, scoredAt: Math.max(baseline.scoredAt, seen.now) },
    score: { pValue, eValue: Math.min(1e12, 0.5 / Math.sqrt(pValue)), evidence, contributions, level: levelOf(score), alert: contributions.length > 0, drift: false, spread: [] },
  };
};
