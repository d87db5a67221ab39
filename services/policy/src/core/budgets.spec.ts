import { describe, expect, it } from '@jest/globals';
import type { Money } from '@countersign/contracts';
import { shortfalls } from './budgets.ts';
import type { Wider, WiderBudget } from './budgets.ts';
import { evolve } from './evolve.ts';
import { actionId, folding, outcomeOf, proposed, resolvedFor, runId, scene, start, started, vote, world } from './scene.fixture.ts';
import type { Scene } from './scene.fixture.ts';
import { initialState } from './state.ts';

const window = 1_800_000;
const budget = (over: Partial<WiderBudget> = {}): WiderBudget => ({ id: 'daily', scope: 'tenant', windowMs: window, calls: null, money: { minor: 1_000, currency: 'EUR' }, covers: (tool) => tool.startsWith('tier'), ...over });
const period = Math.floor(start / window);
const account = `acme|daily|EUR||${period}`;
const wider = (leased: number, budgets: readonly WiderBudget[] = [budget()]): Wider => ({
  budgets, leased: () => leased, money: (_, args): Money | null => { const amount = (args as { amount?: number }).amount; return amount === undefined ? null : { minor: amount, currency: 'EUR' }; },
});
const opened = (): Scene => {
  const s = scene();
  s.tell(s.message(started));
  return s;
};
const pay = (s: Scene, n: number, amount: number, leased: number, tool = 'tier1') => s.tell(s.message(proposed(n, tool, { amount })), { wider: wider(leased) });
const decided = (s: Scene) => s.log.findLast((record) => record.kind === 'action.decided')!;

describe('a budget wider than a run', () => {
  it('is used up by what was leased, and says on the record which lease', () => {
    const s = opened();
    expect(pay(s, 1, 300, 500).replies[0]).toMatchObject({ decision: 'allow' });
    expect(decided(s)).toMatchObject({ budgets: [{ account, budget: 'daily', unit: 'EUR', amount: 300, leased: 500, until: (period + 1) * window }] });
    expect(pay(s, 2, 300, 500).replies[0]).toMatchObject({ decision: 'deny', code: 'budget_exceeded', detail: expect.stringContaining('daily') });
    expect(pay(s, 3, 200, 500).replies[0]).toMatchObject({ decision: 'allow' });
    expect(decided(s)).toMatchObject({ budgets: [{ leased: 0 }] });
    expect(s.state.accounts.get(account)).toEqual({ held: 500, used: 500, until: (period + 1) * window });
  });

  it('allows nothing that nobody leased, and leaves other tools alone', () => {
    const s = opened();
    expect(pay(s, 1, 1, 0).replies[0]).toMatchObject({ code: 'budget_exceeded' });
    expect(pay(s, 2, 1, 0, 'read').replies[0]).toMatchObject({ decision: 'allow' });
    expect(decided(s)).not.toHaveProperty('budgets');
  });

  it('is reserved while people are asked, once for all rounds, and given back when they refuse', () => {
    const s = opened();
    pay(s, 1, 400, 500, 'tier3');
    expect(s.state.accounts.get(account)?.used).toBe(400);
    expect(pay(s, 2, 200, 500).replies[0]).toMatchObject({ code: 'budget_exceeded' });
    expect(s.hear(resolvedFor(s, 1, 'approved', [vote('carl', ['controller'])]), { wider: wider(500) }).replies[0]).toMatchObject({ decision: 'allow' });
    expect(s.state.accounts.get(account)?.used).toBe(400);
    pay(s, 3, 100, 500, 'tier3');
    s.hear(resolvedFor(s, 3, 'denied', []), { wider: wider(500) });
    expect(s.state.accounts.get(account)?.used).toBe(400);
  });

  it('is settled by the outcome, never below the reservation, and above it where that was spent', () => {
    const s = opened();
    pay(s, 1, 100, 500);
    s.tell(s.message(outcomeOf(1, 'succeeded', 30)));
    expect(s.state.accounts.get(account)?.used).toBe(100);
    pay(s, 2, 100, 500);
    s.tell(s.message(outcomeOf(2, 'succeeded', 450)));
    expect(s.state.accounts.get(account)).toMatchObject({ held: 500, used: 550 });
    expect(pay(s, 3, 1, 500).replies[0]).toMatchObject({ code: 'budget_exceeded' });
    // The overdraft is what the next lease pays first.
    const short = shortfalls([s.message(proposed(4, 'tier1', { amount: 10 }))], s.state, world(), wider(500));
    expect(short.get(account)).toMatchObject({ amount: 60, limit: 1_000 });
  });

  it('starts anew with its window; what waited until then is counted in the new one', () => {
    const s = opened();
    pay(s, 1, 400, 500, 'tier3');
    const next = (period + 1) * window;
    s.at(next + 1);
    const question = resolvedFor(s, 1, 'approved', [vote('carl', ['controller'])]);
    const asked = s.state.runs.get(runId)!.actions.get(actionId(1))!;
    asked.approval = { ...asked.approval!, expiresAt: next + window };
    s.hear(question, { wider: wider(600), now: next + 1 });
    expect(s.state.accounts.get(account)?.used).toBe(0);
    expect(s.state.accounts.get(`acme|daily|EUR||${period + 1}`)).toEqual({ held: 600, used: 400, until: next + window });
  });

  it('counts calls by agent and by tool apart', () => {
    const s = opened();
    const both = [budget({ id: 'a', scope: 'agent', calls: 5, money: null }), budget({ id: 't', scope: 'tool', calls: 5, money: null })];
    for (const [n, tool] of [[1, 'tier1'], [2, 'tier2'], [3, 'tier2']] as const) s.tell(s.message(proposed(n, tool)), { wider: wider(5, both) });
    expect(Object.fromEntries([...s.state.accounts].map(([id, { used }]) => [id.split('|').slice(1, 4).join('|'), used]))).toEqual({ 'a|calls|clerk': 3, 't|calls|tier1': 1, 't|calls|tier2': 2 });
  });

  it('refuses an amount in a currency it does not count in', () => {
    const s = opened();
    const dollars = [budget({ money: { minor: 5, currency: 'USD' } })];
    expect(s.tell(s.message(proposed(1, 'tier1', { amount: 1 })), { wider: wider(5, dollars) }).replies[0]).toMatchObject({ code: 'budget_exceeded', detail: 'the budget daily is in USD' });
  });

  it.each<[string, (s: Scene) => unknown]>([
    ['the runtime', (s) => s.tell(s.message({ kind: 'cancel', message: { action: actionId(1), reason: 'r' } }))],
    ['a person', (s) => s.hear({ kind: 'cancelled', message: { action: actionId(1), by: 'carl', reason: 'r' } })],
  ])('is not given back when %s cancels an action whose grant is out: it may have been used', (_, cancel) => {
    const s = opened();
    const used = () => ({ wider: s.state.accounts.get(account)!.used, run: s.state.runs.get(runId)!.spend!.minor, calls: s.state.runs.get(runId)!.calls });
    pay(s, 1, 300, 500);
    cancel(s);
    expect(s.state.runs.get(runId)!.actions.get(actionId(1))).toMatchObject({ status: 'cancelled' });
    expect(used()).toEqual({ wider: 300, run: 300, calls: 1 });
    // What people were still asked about had no grant: that goes back.
    pay(s, 2, 200, 500, 'tier3');
    s.tell(s.message({ kind: 'cancel', message: { action: actionId(2), reason: 'r' } }));
    expect(used()).toEqual({ wider: 300, run: 300, calls: 1 });
  });

  it('folds from the record to the same accounts', () => {
    const s = opened();
    pay(s, 1, 300, 500);
    pay(s, 2, 100, 700, 'tier3');
    s.tell(s.message({ kind: 'cancel', message: { action: actionId(2), reason: 'r' } }));
    s.tell(s.message(outcomeOf(1, 'succeeded', 400)));
    const again = initialState();
    for (const record of JSON.parse(JSON.stringify(s.log)) as typeof s.log) evolve(again, record, folding);
    expect(again).toEqual(s.state);
    expect(again.accounts.get(account)).toMatchObject({ held: 700, used: 400 });
  });

  it('asks the ledger for a batch at once: what is in hand, already decided or uncovered is not asked for', () => {
    const s = opened();
    pay(s, 1, 100, 150);
    const ask = (...messages: ReturnType<Scene['message']>[]) => shortfalls(messages, s.state, world(), wider(150)).get(account)?.amount;
    expect(ask(s.message(proposed(2, 'tier1', { amount: 50 })))).toBeUndefined();
    expect(ask(s.message(proposed(2, 'tier1', { amount: 50 })), s.message(proposed(3, 'tier2', { amount: 60 })), s.message(proposed(1, 'tier1', { amount: 900 })), s.message(proposed(4, 'read', { amount: 900 })))).toBe(60);
  });
});
