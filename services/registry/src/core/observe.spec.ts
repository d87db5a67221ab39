import { describe, expect, it } from '@jest/globals';
import { decideObserve, evolveObserve, longestObserveMs } from './observe.ts';
import type { Observation, ObserveCommand } from './observe.ts';

const day = 86_400_000;
const told = (state: Observation, command: ObserveCommand, owner = 'ann', highRisk = false): Observation & { readonly code?: string } => {
  const outcome = decideObserve(command, owner, state, highRisk);
  if (outcome.status === 'refused') return { ...state, code: outcome.code };
  return outcome.status === 'accepted' ? outcome.events.reduce(evolveObserve<Observation>, state) : state;
};
const observe = (now: number, days: number, by = 'opal'): ObserveCommand => ({ type: 'observe', until: now + days * day, by, reason: 'bring in', now });
const enforce = (now: number): ObserveCommand => ({ type: 'enforce', by: 'opal', reason: 'done', now });

describe('observing an agent', () => {
  it('lasts until a time, and says by whom', () => {
    expect(told({}, observe(0, 14))).toEqual({ observe: { since: 0, until: 14 * day, by: 'opal' }, observedMs: 0 });
  });
  it('is not extended while it runs; ended first it is a decision of its own', () => {
    const running = told({}, observe(0, 14));
    expect(told(running, observe(day, 30))).toMatchObject({ code: 'conflict' });
    const ended = told(running, enforce(day));
    expect(ended).toEqual({ observedMs: day });
    expect(told(ended, observe(2 * day, 14))).toMatchObject({ observe: { since: 2 * day }, observedMs: day });
    expect(told(ended, enforce(2 * day))).toBe(ended);
  });
  it('comes to 60 days at most, however it is cut up', () => {
    let state: Observation = {};
    for (let n = 0; n < 4; n++) state = told(state, observe(n * 20 * day, 15));
    expect(told(state, observe(100 * day, 1))).toMatchObject({ code: 'observe_refused' });
    expect(told({}, { ...observe(0, 0), until: longestObserveMs + 1 } as ObserveCommand)).toMatchObject({ code: 'observe_refused' });
    expect(told({}, observe(5, 0))).toMatchObject({ code: 'invalid_request' });
  });
  it('is never the owner\'s own decision, and never for a high-risk agent', () => {
    expect(told({}, observe(0, 1, 'ann'))).toMatchObject({ code: 'observe_refused' });
    expect(told({}, observe(0, 1), 'ann', true)).toMatchObject({ code: 'observe_refused' });
  });
});
