import { describe, expect, it } from '@jest/globals';
import { collectProblems } from './problem.ts';
import { readBudgets } from './budgets-spec.ts';

const read = (value: unknown) => {
  const { problems, complain } = collectProblems();
  return { budgets: readBudgets(value, complain), problems: problems.map(({ path, why }) => `${path}: ${why}`) };
};
const fine = { id: 'refunds', scope: 'agent', tools: ['care.*'], window: '1d', calls: 10, money: { minor: 100, currency: 'EUR' } };

describe('budgets of a bundle', () => {
  it('say whom, what, how long and how much', () => {
    const { budgets, problems } = read([fine, { id: 'all', scope: 'tenant', window: '1h', calls: 0 }]);
    expect(problems).toEqual([]);
    expect(budgets.map(({ id, windowMs, calls, money }) => [id, windowMs, calls, money])).toEqual([['refunds', 86_400_000, 10, { minor: 100, currency: 'EUR' }], ['all', 3_600_000, 0, null]]);
    expect([budgets[0]!.covers('care.refund'), budgets[0]!.covers('payments.x'), budgets[1]!.covers('payments.x')]).toEqual([true, false, true]);
  });

  it.each<[string, unknown, RegExp]>([
    ['no list', { a: 1 }, /^budgets: a list/], ['no map', ['x'], /a budget is a map/], ['the same name twice', [fine, fine], /budgets\[1\]\.id: is used twice/],
    ['a name with a separator', [{ ...fine, id: 'a|b' }], /\.id/], ['an unknown scope', [{ ...fine, scope: 'team' }], /\.scope/], ['no window', [{ ...fine, window: undefined }], /\.window/],
    ['a window of a second', [{ ...fine, window: '1s' }], /\.window/], ['neither calls nor money', [{ id: 'x', scope: 'agent', window: '1d' }], /needs calls or money/],
    ['half a cent', [{ ...fine, money: { minor: 0.5, currency: 'EUR' } }], /\.money/], ['a slip of the pen', [{ ...fine, call: 1 }], /budgets\[0\]\.call: is no known field/],
  ])('are refused: %s', (_, value, why) => expect(read(value).problems.join('\n')).toMatch(why));
});
