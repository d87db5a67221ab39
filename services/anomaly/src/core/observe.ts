import type { AnomalyLevel, Finding } from '@countersign/contracts';
import { maxTargets, newBaseline, newTargetChance, rateTail, turnMinute } from './baseline.ts';
import type { Baseline } from './baseline.ts';

/** What the anomaly service needs of one decided action. */
export interface Observation {
  readonly tenant: string;
  readonly agent: string;
  readonly run: string;
  readonly action: string;
  readonly tool: string;
  readonly consequential: boolean;
  /** Targets as policy derived them: accounts, addresses, files. */
  readonly targets: readonly string[];
  readonly now: number;
}

export interface Observed {
  readonly baseline: Baseline;
  readonly findings: readonly Omit<Finding, 'finding'>[];
  readonly level: AnomalyLevel['level'];
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
export const observe = (known: Baseline | undefined, seen: Observation): Observed => {
  const minute = Math.floor(seen.now / 60_000);
  let baseline = turnMinute(known ?? { ...newBaseline, minute }, minute);
  const findings: Omit<Finding, 'finding'>[] = [];
  const base = { tenant: seen.tenant, agent: seen.agent, run: seen.run, events: [seen.action], at: seen.now };
  let evidence = 0;

  // Runs of an agent arrive over several partitions, after a pause far out of step: a late action is not a burst of the minute at hand.
  const late = minute < baseline.minute;
  const count = late ? baseline.count : baseline.count + 1;
  baseline = { ...baseline, count };
  const tail = late ? 1 : rateTail(baseline, count);
  if (tail < rateAlarm && baseline.flaggedMinute !== minute) {
    const expected = baseline.shape / baseline.minutes;
    baseline = { ...baseline, flaggedMinute: minute };
    evidence += Math.min(6, -Math.log10(Math.max(tail, 1e-6)));
    findings.push({ ...base, kind: 'rate', severity: 'medium', observed: count, expected, explanation: `${count} actions in a minute; this agent usually does ${expected.toFixed(1)} (chance ${tail.toExponential(1)})` });
  }

  if (seen.consequential) for (const target of seen.targets) {
    const chance = newTargetChance(baseline);
    const isNew = !baseline.targets.has(target);
    const odd = isNew && baseline.draws >= minimumDraws && chance < targetAlarm;
    if (odd) {
      evidence += -Math.log10(chance) * 2;
      findings.push({ ...base, kind: 'new_target', severity: 'medium', observed: 1, expected: chance, explanation: `${seen.tool} went to a target this agent never used, after ${baseline.draws} uses of ${baseline.targets.size} targets (chance ${chance.toFixed(3)})` });
    }
    const learn = !odd && (!isNew || baseline.targets.size < maxTargets);
    baseline = { ...baseline, draws: baseline.draws + (learn ? 1 : 0), targets: learn && isNew ? new Set(baseline.targets).add(target) : baseline.targets };
  }

  const score = faded(baseline, seen.now) + evidence;
  return { baseline: { ...baseline, score, scoredAt: Math.max(baseline.scoredAt, seen.now) }, findings, level: levelOf(score) };
};
