import { describe, expect, it } from '@jest/globals';
import type { GovernedRecord } from '@countersign/contracts';
import { calibrationOf } from './reliability.ts';
import { createLabels } from './labels.ts';
import { numbersFrom } from './resample.ts';

const decided = (action: string, over: { decision?: string; tier?: number; confidence?: number | null; rate?: number; resolution?: string; to?: string; reads?: boolean } = {}): GovernedRecord => ({
  kind: 'action.decided', run: 'r', action, agent: 'clerk', tool: 'bank.pay', message: { confidence: over.confidence === undefined ? 0.8 : over.confidence, arguments: { to: over.to ?? 'A' } },
  facts: { 'tool.consequential': { value: over.reads !== true, origin: 'derived' } }, decision: { decision: over.decision ?? 'allow', tier: over.tier ?? 2 },
  resolved: over.resolution === undefined ? null : { resolution: over.resolution }, ...(over.rate !== undefined && { review: { rate: over.rate } }),
}) as unknown as GovernedRecord;
const outcome = (action: string, status: string): GovernedRecord => ({ kind: 'action.outcome', run: 'r', action, message: { status } }) as unknown as GovernedRecord;
const of = (records: readonly GovernedRecord[], reviews: readonly [string, 'right' | 'wrong'][] = []) => {
  const labels = createLabels();
  records.forEach(labels.record);
  for (const [action, verdict] of reviews) labels.review({ run: 'r', action, verdict });
  return labels.labels();
};
const asked = (action: string, resolution: string, over: object = {}) => [decided(action, { decision: 'step_up', tier: 3 }), decided(action, { decision: resolution === 'approved' ? 'allow' : 'deny', tier: 3, resolution, ...over })];

describe('what became of actions', () => {
  it('is what people decided, with what they changed', () => {
    const { labelled } = of([...asked('a', 'approved'), ...asked('b', 'denied'), ...asked('c', 'approved', { to: 'B' }), ...asked('d', 'expired')]);
    expect(labelled.map(({ why, right, weight }) => [why, right, weight])).toEqual([['approved', true, 1], ['denied', false, 1], ['edited', false, 1]]);
  });

  it('is what came to light by itself: taken back, failed', () => {
    const { labelled } = of([decided('a'), { kind: 'action.reversed', run: 'r', action: 'a' } as unknown as GovernedRecord, decided('b'), outcome('b', 'failed'), decided('c'), outcome('c', 'succeeded')]);
    expect(labelled.map(({ why, right }) => [why, right])).toEqual([['reversed', false], ['failed', false]]);
  });

  it('is, for what was done alone, what the drawn share says, weighed by its rate and by the reviews that are missing', () => {
    const { labelled, drawn, reviewed } = of([decided('a', { rate: 0.1 }), decided('b', { rate: 0.1 }), decided('c', { rate: 0.5 }), decided('d')], [['a', 'right'], ['c', 'wrong'], ['d', 'wrong']]);
    expect([drawn, reviewed]).toEqual([3, 2]);
    expect(labelled.map(({ why, right, weight }) => [why, right, Math.round(weight * 1000) / 1000])).toEqual([['review', true, 15], ['review', false, 3]]);
  });

  it('leaves out reads, what no agent was sure or unsure of, and repeated verdicts', () => {
    const { labelled, silent } = of([decided('a', { reads: true }), outcome('a', 'failed'), decided('b', { confidence: null }), outcome('b', 'failed'), decided('c', { rate: 1 })], [['c', 'right'], ['c', 'wrong']]);
    expect(silent).toBe(1);
    expect(labelled.map(({ why, right }) => [why, right])).toEqual([['review', true]]);
  });

  it('comes to the truth about all actions, though one in ten was looked at', () => {
    const gaps = Array.from({ length: 60 }, (_, seed) => {
      const next = numbersFrom(seed + 1);
      const labels = createLabels();
      let rightOnes = 0;
      for (let i = 0; i < 1_500; i++) {
        const confidence = next();
        const right = next() < confidence;
        if (right) rightOnes++;
        const low = confidence < 0.3;
        // Low confidence goes to people, who see what is wrong; the rest runs alone and one in ten is drawn.
        if (low) { labels.record(decided(`a${i}`, { decision: 'step_up', tier: 3, confidence })); labels.record(decided(`a${i}`, { decision: right ? 'allow' : 'deny', tier: 3, confidence, resolution: right ? 'approved' : 'denied' })); }
        else if (next() < 0.1) { labels.record(decided(`a${i}`, { confidence, rate: 0.1 })); labels.review({ run: 'r', action: `a${i}`, verdict: right ? 'right' : 'wrong' }); }
        else labels.record(decided(`a${i}`, { confidence }));
      }
      const found = labels.labels().labelled;
      const weighed = found.reduce((sum, one) => sum + one.weight * Number(one.right), 0) / found.reduce((sum, one) => sum + one.weight, 0);
      return weighed - rightOnes / 1_500;
    });
    expect(Math.abs(gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length)).toBeLessThan(0.015);
    expect(calibrationOf([])).toBeUndefined();
  });
});
