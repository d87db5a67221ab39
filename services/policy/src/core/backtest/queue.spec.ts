import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createAsks, serviceTimes } from './asks.ts';
import { always, workClock } from './hours.ts';
import { quantiles, randomFrom, simulateQueue } from './queue.ts';

const hour = 3_600_000, minute = 60_000;
const people = (n: number, roles = ['treasurer']) => Array.from({ length: n }, (_, i) => ({ person: `p${i}`, roles }));
const asking = (at: readonly number[], more: { readonly route?: string[]; readonly quorum?: number; readonly expiresInMs?: number; readonly requesters?: string[] } = {}) => {
  const asks = createAsks();
  for (const one of at) asks.asked({ at: one, route: ['treasurer'], quorum: 1, expiresInMs: 1e12, requesters: [], ...more });
  return asks;
};
const fixed = (ms: number) => ({ kind: 'recorded' as const, times: [ms] });

describe('the queue of questions to people', () => {
  it('takes one after the other, and hands the next to whoever is free', () => {
    const asks = asking([0, 0, 0]);
    const one = simulateQueue(asks.before, asks.names, people(1), fixed(10), always);
    expect([[...one.waitMs], [...one.decidedMs], one.votes, one.busyMs]).toEqual([[0, 10, 20], [10, 20, 30], [3], [30]]);
    const two = simulateQueue(asks.before, asks.names, people(2), fixed(10), always);
    expect([[...two.waitMs], two.votes]).toEqual([[0, 0, 10], [2, 1]]);
  });

  it('waits as queueing theory says: M/M/3 at 80 % load against Erlang C', () => {
    const servers = 3, meanMs = 5 * minute, load = 0.8;
    const random = randomFrom(42);
    const arrivals: number[] = [];
    for (let at = 0; arrivals.length < 200_000; at += -Math.log(1 - random()) * meanMs / (servers * load)) arrivals.push(at);
    const asks = asking(arrivals);
    const { waitMs } = simulateQueue(asks.before, asks.names, people(servers), { kind: 'assumed', meanMs }, always, 7);
    const offered = servers * load;
    const terms = Array.from({ length: servers }, (_, n) => offered ** n / [1, 1, 2, 6][n]!);
    const last = offered ** servers / 6 / (1 - load);
    const expected = last / (terms.reduce((sum, term) => sum + term, 0) + last) * meanMs / (servers - offered);
    expect(waitMs.reduce((sum, wait) => sum + wait, 0) / waitMs.length / expected).toBeCloseTo(1, 1);
  });

  it('needs different people for a quorum, and never those who asked', () => {
    const asks = asking([0], { quorum: 2 });
    expect(simulateQueue(asks.before, asks.names, people(2), fixed(10), always)).toMatchObject({ lapsed: 0, votes: [1, 1] });
    expect(simulateQueue(asks.before, asks.names, people(1), fixed(10), always)).toMatchObject({ lapsed: 1, withoutPeople: 1, votes: [0] });
    const own = asking([0], { requesters: ['p0'] });
    expect(simulateQueue(own.before, own.names, people(2), fixed(10), always).votes).toEqual([0, 1]);
    expect(simulateQueue(own.before, own.names, [], fixed(10), always)).toMatchObject({ lapsed: 1, withoutPeople: 1 });
  });

  it('lets a question lapse when its time is over, and spends nobody on it who comes too late', () => {
    const asks = asking([0, 0, 0], { expiresInMs: 15 });
    const { lapsed, votes, decidedMs } = simulateQueue(asks.before, asks.names, people(1), fixed(10), always);
    expect([lapsed, votes, [...decidedMs]]).toEqual([2, [2], [10, Number.NaN, Number.NaN]]);
  });

  it('goes on in the morning: wall time waits, work time does not', () => {
    const friday = Date.UTC(2026, 10, 20, 16, 50), monday = Date.UTC(2026, 10, 23, 9, 0);
    const clock = workClock({ days: [1, 2, 3, 4, 5], from: 540, to: 1_020, offset: 0 });
    const asks = asking([friday, friday + 5 * minute]);
    const { waitMs, decidedMs } = simulateQueue(asks.before, asks.names, people(1), fixed(10 * minute), clock);
    expect(decidedMs[0]).toBe(10 * minute);
    expect(friday + 5 * minute + waitMs[1]!).toBe(monday);
    expect(friday + 5 * minute + decidedMs[1]!).toBe(monday + 10 * minute);
  });

  it('gives the same figures every time', () => {
    const asks = asking(Array.from({ length: 500 }, (_, i) => i * minute));
    const run = () => simulateQueue(asks.before, asks.names, people(2), { kind: 'assumed', meanMs: 2 * minute }, always);
    expect(run()).toEqual(run());
    expect(quantiles(run().waitMs, [0, 0.5, 1])[0]).toBe(0);
    expect(quantiles(new Float64Array([Number.NaN]), [0.5])).toEqual([null]);
  });
});

describe('working hours', () => {
  it('come back to the same moment of work', () => {
    const clock = workClock({ days: [1, 2, 3, 4, 5], from: 480, to: 1_050, offset: 60 });
    fc.assert(fc.property(fc.integer({ min: 0, max: 2e12 }), fc.integer({ min: 0, max: 40 * hour }), (at, more) => {
      const worked = clock.worked(at);
      expect(clock.begins(worked)).toBeGreaterThanOrEqual(at);
      expect(clock.worked(clock.begins(worked))).toBeCloseTo(worked, 3);
      expect(clock.worked(clock.ends(worked + more))).toBeCloseTo(worked + more, 3);
      expect(clock.ends(worked + more)).toBeLessThanOrEqual(clock.begins(worked + more));
    }), { seed: 3, numRuns: 500 });
  });
});

describe('the time people take', () => {
  it('counts from the later of question and vote before, and leaves nights out', () => {
    const votes = [{ person: 'a', askedAt: 0, at: 5 * minute }, { person: 'a', askedAt: 0, at: 7 * minute }, { person: 'b', askedAt: 0, at: 9 * minute }, { person: 'a', askedAt: 0, at: 20 * hour }];
    expect(serviceTimes(votes)).toEqual([2, 5, 9].map((n) => n * minute));
  });
});
