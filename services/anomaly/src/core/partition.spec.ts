import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ActionSeen } from './observation.ts';
import { emptyPartition, partitionOf, take } from './partition.ts';
import type { PartitionState } from './partition.ts';

const minute = 60_000;
const seen = (now: number, over: Partial<ActionSeen> = {}): ActionSeen => ({
  kind: 'action', tenant: 'acme', agent: 'payer', run: 'r', action: `a${now}`, tool: 'payments.transfer', group: 'g', owner: 'o', version: 1, consequential: true, reversible: true, impact: 'medium',
  targets: ['DE-landlord'], trust: 'instruction', from: null, signs: [], denied: false, now, ...over,
});
const fold = (state: PartitionState, actions: readonly ActionSeen[], first = 0) => actions.map((one, i) => take(state, one, `0-${first + i}`));
const ordinary = Array.from({ length: 120 }, (_, i) => seen(i * minute / 2));
const burst = Array.from({ length: 40 }, (_, i) => seen(61 * minute + i));

describe('a partition of agents', () => {
  it('tells a level only when it changes, with the findings that made it', () => {
    const state = emptyPartition();
    expect(fold(state, ordinary).flatMap((told) => told.levels)).toEqual([]);
    const told = fold(state, burst, 120);
    const findings = told.flatMap((one) => one.findings);
    expect(told.flatMap((one) => one.levels)).toMatchObject([{ agent: 'payer', level: 'raised', findings: [findings[0]!.finding] }]);
    expect(findings[0]!.finding).toMatch(/^f-0-1[2-5]\d$/);
  });

  it('lets a level fade by the time of the stream, also of an agent that went quiet', () => {
    const state = emptyPartition();
    fold(state, [...ordinary, ...burst]);
    const told = take(state, seen(200 * minute, { agent: 'other' }), '0-500');
    expect(told.levels).toMatchObject([{ agent: 'payer', level: 'normal', findings: [], at: 200 * minute }]);
    expect(told.touched).toEqual(['other', 'payer']);
    expect(state.elevated.size).toBe(0);
    expect(take(state, seen(201 * minute, { agent: 'other' }), '0-501').levels).toEqual([]);
  });

  it('is the same bit for bit when it is rebuilt from a checkpoint at any place', () => {
    const action = fc.record({ agent: fc.constantFrom('a', 'b', 'c'), step: fc.nat(90_000), target: fc.constantFrom('x', 'y', 'z', 'q'), consequential: fc.boolean() });
    fc.assert(fc.property(fc.array(action, { minLength: 30, maxLength: 150 }), fc.double({ min: 0, max: 1, noNaN: true }), (steps, at) => {
      let now = 0;
      const actions = steps.map(({ step, target, ...rest }) => seen(now += step, { ...rest, targets: [target] }));
      const whole = emptyPartition();
      const told = fold(whole, actions);
      const cut = Math.floor(at * actions.length);
      const before = emptyPartition();
      fold(before, actions.slice(0, cut));
      const after = partitionOf(new Map(before.agents), before.minute);
      const rest = fold(after, actions.slice(cut), cut);
      expect(after.agents).toEqual(whole.agents);
      expect(rest.flatMap((one) => one.levels)).toEqual(told.slice(cut).flatMap((one) => one.levels));
    }), { seed: 31, numRuns: 100 });
  });
});
