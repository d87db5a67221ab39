import { shortfalls } from '../core/budgets.ts';
import type { Wider } from '../core/budgets.ts';
import type { PolicyCommand } from '../core/commands.ts';
import type { PartitionState } from '../core/state.ts';
import type { World } from '../core/world.ts';
import type { BudgetLedger } from './ports.ts';

/**
 * Leases for one owned partition, before the batch's transaction: at most one round trip per batch, none where enough is in hand.
 * A ledger that cannot be reached throws: the batch is not decided and the partition waits.
 */
export const leasing = (ledger: BudgetLedger, partition: number, owner: string) => {
  /** What the ledger has leased to this partition in all, by account, as far as this owner has asked. */
  const totals = new Map<string, number>();
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
      const seen: Wider = { ...wider, leased: (account) => totals.get(account) ?? 0 };
      const short = [...shortfalls(commands, state, world, seen).values()];
      if (short.length > 0) {
        for (const [account, total] of await ledger.lease(partition, owner, short.map(({ account, limit, amount, until }) => ({ account, limit, need: amount, until })))) totals.set(account, total);
      }
      return { ...world, wider: seen };
    },
  };
};
export type Leasing = ReturnType<typeof leasing>;
