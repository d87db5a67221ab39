import { describe, expect, it } from '@jest/globals';
import { isOver, monthOf, retentionOf } from './retention.ts';
import type { RetentionClass } from './retention.ts';

const governed = { topic: 'runs.governed.v1', type: 'countersign.governed.action.decided.v1', tier: 1, overseen: false };

describe('how long words are kept', () => {
  it('goes by who could be asked about them later', () => {
    expect(retentionOf(governed)).toBe('standard');
    expect(retentionOf({ ...governed, tier: 2 })).toBe('standard');
    for (const more of [{ tier: 3 }, { tier: 4 }, { overseen: true }, { topic: 'registry.events.v1' }, { topic: 'supervision.halts.v1' }]) expect(retentionOf({ ...governed, ...more })).toBe('long');
    expect(retentionOf({ ...governed, topic: 'anomaly.findings.v1' })).toBe('standard');
    for (const type of ['', 'countersign.governed.messages.unproven.v1']) expect(retentionOf({ ...governed, type, tier: 4 })).toBe('short');
  });

  // README and ADR 0006 say these numbers, so they stand here again, in months and not in the code's own days.
  it.each<readonly [RetentionClass, string, string]>([
    ['short', '2027-06-08', '2027-06-10'],
    ['standard', '2028-11-29', '2028-12-01'],
    ['long', '2036-11-27', '2036-11-29'],
  ])('%s: what came in November 2026 is there on %s and over on %s, counted from the month\'s end', (retention, there, over) => {
    const month = monthOf(Date.parse('2026-11-02T00:00:00Z'));
    expect([there, over].map((day) => isOver({ retention, month }, Date.parse(`${day}T12:00:00Z`)))).toEqual([false, true]);
  });
});
