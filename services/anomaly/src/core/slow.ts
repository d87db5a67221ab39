/**
 * Evidence of one agent over its runs, for what is slow: runs of which none asks for attention, and of which there are too many.
 *
 * Each bet is a Shiryaev–Roberts e-detector, M ← (M + 1) L (Shin, Ramdas, Rinaldo 2023), on the share of runs that are at most so likely: L is the
 * likelihood ratio of a Bernoulli share whose odds have risen k-fold. The mean of several is one again, so that nobody has to know how slow an attack
 * is. As long as the share is the usual one, it stays below c for c runs on average. Betting on shares finds what an average over all chances
 * does not: half of the runs as odd as one in thirty.
 */
export interface Slow {
  /** By bet, ≥ 0. */
  readonly bets: number[];
  /** By chance, the share of this agent's own runs that were at most so likely, from the nominal one on: some work is always a little odd, and ranks promise more than comes. */
  readonly usual: number[];
  /** Runs that taught the usual share. */
  runs: number;
  /** When the last odd run that counted was, epoch ms. */
  oddAt: number;
}

/** What counts as odd, and how many times the odds of it have risen: a half and a whole order of magnitude. */
const chances = [0.1, 0.03, 0.01] as const;
const bets = chances.flatMap((chance, of) => [4, 16].map((odds) => ({ of, chance, odds })));

export const newSlow = (): Slow => ({ bets: bets.map(() => 0), usual: [...chances], runs: 0, oddAt: 0 });

/** Odd runs that come at once are one piece of news: what makes one of them odd (a burst, an outage, a late clock) makes them all. */
const apartMs = 600_000;

/** Runs that the nominal share counts as, and after how many runs the usual share moves no faster. */
const prior = 50;
const slowest = 500;
export const mostBet = 1e12;
/** One false alarm in so many runs of an agent, on average. */
export const slowAlarm = 20_000;

/** The likelihood ratio of one run, k / (1 + (k − 1) u) where it was odd, 1 / (1 + (k − 1) u) where it was not, with u the usual share: at least a quarter of the nominal one, since rare things are not known from few runs. */
const ratio = ({ usual }: Slow, { of, chance, odds }: typeof bets[number], pValue: number): number => (pValue <= chance ? odds : 1) / (1 + (odds - 1) * Math.max(leastShare * chance, usual[of]!));
const leastShare = 0.25;

/** Takes a finished run's p-value. @param isHabit false: it is evidence, and no part of what is usual */
export const takeRun = (slow: Slow, pValue: number, isHabit: boolean, now: number): void => {
  const isOdd = pValue <= chances[0];
  if (isOdd && Math.abs(now - slow.oddAt) < apartMs) return;
  if (isOdd) slow.oddAt = now;
  for (let i = 0; i < bets.length; i++) slow.bets[i] = Math.min(mostBet, (slow.bets[i]! + 1) * ratio(slow, bets[i]!, pValue));
  if (!isHabit) return;
  slow.runs++;
  const rate = 1 / Math.min(prior + slow.runs, slowest);
  for (let i = 0; i < chances.length; i++) slow.usual[i]! += rate * ((pValue <= chances[i]! ? 1 : 0) - slow.usual[i]!);
};

/** Takes a run that was none back out of the evidence. */
export const withdraw = (slow: Slow, pValue: number): void => {
  for (const [i, bet] of bets.entries()) slow.bets[i] = Math.max(0, slow.bets[i]! / ratio(slow, bet, pValue) - 1);
};

export const slowOf = ({ bets: values }: Slow): number => {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
};

/** It was told of, or what is usual begins anew: evidence starts again from nothing. */
export const settle = (slow: Slow): void => { slow.bets.fill(0); };
