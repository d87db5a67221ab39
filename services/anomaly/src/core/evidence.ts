import type { Withheld } from './finding/overflow.ts';

/** No chance below this is told apart: one in 10^12 is as odd as things get, whatever a model says of them. Infinite surprise and NaN would read as nothing at all. */
export const leastChance = 1e-12;
/** A chance as it may be reckoned with; what is no number counts as the least. */
export const floored = (chance: number): number => (chance >= leastChance ? chance : leastChance);
/** The most evidence there is about an agent, in the unit of its level (−1.5 log10 p). */
export const mostEvidence = 24;

/**
 * A p-value as an e-value: ∫ κ p^(κ−1) dκ over κ from 0 to 1 = (1 − p + p ln p) / (p (ln p)²) (Vovk and Wang 2021, E-values: calibration,
 * combination and applications). Its expectation is at most 1 as long as everything is as usual.
 */
export const eValueOf = (chance: number): number => {
  if (chance >= 1) return 0.5;
  const p = floored(chance);
  const ln = Math.log(p);
  // Near 1 the quotient loses all its digits; its limit is 1/2.
  return p > 0.999 ? 0.5 : (1 - p + p * ln) / (p * ln * ln);
};

/** The average of e-values is an e-value, however they depend on each other (Vovk and Wang 2021). Weights sum to 1. */
export const average = (values: readonly number[], weights: readonly number[]): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * weights[i]!;
  return sum;
};

/** What a day's budget was spent on: altogether, and by owner (hashed). */
export interface Spent { alerts: number; readonly byOwner: Map<number, number> }

/** Alerts of a tenant: false-discovery control over the runs of a day, and the day's budget. */
export interface AlertControl extends Spent {
  /** Epoch days. */
  day: number;
  /** Runs of the day so far, and how many were to be expected of it. */
  tested: number;
  expected: number;
  /** Agents alerted about today: the discoveries. One attack of fifty runs is one. */
  stories: number;
  /** What was told beside alerts (drift, spread): as much again, so that proposals use up no alert. */
  readonly beside: Spent;
  /** What the day had no alert left for, until it is told in one. */
  withheld: Withheld | null;
}
export const newAlertControl = (): AlertControl => ({ day: 0, tested: 0, alerts: 0, expected: 200, stories: 0, byOwner: new Map(), beside: { alerts: 0, byOwner: new Map() }, withheld: null });

export interface AlertBudget { /** Share of false ones among alerts. */ readonly falseShare: number; /** Most alerts a day. */ readonly perDay: number }
export const defaultBudget: AlertBudget = { falseShare: 0.1, perDay: 50 };
/** The agents of one owner have at most this share of a day's alerts: whoever makes noise blinds nobody else. */
const ownerShare = 0.2;

/**
 * The level at which the next run is tested: LOND, α_t = α γ_t (D + 1) with D agents found so far (Javanmard and Montanari 2018; false-discovery rate at
 * most α, also for positively dependent p-values: Zrnic, Ramdas, Jordan 2021). It starts anew each day, since an endless sequence goes blind. γ is
 * even over as many runs as yesterday suggests, and halves each time as many more came: it sums to 1 over a day of any length.
 */
export const levelOfNext = (control: AlertControl, day: number, { falseShare }: AlertBudget): number => {
  if (day > control.day) {
    if (control.day > 0) control.expected = Math.max(20, Math.ceil(control.tested * 1.5));
    control.day = day;
    control.tested = 0;
    control.stories = 0;
    for (const spent of [control, control.beside]) { spent.alerts = 0; spent.byOwner.clear(); }
  }
  const gamma = 0.5 ** (Math.floor(control.tested++ / control.expected) + 1) / control.expected;
  return falseShare * gamma * (control.stories + 1);
};

/** Whether the day's budget has an alert left for an owner's agents; takes it. @param isNew the first of its agent today */
export const admit = (control: AlertControl, owner: number, budget: AlertBudget, isNew = true): boolean => {
  const isAdmitted = spend(control, owner, budget);
  if (isAdmitted && isNew) control.stories++;
  return isAdmitted;
};

/** Whether the day has room for one more of what is told beside alerts; takes it. */
export const admitBeside = ({ beside }: AlertControl, owner: number, budget: AlertBudget): boolean => spend(beside, owner, budget);

const spend = (spent: Spent, owner: number, { perDay }: AlertBudget): boolean => {
  const had = spent.byOwner.get(owner) ?? 0;
  if (spent.alerts >= perDay || had >= Math.ceil(perDay * ownerShare)) return false;
  spent.alerts++;
  spent.byOwner.set(owner, had + 1);
  return true;
};

/** Gives an alert back that nobody was told of, since the same was told a short while before. */
export const giveBack = (control: AlertControl, owner: number): void => {
  control.alerts--;
  const left = control.byOwner.get(owner)! - 1;
  if (left > 0) control.byOwner.set(owner, left); else control.byOwner.delete(owner);
};

/** What a chance is worth as evidence about an agent, in the unit of its level. */
export const evidenceOf = (chance: number): number => Math.min(mostEvidence, -1.5 * Math.log10(floored(chance)));
/** Evidence halves every ten minutes. */
const halfLifeMs = 600_000;
/** Evidence left at a time. */
export const faded = ({ evidence, evidenceAt }: { readonly evidence: number; readonly evidenceAt: number }, now: number): number =>
  (evidence === 0 ? 0 : evidence * 0.5 ** (Math.max(0, now - evidenceAt) / halfLifeMs));
