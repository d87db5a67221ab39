import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { actOf, noteLessons, start } from './act.ts';
import type { Lessons } from './act.ts';
import { startAnew } from './agent.ts';
import { newSurprise, surpriseOf } from './behaviour.ts';
import { detect, newDetector } from './detect.ts';
import { driftOf, frozenAt } from './mix-drift.ts';
import { signs, trusts } from './observation.ts';
import type { ActionSeen } from './observation.ts';
import { newPace, newSeason, turnMinute } from './pace.ts';
import { beginRun, newRhythm } from './rhythm.ts';
import { history, minute, ordinary, uuid } from '../anomaly.fixture.ts';

const hour = 60 * minute, day = 24 * hour;
const action = (over: Partial<ActionSeen> = {}): ActionSeen => ({ ...ordinary('anna', 9_000, 0)[2] as ActionSeen, ...over });
const lived = () => { const state = newDetector(); for (const one of history(['anna', 'bert', 'carl'], 600)) detect(state, one); return state; };

describe('what only a runtime says', () => {
  it('may make an action odder, and never less odd', () => {
    const state = lived();
    const [group, tenant] = [state.groups.get('acme care')!, state.tenants.get('acme')!];
    const known = (seen: ActionSeen): number => {
      const out = newSurprise();
      surpriseOf(actOf(seen, start), { tenant: tenant.habits, group: group.habits, agent: state.agents.get('acme anna')!.habits, task: 0, taskRuns: 0 }, out);
      return out.known;
    };
    expect(known(action({ signs: ['claimed'] }))).toBeGreaterThan(known(action()) + 1);
    fc.assert(fc.property(fc.constantFrom(...trusts), fc.subarray(signs.filter((one) => one !== 'claimed')), fc.boolean(), fc.constantFrom('care.answer', 'care.read_ticket', 'care.wipe'), fc.option(fc.constant('care.read_ticket'), { nil: null }),
      (trust, said, consequential, tool, from) => {
        const seen = action({ trust, signs: said, consequential, tool, from });
        expect(known({ ...seen, signs: [...said, 'claimed'] })).toBeGreaterThanOrEqual(known(seen));
      }), { seed: 31, numRuns: 300 });
  });
});

describe('the hour alone', () => {
  it('makes a run odd that is like all others but for when it is', () => {
    // Office hours for eight weeks; then the same run at two in the morning, three hours after one late in the evening.
    const state = newDetector();
    let n = 0;
    const live = (at: number) => ordinary('anna', n++, at).flatMap((one) => detect(state, one) ?? []);
    for (let today = 0; today < 56; today++) for (let at = 9; at < 17; at++) for (const part of [5, 35]) live(4 * day + today * day + at * hour + part * minute);
    const begun = (at: number) => { const [begin, read] = ordinary('anna', n++, at); detect(state, begin!); return detect(state, read!)!; };
    const night = 4 * day + 56 * day + 2 * hour;
    const odd = begun(night);
    expect(odd.contributions[0]).toMatchObject({ feature: 'timing' });
    expect(state.agents.get('acme anna')!.open[0]!.silence).toBeGreaterThanOrEqual(odd.contributions[0]!.nats);
    expect(begun(night + 8 * hour).contributions.map(({ feature }) => feature)).not.toContain('timing');
  });
});

describe('what one agent can teach at once', () => {
  it('is bounded by action and by run: sixteen targets of one, sixty-four of the other, five hundred keys', () => {
    const many = actOf(action({ targets: Array.from({ length: 50 }, (_, i) => `target-${i}`) }), start);
    expect(many.targets).toHaveLength(16);
    const lessons: Lessons = { own: [], tools: [], classes: [], targets: [] };
    for (let i = 0; i < 1_000; i++) noteLessons(actOf(action({ tool: `tool-${i}`, targets: Array.from({ length: 16 }, (_, k) => `target-${i}-${k}`) }), start), lessons);
    expect(lessons.targets).toHaveLength(2 * 64);
    expect(lessons.own.length).toBeLessThan(512 + 16);
    expect(lessons.own.length).toBeGreaterThanOrEqual(512);
  });

  it('is ten times what is usual of a minute and of an hour, and ten', () => {
    const pace = newPace(), before = pace.shape / pace.minutes;
    Object.assign(pace, { minute: 5, count: 1_000_000 });
    turnMinute(pace, 6);
    expect(pace.shape).toBeLessThanOrEqual(2 + 10 * before + 10);
    expect(pace.shape).toBeGreaterThan(20);

    const rhythm = newRhythm(), season = newSeason();
    const rate = rhythm.shape / rhythm.weight;
    for (let i = 0; i < 10_000; i++) beginRun(rhythm, season, 100 * day + i);
    beginRun(rhythm, season, 100 * day + hour);
    expect(rhythm.shape).toBeLessThanOrEqual(0.5 + 10 * rate + 10);
    expect(rhythm.shape).toBeGreaterThan(10);
  });
});

describe('an agent that was registered as another', () => {
  it('has no mix of tools any more that its work could stray from, and no evidence of what was slow', () => {
    const state = lived();
    const anna = state.agents.get('acme anna')!;
    for (let i = 0; anna.mix.n < frozenAt; i++) for (const one of ordinary('anna', 20_000 + i, 600 * 12 * minute + i * minute)) detect(state, one);
    for (let i = 0; i < 200; i++) detect(state, action({ run: uuid(40_000), action: uuid(50_000 + i), tool: 'care.read_ticket', now: 700 * 12 * minute + i * minute }));
    anna.slow.bets.fill(100);
    expect(driftOf(anna.mix)).toBeGreaterThan(0.05);
    startAnew(anna, 0);
    expect([anna.mix.n, driftOf(anna.mix), Math.max(...anna.mix.slow), Math.max(...anna.mix.fast), Math.max(...anna.slow.bets)]).toEqual([0, 0, 0, 0, 0]);
  });
});
