import { describe, expect, it } from '@jest/globals';
import { holdsAfter, inForce } from './holds.ts';
import type { HeldOnRecord } from './holds.ts';

const held = (hold: number, scope = 'run', what: string | null = 'r1') => ({ kind: 'held', states: { hold, scope, what, by: 'p-1' } });
const released = (hold: number) => ({ kind: 'released', states: { hold, by: 'p-1' } });
const onRecord: readonly HeldOnRecord[] = [{ hold: 1, scope: 'run', id: 'r1', by: 'p-1', at: 5 }, { hold: 2, scope: 'all', id: null, by: 'p-1', at: 5 }];

describe('legal holds as the record has them', () => {
  it('begin with their statement and end with the one that releases them, and with nothing else', () => {
    expect(holdsAfter([], [held(1), held(2, 'all', null)], 5)).toEqual(onRecord);
    expect(holdsAfter(onRecord, [released(1), released(7), { kind: 'expired', states: { hold: 2 } }, { kind: 'released', states: { hold: '2' } }, held(3, 'everything')], 9)).toEqual([onRecord[1]]);
  });

  it('are in force although their row is gone, ended or says something else; rows are in force by themselves', () => {
    const rows = onRecord.map((one) => ({ ...one, by: 'olga', reason: 'matter' }));
    expect(inForce(rows, onRecord)).toEqual({ holds: rows, changed: [] });
    expect(inForce([rows[0]!], []).holds).toEqual([rows[0]]);
    for (const left of [[rows[1]!], [{ ...rows[0]!, id: 'r2' }, rows[1]!], [{ ...rows[0]!, scope: 'agent' as const }, rows[1]!]]) {
      const { holds, changed } = inForce(left, onRecord);
      expect(changed).toEqual([onRecord[0]]);
      expect(holds).toContainEqual({ ...onRecord[0], reason: expect.stringContaining('on the record') });
    }
  });
});
