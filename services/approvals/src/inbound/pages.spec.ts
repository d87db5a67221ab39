import { describe, expect, it } from '@jest/globals';
import type { ApprovalView } from '@countersign/contracts';
import { pageOf, placeOf } from './pages.ts';

const views = (count: number, size = 10): ApprovalView[] => Array.from({ length: count }, (_, i) => ({ approval: `apr_${i}`, expiresAt: 1_000 + i, arguments: { text: 'x'.repeat(size) } }) as unknown as ApprovalView);

describe('a page of a list', () => {
  it('is the last where there are fewer than fit, and else says where the next begins', () => {
    expect(pageOf(views(3), 5)).toMatchObject({ approvals: views(3), next: null });
    expect(pageOf(views(5), 5).next).toBe('1004.apr_4');
    expect(placeOf('1004.apr_4')).toEqual({ expiresAt: 1_004, approval: 'apr_4' });
  });

  it('ends before it is too large for who reads it, and leaves nothing out', () => {
    const all = views(7, 400), read: string[] = [];
    for (let rest = all; rest.length > 0;) {
      const { approvals, next } = pageOf(rest, 7, 1_000);
      expect(JSON.stringify(approvals).length).toBeLessThan(1_100);
      read.push(...approvals.map(({ approval }) => approval));
      rest = next == null ? [] : all.filter(({ expiresAt }) => expiresAt > placeOf(next)!.expiresAt);
    }
    expect(read).toEqual(all.map(({ approval }) => approval));
  });

  it('has one at least, however large that is', () => {
    expect(pageOf(views(2, 5_000), 2, 1_000)).toMatchObject({ approvals: [{ approval: 'apr_0' }], next: '1000.apr_0' });
  });

  it.each(['', 'yesterday', '1.', '1.a b', '1'.repeat(20) + '.a'])('does not begin at "%s"', (after) => {
    expect(() => placeOf(after)).toThrow('after is the next of a page before');
  });
});
