import { describe, expect, it } from '@jest/globals';
import { fold } from '@countersign/kernel';
import { foundingDecider, foundingMs, foundingNow, twoMayAdmit } from './founding.ts';
import type { FoundingEvent } from './founding.ts';

const somebody = (person: string, roles: readonly string[], status: 'active' | 'gone' = 'active') => ({ person, roles, status });
const op = somebody('op', ['operator']), rita = somebody('rita', ['policy-reviewer']), tess = somebody('tess', ['treasurer']);
const opened: FoundingEvent = { type: 'founding.opened', until: foundingMs, because: 'b', at: 0 }, closed: FoundingEvent = { type: 'founding.closed', because: 'b', at: 1 };
const state = (...events: FoundingEvent[]) => fold(foundingDecider, events);

describe('the founding of a company', () => {
  it('lasts while one operator is alone with people who may not agree, for a day at most', () => {
    expect(foundingNow(state(), [], 5)).toBe(true);
    expect(foundingNow(state(opened), [op, tess], 5)).toBe(true);
    expect(foundingNow(state(opened), [op, tess], foundingMs)).toBe(false);
    expect(foundingNow(state(), [op, tess], 5)).toBe(false);
  });
  it('ends for good with the second person who may agree, whatever becomes of them', () => {
    expect(foundingNow(state(opened), [op, rita], 5)).toBe(false);
    expect(foundingNow(state(opened, closed), [op, somebody('rita', ['policy-reviewer'], 'gone')], 5)).toBe(false);
    expect(foundingDecider.decide({ type: 'close', because: 'b', now: 2 }, state(opened, closed)).status).toBe('nothing-new');
  });
  it('counts two people who are here, one of whom may ask: nobody twice', () => {
    expect(twoMayAdmit([op, somebody('two', ['operator'])])).toBe(true);
    expect(twoMayAdmit([somebody('op', ['operator', 'policy-reviewer'])])).toBe(false);
    expect(twoMayAdmit([rita, somebody('rob', ['policy-reviewer'])])).toBe(false);
    expect(twoMayAdmit([op, somebody('rita', ['policy-reviewer'], 'gone')])).toBe(false);
  });
});
