import { shortfalls } from '../core/budgets.ts';
import type { Wider } from '../core/budgets.ts';
import type { PolicyCommand } from '../core/commands.ts';
import type { PartitionState } from '../core/state.ts';
import type { World } from '../core/world.ts';
import type { BudgetLedger } from './ports.ts';

/** Accounts of windows that are over are forgotten above this. */
const mostTotals = 10_000;

/**
 * Leases for one owned partition, before the batch's transaction: at most one round trip per batch, none where enough is in hand.
 * A ledger that cannot be reached throws: the batch is not decided and the partition waits.
 */
export const leasing = (ledger: BudgetLedger, partition: number, owner: string) => {
  /** What the ledger has leased to this partition in all, by account, as far as this owner has asked. */
  const totals = new Map<string, { readonly total: number; readonly until: number }>();
  let owned = false;

  /** Takes the partition's leases over; those that no record names go back. */
  const own = async (state: PartitionState): Promise<void> => {
    await ledger.own(partition, owner, [...state.accounts].map(([account, { held, until }]) => ({ account, leased: held, until })));
    owned = true;
  };

  return {
    own,
    /** The world in which this batch is decided. */
    before: async (commands: readonly PolicyCommand[], state: PartitionState, world: World): Promise<World> => {
      const { wider } = world;
      if (wider === undefined) return world;
      if (!owned) await own(state);
      const seen: Wider = { ...wider, leased: (account) => totals.get(account)?.total ?? 0 };
      const short = [...shortfalls(commands, state, world, seen).values()];
      if (short.length > 0) {
        const leased = await ledger.lease(partition, owner, short.map(({ account, limit, amount, until }) => ({ account, limit, need: amount, until })));
        for (const { account, until } of short) totals.set(account, { total: leased.get(account) ?? 0, until });
        if (totals.size > mostTotals) for (const [account, { until }] of totals) if (until < world.now) totals.delete(account);
      }
      return { ...world, wider: seen };
    },
  };
};
export type Leasing = ReturnType<typeof leasing>;
