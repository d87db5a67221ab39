import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { validateFinding } from '@countersign/contracts';
import type { Contribution } from '@countersign/contracts';
import { features } from '../score.ts';
import { findingOf, scoreOf } from './finding.ts';
import type { Evidence } from './finding.ts';
import { impactOf } from './impact.ts';
import { refractoryMs, tellOnce } from './refractory.ts';
import type { Lately } from './refractory.ts';
import { confidenceOf, severities, severityOf } from './severity.ts';

const impacts = ['low', 'medium', 'high', 'critical'] as const;
const contribution = (over: Partial<Contribution> = {}): Contribution => ({ feature: 'target', nats: 4, observed: 1, expected: 0.01, peerShare: 0, text: 'a target never used', ...over });
const subject = { tenant: 'acme', agent: 'payer', run: '01980000-0000-7000-8000-000000000001', at: 1_000 };
const evidence = (over: Partial<Evidence> = {}): Evidence => ({ contributions: [contribution()], pValue: 0.002, eValue: 60, kind: 'behaviour', impact: 'high', consequential: true, events: ['a'], since: 900, ...over });
const anyContribution = fc.record({ feature: fc.constantFrom(...features), nats: fc.double({ min: -3, max: 12, noNaN: true }), observed: fc.double({ min: 0, max: 1e9, noNaN: true }), expected: fc.double({ min: 0, max: 1e9, noNaN: true }), peerShare: fc.option(fc.double({ min: 0, max: 1, noNaN: true })), text: fc.string({ maxLength: 500 }) });
const anyEvidence = fc.record({ contributions: fc.uniqueArray(anyContribution, { maxLength: 10, selector: ({ feature }) => feature }), impact: fc.constantFrom(...impacts), consequential: fc.boolean(), events: fc.array(fc.string({ maxLength: 40 }), { maxLength: 400 }) });

describe('a finding', () => {
  it('has contributions that add up to its score, whatever they are, and is what its contract says', () => {
    fc.assert(fc.property(anyEvidence, (over) => {
      const finding = findingOf('f-0-1', subject, evidence(over));
      expect(finding.score).toBe(scoreOf(finding.contributions));
      expect(finding.score).toBeCloseTo(over.contributions.reduce((sum, { nats }) => sum + nats, 0), 9);
      expect(finding.contributions.map(({ nats }) => nats)).toEqual(over.contributions.map(({ nats }) => nats).sort((a, b) => b - a));
      expect([validateFinding(finding), validateFinding.errors]).toEqual([true, null]);
    }), { seed: 21, numRuns: 300 });
  });

  it('is the same in whatever order the features report', () => {
    fc.assert(fc.property(anyEvidence, (over) => {
      expect(findingOf('f', subject, evidence({ ...over, contributions: [...over.contributions].reverse() }))).toEqual(findingOf('f', subject, evidence(over)));
    }), { seed: 22, numRuns: 100 });
  });

  it('is as severe as impact and confidence say, never less for more of either', () => {
    fc.assert(fc.property(fc.double({ min: 0, max: 1e4, noNaN: true }), fc.double({ min: 0, max: 1e3, noNaN: true }), fc.constantFrom(...impacts), (score, more, impact) => {
      const rank = (one: typeof severities[number]): number => severities.indexOf(one);
      expect(rank(severityOf(impact, confidenceOf(score + more)))).toBeGreaterThanOrEqual(rank(severityOf(impact, confidenceOf(score))));
      expect(rank(severityOf('critical', confidenceOf(score)))).toBeGreaterThanOrEqual(rank(severityOf(impact, confidenceOf(score))));
    }), { seed: 23, numRuns: 200 });
    expect([severityOf('low', 1), severityOf('high', confidenceOf(20)), severityOf('high', confidenceOf(1_000)), severityOf('critical', confidenceOf(100))]).toEqual(['medium', 'medium', 'critical', 'critical']);
  });

  it('says in words what was odd, how sure it is and what it could do, and names what it looks like', () => {
    const finding = findingOf('f', subject, evidence({ contributions: [contribution({ feature: 'volume', nats: 0.2, text: '9 a minute' }), contribution(), contribution({ feature: 'timing', nats: -0.5, text: 'at its usual hour' })] }));
    expect(finding.explanation).toBe('a target never used; 9 a minute. Together seen by chance in one of 500 runs; what was done could have high impact.');
    expect(finding.techniques).toEqual(['AML.T0086']);
    expect(findingOf('f', subject, evidence({ consequential: false })).techniques).toEqual([]);
  });
});

describe('the impact of an action', () => {
  const act = { consequential: true, reversible: true, dataClasses: 0, tier: 1, marked: false };
  it('comes from the facts of the catalogue and of the decision', () => {
    expect([
      impactOf({ ...act, consequential: false }), impactOf(act), impactOf({ ...act, reversible: false }), impactOf({ ...act, reversible: false, dataClasses: 2 }),
      impactOf({ ...act, consequential: false, dataClasses: 1 }), impactOf({ ...act, tier: 3 }), impactOf({ ...act, tier: 4 }), impactOf({ ...act, marked: true }),
    ]).toEqual(['low', 'medium', 'high', 'critical', 'medium', 'high', 'critical', 'high']);
  });
});

describe('telling it once', () => {
  const at = (now: number, eValue = 60, id = `f-${now}`) => findingOf(id, { ...subject, at: now }, evidence({ eValue }));
  const tell = (lately: Lately, ...findings: ReturnType<typeof at>[]) => findings.reduce<{ lately: Lately; told: string[]; repeats: number[] }>((so, one) => {
    const outcome = tellOnce(so.lately, one);
    return { lately: outcome.lately, told: outcome.told ? [...so.told, outcome.told.finding] : so.told, repeats: outcome.told ? [...so.repeats, outcome.told.repeats] : so.repeats };
  }, { lately, told: [], repeats: [] });

  it('counts what comes again within the hour, and tells the first of it and each doubling, then opens another case', () => {
    const { told, repeats } = tell({}, ...Array.from({ length: 9 }, (_, i) => at(i)), at(refractoryMs), at(refractoryMs + 1));
    expect(told).toEqual(['f-0', 'f-1', 'f-2', 'f-3', 'f-7', `f-${refractoryMs}`, `f-${refractoryMs + 1}`]);
    expect(repeats).toEqual([0, 0, 0, 0, 3, 1, 0]);
  });

  it('speaks up at once where it has become worse', () => {
    const many = Array.from({ length: 5 }, (_, i) => at(i, 5));
    expect(tell({}, ...many, at(5, 900), at(6, 5)).told).toEqual(['f-0', 'f-1', 'f-2', 'f-3', 'f-5']);
  });

  it('says once of a change of work that it lasts', () => {
    const drift = (now: number) => findingOf(`d-${now}`, { ...subject, at: now }, evidence({ kind: 'drift' }));
    expect(tell({}, drift(0), drift(1), drift(2), drift(refractoryMs * 100)).told).toEqual(['d-0']);
  });

  it('adds to a case of the hour what may open none, and is silent where there is none', () => {
    const other = findingOf('f-9', { ...subject, at: 9 }, evidence({ contributions: [contribution({ feature: 'volume' })] }));
    expect(tellOnce({}, other, () => false)).toMatchObject({ lately: {}, told: undefined, as: undefined });
    expect(tellOnce(tell({}, at(0)).lately, other, () => false).told).toMatchObject({ finding: 'f-9', case: { finding: 'f-0', seen: 2, since: 0 } });
    expect(tellOnce(tell({}, at(0)).lately, { ...other, at: refractoryMs }, () => false).told).toBeUndefined();
  });

  it('is not silenced by a clock that jumped', () => {
    expect(tell({}, at(10 * refractoryMs), at(0)).told).toEqual([`f-${10 * refractoryMs}`, 'f-0']);
  });

  it('remembers a bounded number of oddities', () => {
    const many = features.slice(0, 8).flatMap((a) => features.slice(0, 8).map((b, i) => findingOf(`f-${a}-${b}`, { ...subject, at: i }, evidence({ contributions: a === b ? [contribution({ feature: a })] : [contribution({ feature: a }), contribution({ feature: b })] }))));
    const { lately } = tell({}, ...many);
    expect(Object.keys(lately)).toHaveLength(32);
  });
});
