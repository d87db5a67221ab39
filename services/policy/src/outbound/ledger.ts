import type { DataSource } from 'typeorm';
import type { BudgetLedger } from '../app/ports.ts';

/** What is granted of `need` when `leased` of `lim` is out: the need and a 32nd of the rest ahead, never beyond the limit. */
const slice = (lim: string, leased: string, need: string): string => `GREATEST(0, LEAST(${lim} - ${leased}, ${need} + GREATEST(0, (${lim} - ${leased} - ${need}) / 32)))`;

/** One statement: is it still the owner, take the slices (rows locked in order), add them to the partition's own. */
const leaseStatement = `
WITH me AS (SELECT slot FROM policy_budget_owner WHERE slot = $1 AND owner = $2 FOR SHARE),
wanted AS (SELECT w.* FROM me, unnest($3::text[], $4::bigint[], $5::bigint[], $6::bigint[]) AS w(account, lim, need, until)),
sliced AS (
  INSERT INTO policy_budget AS b (account, lim, need, granted, leased, until)
  SELECT account, lim, need, ${slice('lim', '0', 'need')}, ${slice('lim', '0', 'need')}, until FROM wanted ORDER BY account
  ON CONFLICT (account) DO UPDATE SET lim = excluded.lim, need = excluded.need, granted = ${slice('excluded.lim', 'b.leased', 'excluded.need')}, leased = b.leased + ${slice('excluded.lim', 'b.leased', 'excluded.need')}
  RETURNING account, granted, until)
INSERT INTO policy_budget_lease AS l (slot, account, leased, until) SELECT $1, account, granted, until FROM sliced ORDER BY account
ON CONFLICT (slot, account) DO UPDATE SET leased = l.leased + excluded.leased
RETURNING account, leased`;

/** Makes the partition's leases what its records say, and the accounts' sums with them. */
const ownStatement = `
WITH mine AS (SELECT account, leased, until FROM policy_budget_lease WHERE slot = $1),
said AS (SELECT * FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS s(account, leased, until)),
changed AS (
  SELECT account, COALESCE(said.leased, 0) AS leased, COALESCE(said.leased, 0) - COALESCE(mine.leased, 0) AS delta, COALESCE(said.until, mine.until) AS until
  FROM mine FULL JOIN said USING (account) WHERE COALESCE(said.leased, 0) <> COALESCE(mine.leased, 0)),
summed AS (
  INSERT INTO policy_budget AS b (account, lim, need, granted, leased, until) SELECT account, 0, 0, 0, delta, until FROM changed ORDER BY account
  ON CONFLICT (account) DO UPDATE SET leased = b.leased + excluded.leased RETURNING account)
INSERT INTO policy_budget_lease AS l (slot, account, leased, until) SELECT $1, account, leased, until FROM changed
ON CONFLICT (slot, account) DO UPDATE SET leased = excluded.leased`;

/** Long after their windows, rows say nothing any more. */
const keepMs = 24 * 3_600_000;

/**
 * The ledger of budgets that span partitions, in PostgreSQL. `leased` of an account is the sum of all partitions' leases and never more
 * than its limit; each partition's lease is what its records name, or will name once its batch is written. `topic` keeps logs apart.
 */
export const createBudgetLedger = (source: DataSource, topic: string, now: () => number): BudgetLedger => {
  let tidiedAt = 0;
  const tidy = async (): Promise<void> => {
    tidiedAt = now();
    await source.query('DELETE FROM policy_budget_lease WHERE until < $1', [now() - keepMs]);
    await source.query('DELETE FROM policy_budget WHERE account IN (SELECT account FROM policy_budget WHERE until < $1 ORDER BY account LIMIT 1000 FOR UPDATE SKIP LOCKED)', [now() - 2 * keepMs]);
  };
  const slotOf = (partition: number): string => `${topic}/${partition}`;
  return {
    async own(partition, owner, recorded) {
      const slot = slotOf(partition);
      await source.transaction(async (tx) => {
        // Holds back every lease of the owner before, and refuses it from here on.
        await tx.query('INSERT INTO policy_budget_owner (slot, owner) VALUES ($1, $2) ON CONFLICT (slot) DO UPDATE SET owner = excluded.owner', [slot, owner]);
        await tx.query(ownStatement, [slot, recorded.map(({ account }) => account), recorded.map(({ leased }) => leased), recorded.map(({ until }) => until)]);
      });
      await tidy().catch(() => undefined);
    },
    async lease(partition, owner, wants) {
      const rows = await source.query<{ account: string; leased: string }[]>(leaseStatement, [
        slotOf(partition), owner, wants.map(({ account }) => account), wants.map(({ limit }) => limit), wants.map(({ need }) => need), wants.map(({ until }) => until),
      ]);
      // Nobody waits for it, and what it misses the next one finds.
      if (now() - tidiedAt > keepMs / 24) tidy().catch(() => undefined);
      if (rows.length !== wants.length) throw new Error(`partition ${partition} was taken over by another owner: it leases nothing any more`);
      return new Map(rows.map(({ account, leased }) => [account, Number(leased)]));
    },
  };
};
