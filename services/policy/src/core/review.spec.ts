import { describe, expect, it } from '@jest/globals';
import type { GovernedDecided } from '@countersign/contracts';
import { reviewNumbers } from '../outbound/review-numbers.ts';
import { proposed, resolvedFor, scene, started, vote } from './scene.fixture.ts';

const review = { rate: 0.5, number: (_run: string, action: string) => (action.endsWith('1') ? 0.4 : 0.6) };
const decided = (s: ReturnType<typeof scene>) => s.log.filter((record): record is GovernedDecided => record.kind === 'action.decided').at(-1)!;
const opened = () => {
  const s = scene();
  s.tell(s.message(started));
  return s;
};

describe('the draw for blind reviews', () => {
  it('marks changes made without a person whose number is below the rate, on the record and not in the reply', () => {
    const s = opened();
    const { replies } = s.tell(s.message(proposed(1, 'tier2')), { review });
    expect(decided(s).review).toMatchObject({ rate: 0.5, instruction: 'pay the rent', requesters: ['olga', 'paul'] });
    expect(JSON.stringify(replies)).not.toContain('review');
    s.tell(s.message(proposed(2, 'tier2')), { review });
    expect(decided(s).review).toBeUndefined();
  });

  it('leaves alone what only reads, what people decide, and everything where no rate is set', () => {
    const s = opened();
    s.tell(s.message(proposed(11, 'read')), { review });
    expect(decided(s).review).toBeUndefined();
    s.tell(s.message(proposed(21, 'tier3')), { review });
    s.hear(resolvedFor(s, 21, 'approved', [vote('carl', ['controller'])]), { review });
    expect([decided(s).decision.decision, decided(s).review]).toEqual(['allow', undefined]);
    s.tell(s.message(proposed(31, 'tier2')));
    expect(decided(s).review).toBeUndefined();
  });

  it('draws evenly, always the same, and otherwise under another key', () => {
    const number = reviewNumbers(Buffer.alloc(32, 1));
    const other = reviewNumbers(Buffer.alloc(32, 2));
    const drawn = Array.from({ length: 4_000 }, (_, i) => number('run', `a${i}`));
    const share = drawn.filter((value) => value < 0.1).length / drawn.length;
    expect(share).toBeGreaterThan(0.08);
    expect(share).toBeLessThan(0.12);
    expect(number('run', 'a7')).toBe(drawn[7]);
    expect(other('run', 'a7')).not.toBe(drawn[7]);
    expect(number('run1', '1')).not.toBe(number('run', '11'));
  });
});
