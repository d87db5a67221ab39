import type { AskNames, Asks } from './asks.ts';
import { serviceTimes } from './asks.ts';
import type { CastVote } from './asks.ts';
import type { WorkClock } from './hours.ts';
import { quantiles, simulateQueue } from './queue.ts';
import type { Queue, Reviewer, Service } from './queue.ts';

/** Ms; null where nothing was decided. */
export interface Spread { readonly p50: number | null; readonly p90: number | null; readonly p99: number | null; readonly max: number | null }

/** What one version of the rules asks of people. */
export interface Burden {
  readonly asks: number;
  readonly perDay: { readonly mean: number; readonly max: number };
  readonly byRoute: readonly { readonly route: readonly string[]; readonly asks: number; readonly votes: number; readonly people: number; readonly votesPerPersonPerDay: number | null }[];
  readonly byPerson: readonly { readonly person: string; readonly roles: readonly string[]; readonly votes: number; readonly perDay: number; /** Share of the time people are there that goes into this. */ readonly busy: number }[];
  /** Simulated: until the last person needed takes it up, and until it is decided. Wall time. */
  readonly wait: Spread; readonly decided: Spread;
  readonly lapsed: number; readonly withoutPeople: number;
}

export interface PeopleOptions {
  /** Who may decide, as far as is known; where nobody is named one person for each role is assumed. */
  readonly reviewers: readonly Reviewer[] | null;
  /** Mean time for one question where too few votes are on the record, ms; `stated` takes it in any case. */
  readonly assumedMs: number; readonly stated: boolean;
  readonly clock: WorkClock;
}

export interface People {
  readonly before: Burden; readonly after: Burden;
  readonly service: { readonly from: 'recorded votes' | 'stated' | 'assumed'; readonly votes: number; readonly meanMs: number; readonly medianMs: number };
  readonly reviewers: { readonly from: 'given' | 'assumed'; readonly count: number; readonly byRole: Readonly<Record<string, number>> };
}

const dayMs = 86_400_000;
/** Fewer recorded votes than this say too little about how long people take. */
const fewVotes = 20;
const mostPeople = 200, mostRoutes = 200;

/** Both burdens, with the same people, the same pace and the same luck. */
export const peopleOf = (asks: { readonly names: AskNames; readonly before: Asks; readonly after: Asks }, votes: readonly CastVote[], span: { readonly first: number; readonly days: number }, options: PeopleOptions): People => {
  const times = serviceTimes(votes);
  const recorded = !options.stated && times.length >= fewVotes;
  const service: Service = recorded ? { kind: 'recorded', times } : { kind: 'assumed', meanMs: options.assumedMs };
  const roles = [...new Set(asks.names.routes.flat())].sort();
  const reviewers = options.reviewers ?? roles.map((role) => ({ person: `one ${role}`, roles: [role] }));
  const worked = Math.max(1, options.clock.worked(span.first + span.days * dayMs) - options.clock.worked(span.first));
  const burden = (side: Asks): Burden => burdenOf(side, asks.names, reviewers, simulateQueue(side, asks.names, reviewers, service, options.clock), span.days, worked);
  return {
    before: burden(asks.before), after: burden(asks.after),
    service: {
      from: recorded ? 'recorded votes' : options.stated ? 'stated' : 'assumed', votes: times.length,
      meanMs: recorded ? times.reduce((sum, time) => sum + time, 0) / times.length : options.assumedMs, medianMs: recorded ? times[times.length >> 1]! : options.assumedMs * Math.LN2,
    },
    reviewers: { from: options.reviewers === null ? 'assumed' : 'given', count: reviewers.length, byRole: Object.fromEntries(roles.map((role) => [role, reviewers.filter((one) => one.roles.includes(role)).length])) },
  };
};

const burdenOf = (asks: Asks, names: AskNames, reviewers: readonly Reviewer[], queue: Queue, days: number, worked: number): Burden => {
  const byDay = new Map<number, number>();
  for (const at of asks.at) {
    const day = Math.floor(at / dayMs);
    byDay.set(day, (byDay.get(day) ?? 0) + 1);
  }
  const spread = (values: Float64Array): Spread => {
    const [p50, p90, p99, max] = quantiles(values, [0.5, 0.9, 0.99, 1]);
    return { p50: p50!, p90: p90!, p99: p99!, max: max! };
  };
  const byRoute = names.routes.map((route) => ({ route, asks: 0, votes: 0 }));
  asks.route.forEach((route, i) => { byRoute[route]!.asks++; byRoute[route]!.votes += asks.quorum[i]!; });
  return {
    asks: asks.at.length, perDay: { mean: asks.at.length / days, max: Math.max(0, ...byDay.values()) },
    byRoute: byRoute.filter(({ asks: n }) => n > 0).sort((a, b) => b.asks - a.asks).slice(0, mostRoutes).map((one) => {
      const people = reviewers.filter(({ roles }) => roles.some((role) => one.route.includes(role))).length;
      return { ...one, people, votesPerPersonPerDay: people === 0 ? null : one.votes / people / days };
    }),
    byPerson: reviewers.map(({ person, roles }, i) => ({ person, roles, votes: queue.votes[i]!, perDay: queue.votes[i]! / days, busy: queue.busyMs[i]! / worked })).filter(({ roles }) => roles.some((role) => names.routes.some((route) => route.includes(role)))).sort((a, b) => b.votes - a.votes).slice(0, mostPeople),
    wait: spread(queue.waitMs), decided: spread(queue.decidedMs), lapsed: queue.lapsed, withoutPeople: queue.withoutPeople,
  };
};
