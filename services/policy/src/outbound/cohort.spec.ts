import { describe, expect, it } from '@jest/globals';
import { cohortOf } from './cohort.ts';

const agents = Array.from({ length: 4_000 }, (_, i) => `agent-${i}`);
const of = (percent: number, over: object = {}, secret = Buffer.alloc(32, 1)) => cohortOf(secret, { tenant: 'acme', bundle: 'demo', digest: 'd', percent, ...over });
const inside = (cohort: (agent: string) => boolean) => agents.filter(cohort);

describe('the cohort of a canary', () => {
  it('has about its share of the agents, and all of them at 100 %', () => {
    expect(inside(of(5)).length / agents.length).toBeCloseTo(0.05, 1);
    expect(inside(of(100))).toHaveLength(agents.length);
  });
  it('keeps who was in when it grows', () => { const ten = new Set(inside(of(10))); for (const agent of inside(of(3))) expect(ten.has(agent)).toBe(true); });
  it('is another one for another secret, tenant or version', () => {
    const usual = inside(of(20)).join();
    for (const other of [of(20, {}, Buffer.alloc(32, 2)), of(20, { tenant: 'other' }), of(20, { digest: 'e' })]) expect(inside(other).join()).not.toBe(usual);
    expect(inside(of(20)).join()).toBe(usual);
  });
});
