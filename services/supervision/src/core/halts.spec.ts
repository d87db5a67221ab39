import { describe, expect, it } from '@jest/globals';
import type { HaltNotice, HaltScope } from '@countersign/contracts';
import fc from 'fast-check';
import { inForce, merge, noHalts, stoppedBy } from './halts.ts';

const notice = (halt: string, op: 'halt' | 'lift', scope: HaltScope, tenant = 'acme'): HaltNotice => ({ halt, op, mode: 'halt', tenant, scope, by: 'sue', reason: 'drill', at: 1 });
const subject = { tenant: 'acme', agent: 'payer', tool: 'payments.transfer', run: 'r1' };

describe('halts', () => {
  it.each<[HaltScope, boolean]>([
    [{ kind: 'everything', id: null }, true], [{ kind: 'tenant', id: 'acme' }, true], [{ kind: 'agent', id: 'payer' }, true], [{ kind: 'tool', id: 'payments.transfer' }, true],
    [{ kind: 'run', id: 'r1' }, true], [{ kind: 'agent', id: 'mailer' }, false], [{ kind: 'run', id: 'r2' }, false],
  ])('%j stops the action: %s', (scope, stops) => {
    expect(stoppedBy(merge(noHalts, notice('h', 'halt', scope)), subject) !== undefined).toBe(stops);
  });

  it("does not reach into another tenant's agents of the same name", () => {
    expect(stoppedBy(merge(noHalts, notice('h', 'halt', { kind: 'agent', id: 'payer' }, 'other')), subject)).toBeUndefined();
  });

  it('gives the same answer whatever order and however often notices arrive, and a lift ends only its own halt', () => {
    const notices = ['a', 'b', 'c'].flatMap((id) => [notice(id, 'halt', { kind: 'everything', id: null }), notice(id, 'lift', { kind: 'everything', id: null })]);
    fc.assert(fc.property(fc.subarray(notices), fc.array(fc.nat(100), { minLength: 12, maxLength: 12 }), (some, order) => {
      const shuffled = [...some, ...some].map((one, i) => ({ one, at: order[i] ?? 0 })).sort((x, y) => x.at - y.at).map(({ one }) => one);
      const force = (list: readonly HaltNotice[]) => inForce(list.reduce(merge, noHalts)).map((one) => one.halt);
      expect(force(shuffled)).toEqual(force(some));
      const has = (id: string, op: string) => some.some((one) => one.halt === id && one.op === op);
      expect(force(some)).toEqual(['a', 'b', 'c'].filter((id) => has(id, 'halt') && !has(id, 'lift')));
    }), { seed: 7, numRuns: 300 });
  });
});
