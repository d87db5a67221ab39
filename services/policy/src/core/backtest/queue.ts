import type { AskNames, Asks } from './asks.ts';
import type { WorkClock } from './hours.ts';

/** Somebody who may decide. */
export interface Reviewer { readonly person: string; readonly roles: readonly string[] }

/** How long one person takes for one question: drawn from recorded times (ms, ascending), or exponential with a mean. */
export type Service = { readonly kind: 'recorded'; readonly times: readonly number[] } | { readonly kind: 'assumed'; readonly meanMs: number };

export interface Queue {
  /** Per question: wall time from the question until the last person it needs takes it up, and until it is decided; NaN where it lapses. */
  readonly waitMs: Float64Array; readonly decidedMs: Float64Array;
  readonly lapsed: number;
  /** Of these, questions that too few people may decide at all. */
  readonly withoutPeople: number;
  /** Votes and time by reviewer, in the order given. */
  readonly votes: readonly number[]; readonly busyMs: readonly number[];
}

/** 32-bit mulberry: the same numbers for both sides of a comparison and for every run. */
export const randomFrom = (seed: number): (() => number) => {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
};

/** At least one millisecond. */
const drawing = (service: Service, random: () => number): (() => number) => {
  if (service.kind === 'recorded' && service.times.length > 0) return () => Math.max(1, service.times[Math.floor(random() * service.times.length)]!);
  const meanMs = service.kind === 'assumed' ? service.meanMs : 0;
  return () => Math.max(1, -Math.log(1 - random()) * meanMs);
};

/**
 * A discrete-event queue. Questions arrive when the record says; each needs as many different people as its quorum, of those who have one of
 * its roles and did not ask themselves. In order of arrival each goes to the eligible people who are free first; everybody does one thing at
 * a time, to its end, within working hours. A question that nobody has taken up, or that is not decided, when its time is over, lapses; time
 * already spent on it is spent. What it leaves out: people who pick, help each other, are away, or tire.
 */
export const simulateQueue = (asks: Asks, names: AskNames, reviewers: readonly Reviewer[], service: Service, clock: WorkClock, seed = 1): Queue => {
  const draw = drawing(service, randomFrom(seed));
  const order = Array.from(asks.at.keys()).sort((a, b) => asks.at[a]! - asks.at[b]!);
  const pools = names.routes.map((route) => reviewers.flatMap(({ roles }, i) => (roles.some((role) => route.includes(role)) ? [i] : [])));
  const excluded = names.requesters.map((people) => new Set(people.map((person) => reviewers.findIndex((one) => one.person === person)).filter((i) => i >= 0)));
  const free = reviewers.map(() => -Infinity);
  const votes = reviewers.map(() => 0), busyMs = reviewers.map(() => 0);
  const waitMs = new Float64Array(order.length).fill(Number.NaN), decidedMs = new Float64Array(order.length).fill(Number.NaN);
  let lapsed = 0, withoutPeople = 0;
  for (const ask of order) {
    const at = asks.at[ask]!;
    const without = excluded[asks.requester[ask]!]!;
    const able = without.size === 0 ? pools[asks.route[ask]!]! : pools[asks.route[ask]!]!.filter((i) => !without.has(i));
    const quorum = asks.quorum[ask]!;
    if (able.length < quorum) { lapsed++; withoutPeople++; continue; }
    const arrived = clock.worked(at);
    const lapses = at + asks.expiresInMs[ask]!;
    let taken = 0, decided = 0, inTime = true;
    for (const who of firstFree(able, free, quorum)) {
      const begins = Math.max(arrived, free[who]!);
      if (clock.begins(begins) > lapses) { inTime = false; break; }
      const ends = begins + draw();
      free[who] = ends;
      votes[who]!++;
      busyMs[who]! += ends - begins;
      taken = Math.max(taken, clock.begins(begins));
      decided = Math.max(decided, clock.ends(ends));
    }
    if (!inTime || decided > lapses) { lapsed++; continue; }
    waitMs[ask] = taken - at;
    decidedMs[ask] = decided - at;
  }
  return { waitMs, decidedMs, lapsed, withoutPeople, votes, busyMs };
};

const firstFree = (able: readonly number[], free: readonly number[], count: number): readonly number[] => {
  if (count > 1) return able.toSorted((a, b) => free[a]! - free[b]!).slice(0, count);
  let best = able[0]!;
  for (const one of able) if (free[one]! < free[best]!) best = one;
  return [best];
};

/** The given shares of what is not NaN: `quantiles([…], [0.5, 0.99])`; null where there is nothing. */
export const quantiles = (values: Float64Array, shares: readonly number[]): readonly (number | null)[] => {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  return shares.map((share) => (sorted.length === 0 ? null : sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))]!));
};
