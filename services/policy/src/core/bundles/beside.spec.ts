import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Judgement, Verdict } from '../world.ts';
import { compareStrictness, judgeBeside, withCandidate } from './beside.ts';

const verdict = (decision: Verdict['decision'], tier: number, over: Partial<Verdict> = {}): Verdict => ({ decision, tier: tier as Verdict['tier'], code: null, rules: [{ id: `${decision}-${tier}`, tier: tier as Verdict['tier'], decision: null, reason: 'r' }], approval: null, ...over });
const judgement = (of: Verdict): Judgement => ({ facts: { amount: { value: 1, origin: 'derived' } }, failed: [], verdict: of, money: null });
const question = (agent: string) => ({ agent: { agent } }) as never;
const any = fc.record({ decision: fc.constantFrom('allow' as const, 'step_up' as const, 'defer' as const, 'deny' as const), tier: fc.integer({ min: 1, max: 4 }) }).map(({ decision, tier }) => verdict(decision, tier));
const beside = (mode: 'shadow' | 'canary', active: Verdict, candidate: () => Verdict, cohort: (agent: string) => boolean = () => true) =>
  judgeBeside(() => judgement(active), { version: 'v2', mode, judge: () => judgement(candidate()), inCohort: cohort })(question('clerk'));

describe('a version beside the active one', () => {
  it('as a shadow never decides, whatever it says or throws', () => {
    fc.assert(fc.property(any, any, fc.boolean(), (active, candidate, broken) => {
      const got = beside('shadow', active, () => { if (broken) throw new Error('bug'); return candidate; });
      expect(got.verdict).toBe(active);
      expect(got.beside).toMatchObject(broken ? { version: 'v2', mode: 'shadow', decision: 'deny', code: 'evaluation_failed', rules: [] } : { decision: candidate.decision, tier: candidate.tier, rules: [candidate.rules[0]!.id] });
    }), { seed: 2, numRuns: 200 });
  });

  it('as a canary only ever tightens', () => {
    fc.assert(fc.property(any, any, (active, candidate) => {
      const got = beside('canary', active, () => candidate).verdict;
      expect(compareStrictness(got, active)).toBeLessThanOrEqual(0);
      expect(compareStrictness(got, candidate)).toBeLessThanOrEqual(0);
    }), { seed: 3, numRuns: 500 });
    expect(beside('canary', verdict('allow', 1), () => { throw new Error('bug'); }).verdict).toMatchObject({ decision: 'deny', code: 'evaluation_failed' });
  });

  it('as a canary is not even asked for agents outside of its cohort', () => {
    let asked = 0;
    const got = beside('canary', verdict('allow', 2), () => { asked++; return verdict('deny', 1); }, (agent) => agent === 'other');
    expect([asked, got.verdict.decision, got.beside]).toEqual([0, 'allow', undefined]);
  });

  it('adds its changes of arguments, and denies where they contradict', () => {
    const change = (value: string, over: Partial<Verdict> = {}) => ({ ...verdict('modify', 2), modify: [{ path: 'args.memo', value, rule: 'r' }], ...over }) as Verdict;
    expect(withCandidate(change('x'), verdict('step_up', 3))).toMatchObject({ decision: 'step_up', tier: 3, modify: [{ path: 'args.memo', value: 'x' }] });
    expect(withCandidate(change('x', { tier: 1 }), verdict('allow', 2))).toMatchObject({ decision: 'modify', tier: 2, modify: [{ value: 'x' }] });
    expect(withCandidate(change('x'), change('y'))).toMatchObject({ decision: 'deny', code: 'rewrite_conflict' });
  });

  it('says what it overruled, and nothing where it added nothing', () => {
    expect(beside('canary', verdict('allow', 2), () => verdict('deny', 1)).beside).toMatchObject({ decision: 'deny', overruled: { decision: 'allow', tier: 2, rules: ['allow-2'] } });
    expect(beside('canary', verdict('deny', 1), () => verdict('allow', 2)).beside).not.toHaveProperty('overruled');
  });

  it('adds its demands on people to the active one\'s', () => {
    const asks = (route: readonly string[], quorum: number, expiresInMs: number) => verdict('step_up', 3, { approval: { route, quorum, expiresInMs } });
    expect(withCandidate(asks(['treasurer', 'senior'], 1, 60), asks(['senior', 'cfo'], 2, 90)).approval).toEqual({ route: ['senior'], quorum: 2, expiresInMs: 60 });
    expect(withCandidate(asks(['treasurer'], 2, 60), asks(['cfo'], 1, 30)).approval).toEqual({ route: ['treasurer'], quorum: 2, expiresInMs: 30 });
  });
});
