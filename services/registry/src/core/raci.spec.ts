import { describe, expect, it } from '@jest/globals';
import { takenOver, raciGaps, stages } from './raci.ts';
import type { RaciMatrix } from './raci.ts';

const full = Object.fromEntries(stages.map((stage) => [stage, { accountable: 'ann' }])) as RaciMatrix;

describe('who answers at each stage', () => {
  it('is complete when each stage has an active person', () => {
    expect(raciGaps(full, () => true)).toEqual([]);
    expect(raciGaps(undefined, () => true).map(({ stage }) => stage)).toEqual([...stages]);
  });
  it('names the stage and the person who is gone', () => {
    expect(raciGaps({ ...full, logging: { accountable: 'carol' } }, (person) => person !== 'carol')).toEqual([{ stage: 'logging', why: 'not_active', person: 'carol' }]);
  });
  it('goes from one to another for what the one answered for, and for nothing else', () => {
    const given = { trigger: { accountable: 'carol', informed: ['carol'] }, incident: { accountable: 'bob' } };
    expect(takenOver(given, 'carol', 'eve')).toEqual({ trigger: { accountable: 'eve', informed: ['carol'] }, incident: { accountable: 'bob' } });
  });
});
