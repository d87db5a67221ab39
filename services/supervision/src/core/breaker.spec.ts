import { describe, expect, it } from '@jest/globals';
import type { GovernedRecord } from '@countersign/contracts';
import fc from 'fast-check';
import { addUp, closed, countOf, defaultLimits, evolveBreaker, holds, limitsOf, nextOfBreaker, slotMs, slotOf } from './breaker.ts';
import type { BreakerEvent, BreakerLimits, BreakerState, Count } from './breaker.ts';

const t0 = 1_000_000 * slotMs;
const limits = (over: Partial<BreakerLimits> = {}): BreakerLimits => ({ scope: 'agent', match: '*', windowMs: 60_000, minimum: 10, errors: 0.5, denials: null, spend: null, coolMs: 60_000, trial: 3, ...over });
const count = (over: Partial<Count> = {}): Count => ({ agent: 'clerk', tool: 'desk.write', slot: slotOf(t0), ended: 0, failed: 0, decided: 0, denied: 0, spend: {}, ...over });
const opened = (times = 1, at = t0): BreakerState => ({ status: 'open', times, since: at, until: at + 60_000, why: 'x' });
const step = (state: BreakerState, counts: readonly Count[], at: number, of = limits(), id = 'clerk'): BreakerState => {
  const next = nextOfBreaker(state, counts, of, id, at);
  return next === undefined ? state : evolveBreaker(state, next);
};

describe('a breaker', () => {
  it('given too few calls, when half of them fail, then it stays closed; with enough it opens and says why', () => {
    expect(step(closed, [count({ ended: 9, failed: 9 })], t0)).toEqual(closed);
    expect(step(closed, [count({ ended: 12, failed: 5 })], t0)).toEqual(closed);
    expect(step(closed, [count({ ended: 12, failed: 6 })], t0)).toMatchObject({ status: 'open', times: 1, until: t0 + 60_000, why: '6 of 12 failed' });
  });

  it('counts an agent over all its tools, and only within the window', () => {
    const over = [count({ tool: 'a', ended: 6, failed: 6 }), count({ tool: 'b', ended: 6, failed: 0 })];
    expect(step(closed, over, t0)).toMatchObject({ status: 'open' });
    expect(step(closed, over, t0 + 70_000)).toEqual(closed);
    expect(step(closed, over, t0, limits(), 'other')).toEqual(closed);
  });

  it('opens for a tool only where more than one agent finds it ill: one that lies about its outcomes stops nobody else', () => {
    const tool = limits({ scope: 'tool' });
    expect(step(closed, [count({ ended: 100, failed: 100 })], t0, tool, 'desk.write')).toEqual(closed);
    expect(step(closed, [count({ ended: 10, failed: 10 }), count({ agent: 'other', ended: 4, failed: 2 })], t0, tool, 'desk.write')).toMatchObject({ status: 'open', why: '12 of 14 failed' });
  });

  it('opens for what an agent is denied, and for what it spends, where somebody set a limit', () => {
    const denied = [count({ decided: 20, denied: 18 })];
    expect(step(closed, denied, t0)).toEqual(closed);
    expect(step(closed, denied, t0, limits({ denials: 0.8 }))).toMatchObject({ why: '18 of 20 were denied' });
    const spent = [count({ ended: 1, spend: { EUR: 501 } })];
    expect(step(closed, spent, t0, limits({ spend: { minor: 500, currency: 'EUR' } }))).toMatchObject({ why: 'spent 5.01 EUR of 5.00 EUR' });
    expect(step(closed, spent, t0, limits({ spend: { minor: 500, currency: 'USD' } }))).toEqual(closed);
  });

  it('tries again after its time: closes when the trial holds, opens for twice as long at its first failure', () => {
    expect(step(opened(), [], t0 + 59_999)).toEqual(opened());
    const trying = step(opened(), [], t0 + 60_000);
    expect(trying).toMatchObject({ status: 'half_open', times: 1 });
    const later = slotOf(t0 + 60_000) + 1, at = t0 + 70_000;
    expect(step(trying, [count({ slot: later, ended: 2 })], at)).toEqual(trying);
    expect(step(trying, [count({ slot: later, ended: 3 })], at)).toMatchObject({ status: 'closed', times: 0 });
    expect(step(trying, [count({ slot: later, ended: 9, failed: 1 })], at)).toMatchObject({ status: 'open', times: 2, until: at + 120_000 });
  });

  it('given a trial, when as many are let through as it takes, then no more are until it is known what came of them', () => {
    const trying = step(opened(), [], t0 + 60_000), at = t0 + 61_000, slot = slotOf(t0 + 60_000);
    expect(step(trying, [count({ slot, decided: 2 })], at)).toEqual(trying);
    // What is denied, or waits for nobody's answer, is not let through.
    expect(step(trying, [count({ slot, decided: 5, denied: 3 })], at)).toEqual(trying);
    const full = step(trying, [count({ slot, decided: 3 })], at);
    expect([full, holds(trying), holds(full)]).toEqual([{ ...trying, full: at }, false, true]);
    expect(step(full, [count({ slot, decided: 3, ended: 2 })], at + 1_000)).toEqual(full);
    expect(step(full, [count({ slot, decided: 3, ended: 3 })], at + 1_000)).toMatchObject({ status: 'closed' });
    expect(step(full, [count({ slot, decided: 3, ended: 2, failed: 1 })], at + 1_000)).toMatchObject({ status: 'open', times: 2 });
    // Nobody says what came of them: it tries again, and so many once more.
    expect(step(full, [count({ slot, decided: 3, ended: 2 })], at + 60_000)).toEqual({ ...trying, since: at + 60_000 });
  });

  it('begins no trial in the slot in which it opened: what opened it would fail the trial', () => {
    const brief = { ...opened(), until: t0 + 1_000 } as BreakerState;
    expect(step(brief, [], t0 + 4_999)).toEqual(brief);
    expect(step(brief, [], t0 + slotMs)).toMatchObject({ status: 'half_open' });
  });

  it('does not open again for what it was opened for', () => {
    const before = [count({ ended: 12, failed: 12 })];
    expect(step({ status: 'closed', times: 0, since: t0 + 2 * slotMs }, before, t0 + 3 * slotMs)).toMatchObject({ status: 'closed' });
  });

  it('whatever is counted: opens only out of closed or a trial, closes only out of a trial, and never stays open beyond an hour', () => {
    fc.assert(fc.property(fc.array(fc.record({ after: fc.integer({ min: 0, max: 4_000_000 }), ended: fc.nat(50), failed: fc.nat(50) }), { maxLength: 60 }), (seen) => {
      let state: BreakerState = closed, at = t0;
      for (const { after, ended, failed } of seen) {
        at += after;
        const next = nextOfBreaker(state, [count({ slot: slotOf(at), ended: ended + failed, failed, decided: ended })], limits(), 'clerk', at);
        if (next === undefined) continue;
        expect(({ breaker_opened: ['closed', 'half_open'], breaker_half_opened: ['open', 'half_open'], breaker_trial_full: ['half_open'], breaker_closed: ['half_open'] } as Record<BreakerEvent['type'], string[]>)[next.type]).toContain(state.status);
        state = evolveBreaker(state, next);
        if (state.status === 'open') expect(state.until - at).toBeLessThanOrEqual(3_600_000);
      }
    }), { seed: 5, numRuns: 300 });
  });
});

describe('what counts', () => {
  const decided = (decision: string, code: string) => countOf({ kind: 'action.decided', agent: 'clerk', tool: 't', now: t0, decision: { decision, code } } as unknown as GovernedRecord);
  const ended = (status: string, money: unknown = null) => countOf({ kind: 'action.outcome', agent: 'clerk', tool: 't', now: t0, message: { status }, settled: { calls: 1, money } } as unknown as GovernedRecord);

  it('a denial that the agent caused counts, one that a halt or a budget caused does not: else a breaker would keep itself open', () => {
    expect(decided('deny', 'rule_denied')).toMatchObject({ decided: 1, denied: 1 });
    for (const code of ['halted', 'run_halted', 'budget_exceeded', 'late']) expect(decided('deny', code)).toMatchObject({ decided: 0, denied: 0 });
    expect(decided('allow', 'ok')).toMatchObject({ decided: 1, denied: 0 });
  });

  it('what was not executed is no failure; what policy settled is what was spent', () => {
    expect(ended('failed', { minor: 5, currency: 'EUR' })).toMatchObject({ ended: 1, failed: 1, spend: { EUR: 5 } });
    expect(ended('not_executed')).toMatchObject({ ended: 0, failed: 0, spend: {} });
    expect(addUp([ended('failed', { minor: 5, currency: 'EUR' })!, ended('succeeded', { minor: 2, currency: 'EUR' })!])).toEqual([{ agent: 'clerk', tool: 't', slot: slotOf(t0), ended: 2, failed: 1, decided: 0, denied: 0, spend: { EUR: 7 } }]);
  });

  it('the first limit that fits counts', () => {
    const own = limits({ match: 'pay*', minimum: 2 });
    expect([limitsOf([own, ...defaultLimits], 'agent', 'payer')?.minimum, limitsOf([own, ...defaultLimits], 'agent', 'clerk')?.minimum, limitsOf([own], 'tool', 'payer')]).toEqual([2, 20, undefined]);
  });
});
