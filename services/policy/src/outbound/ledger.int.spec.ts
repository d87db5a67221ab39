import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { openCheckpoints } from './checkpoints.ts';
import { createBudgetLedger } from './ledger.ts';

const server = process.env['CS_TEST_POSTGRES'];
const until = Date.now() + 3_600_000;

(server === undefined ? describe.skip : describe)('the ledger of wider budgets, on PostgreSQL', () => {
  const database = `policy_ledger_${randomBytes(4).toString('hex')}`;
  let source: DataSource;
  const sql = async (text: string): Promise<void> => {
    const client = new pg.Client({ connectionString: server });
    await client.connect();
    await client.query(text).finally(() => client.end());
  };
  beforeAll(async () => {
    await sql(`CREATE DATABASE ${database}`);
    const url = new URL(server!);
    url.pathname = `/${database}`;
    source = await openCheckpoints(url.href);
  });
  afterAll(async () => {
    await source?.destroy();
    await sql(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
  });
  const ledgerOf = (topic: string) => createBudgetLedger(source, topic, Date.now);
  const sums = async (account: string) => {
    const [total] = await source.query<{ leased: string }[]>('SELECT leased FROM policy_budget WHERE account = $1', [account]);
    const [parts] = await source.query<{ sum: string | null }[]>('SELECT sum(leased) AS sum FROM policy_budget_lease WHERE account = $1', [account]);
    return { total: Number(total?.leased ?? 0), parts: Number(parts?.sum ?? 0) };
  };

  it('leases what is needed and a little ahead, then what is left, then nothing', async () => {
    const ledger = ledgerOf('t1');
    await ledger.own(0, 'a', []);
    const lease = async (need: number) => (await ledger.lease(0, 'a', [{ account: 'x', limit: 1_000, need, until }])).get('x');
    expect(await lease(40)).toBe(70);
    expect(await lease(930)).toBe(1_000);
    expect(await lease(1)).toBe(1_000);
    expect(await sums('x')).toEqual({ total: 1_000, parts: 1_000 });
  });

  it('returns what a killed owner had leased and never wrote, and refuses that owner from then on', async () => {
    const ledger = ledgerOf('t2');
    await ledger.own(0, 'a', []);
    const want = [{ account: 'y', limit: 100, need: 60, until }];
    const written = (await ledger.lease(0, 'a', want)).get('y')!;
    await ledger.lease(0, 'a', [{ ...want[0]!, need: 100 - written }]);
    // Killed here: the second lease stands on no record.
    await ledger.own(0, 'b', [{ account: 'y', leased: written, until }]);
    expect(await sums('y')).toEqual({ total: written, parts: written });
    await expect(ledger.lease(0, 'a', want)).rejects.toThrow('another owner');
    expect((await ledger.lease(0, 'b', [{ ...want[0]!, need: 5 }])).get('y')).toBeGreaterThanOrEqual(written + 5);
  });

  it('learns from the records what a restored backup of it has forgotten', async () => {
    const ledger = ledgerOf('t3');
    await ledger.own(0, 'a', [{ account: 'z', leased: 90, until }]);
    await ledger.own(1, 'b', []);
    expect((await ledger.lease(1, 'b', [{ account: 'z', limit: 100, need: 50, until }])).get('z')).toBe(10);
  });

  it('is never over-spent by partitions that lease at once and are killed between lease and commit', async () => {
    const limit = 2_000;
    const ledger = ledgerOf('t4');
    const accounts = ['p', 'q', 'r'];
    let seed = 42;
    const random = (n: number): number => { seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff; return seed % n; };
    let spent = 0, kills = 0;
    /** A partition as policy runs it: leases, then writes lease and use together, or dies before that. */
    const partition = async (p: number): Promise<Map<string, { held: number; used: number }>> => {
      const recorded = new Map(accounts.map((account) => [account, { held: 0, used: 0 }]));
      let owner = `${p}.0`;
      const own = () => ledger.own(p, owner, [...recorded].map(([account, { held }]) => ({ account, leased: held, until })));
      await own();
      let totals: ReadonlyMap<string, number> = new Map();
      for (let batch = 0; batch < 40; batch++) {
        const needs = [...accounts].sort(() => random(3) - 1).slice(0, 1 + random(3)).map((account) => ({ account, limit, need: 1 + random(60), until }));
        const got = await ledger.lease(p, owner, needs);
        totals = new Map([...totals, ...got]);
        if (random(5) === 0) {
          kills++;
          totals = new Map();
          owner = `${p}.${batch + 1}`;
          await own();
          continue;
        }
        for (const { account, need } of needs) {
          const mine = recorded.get(account)!;
          const held = Math.max(mine.held, totals.get(account) ?? 0);
          if (held - mine.used < need) continue;
          mine.held = held;
          mine.used += need;
          spent += need;
        }
      }
      owner = `${p}.end`;
      await own();
      return recorded;
    };
    const folded = await Promise.all([0, 1, 2, 3, 4, 5].map(partition));
    expect(kills).toBeGreaterThan(10);
    for (const account of accounts) {
      const used = folded.reduce((sum, one) => sum + one.get(account)!.used, 0);
      const held = folded.reduce((sum, one) => sum + one.get(account)!.held, 0);
      expect({ account, over: used > limit || held > limit }).toEqual({ account, over: false });
      expect(await sums(account)).toEqual({ total: held, parts: held });
    }
    // It was a real shortage, and most of the budget was of use all the same.
    expect(spent).toBeGreaterThan(0.8 * limit * accounts.length);
  });
});
