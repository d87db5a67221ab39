import { describe, expect, it } from '@jest/globals';
import { differenceOf } from './difference.ts';

const rule = (id: string) => ({ id, tier: 3 as const, decision: null, reason: 'r' });
const decided = (over: object) => ({ decision: { decision: 'allow', tier: 2, code: null, rules: [rule('builtin:consequential')], policyVersion: 'v1', approval: null, claim: false, ...over } }) as never;
const beside = { version: 'v2', mode: 'shadow', decision: 'step_up', tier: 3, code: 'approval_required', rules: ['builtin:consequential', 'large'] };

describe('the difference that a version beside makes', () => {
  it('is none where nothing stands beside', () => expect(differenceOf(decided({}))).toBeUndefined());
  it('is stricter, looser or the same, with the rules that differ', () => {
    expect(differenceOf(decided({ beside }))).toEqual({ version: 'v2', mode: 'shadow', change: 'stricter', rules: ['large'], before: 'allow, tier 2', after: 'step_up, tier 3' });
    expect(differenceOf(decided({ decision: 'deny', rules: [rule('forbidden')], beside }))).toMatchObject({ change: 'looser', rules: ['large', 'forbidden'] });
    expect(differenceOf(decided({ beside: { ...beside, decision: 'allow', tier: 2, rules: ['builtin:consequential'] } }))).toMatchObject({ change: 'same', rules: [] });
  });
  it('of a canary that was stricter is against what it overruled', () => {
    const overruled = { decision: 'allow', tier: 2, code: null, rules: [] };
    expect(differenceOf(decided({ decision: 'step_up', tier: 3, beside: { ...beside, mode: 'canary', overruled } }))).toMatchObject({ change: 'stricter', before: 'allow, tier 2' });
  });
  it('is none of the rules where a budget denied', () => expect(differenceOf(decided({ decision: 'deny', code: 'budget_exceeded', beside }))).toMatchObject({ change: 'same' }));
});
