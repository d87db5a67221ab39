import { describe, expect, it } from '@jest/globals';
import type { Wider } from '../core/budgets.ts';
import { proposed, scene, started, world } from '../core/scene.fixture.ts';
import { leasing } from './leasing.ts';
import type { BudgetLedger } from './ports.ts';

const wider: Wider = { budgets: [{ id: 'd', scope: 'tenant', windowMs: 86_400_000, calls: 10, money: null, covers: () => true }], leased: () => 0, money: () => null };

/** Counts what it is asked; grants everything. */
const counting = () => {
  const asked: string[] = [];
  const totals = new Map<string, number>();
  const ledger: BudgetLedger = {
    own: async (_, owner, recorded) => { asked.push(`own ${owner} ${recorded.length}`); },
    lease: async (_, __, wants) => {
      asked.push(`lease ${wants.map(({ need }) => need).join()}`);
      for (const { account, need } of wants) totals.set(account, (totals.get(account) ?? 0) + need);
      return new Map(wants.map(({ account }) => [account, totals.get(account)!]));
    },
  };
  return { asked, ledger };
};

describe('leasing before a batch', () => {
  it('asks once per batch, and not at all while enough is in hand or no budget is wider than a run', async () => {
    const { asked, ledger } = counting();
    const s = scene();
    s.tell(s.message(started));
    const leases = leasing(ledger, 0, 'me');
    const messages = [1, 2, 3].map((n) => s.message(proposed(n, 'tier1')));
    expect(await leases.before(messages, s.state, world())).not.toHaveProperty('wider');
    expect(asked).toEqual([]);
    const first = await leases.before(messages, s.state, world({ wider }));
    expect(asked).toEqual(['own me 0', 'lease 3']);
    s.tell(messages[0]!, first);
    expect(s.log.at(-1)).toMatchObject({ budgets: [{ leased: 3 }] });
    await leases.before(messages.slice(1), s.state, world({ wider }));
    expect(asked).toHaveLength(2);
  });

  it('decides nothing while the ledger is away', async () => {
    const s = scene();
    const ledger: BudgetLedger = { own: async () => undefined, lease: async () => { throw new Error('connection refused'); } };
    await expect(leasing(ledger, 0, 'me').before([s.message(proposed(1, 'tier1'))], s.state, world({ wider }))).rejects.toThrow('connection refused');
  });
});
