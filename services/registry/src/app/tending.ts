import type { AgentSnapshot } from '@countersign/contracts';
import type { Manage } from './manage.ts';
import type { Exclusively, Inventory } from './ports.ts';
import type { Terms } from '../core/tend.ts';

export interface TendingPorts { readonly manage: Manage; readonly inventory: Inventory; readonly exclusively: Exclusively; readonly terms: Terms; readonly now: () => number }

/** What time and people's leaving bring upon agents: looks at all of them, or at one person's. Any number of instances, any restart: the events say what was done. */
export const createTending = ({ manage, inventory, exclusively, terms, now }: TendingPorts) => {
  /** @param mine null: everybody's @returns how many agents had something happen to them */
  const tend = (mine: string | null): Promise<number> => exclusively('tend', async () => {
    const active = new Set((await inventory.people()).flatMap(({ person, snapshot }) => (snapshot?.status === 'active' ? [person] : [])));
    let touched = 0;
    for (const { agent, snapshot, lastUseAt } of await inventory.agents()) {
      if (snapshot.status === 'decommissioned' || (mine !== null && snapshot.owner !== mine)) continue;
      const lastUse = lastUseAt === null ? null : Number(lastUseAt);
      const ownerActive = active.has(snapshot.owner);
      if (!mayBeDue(snapshot, ownerActive, lastUse, now(), terms)) continue;
      const outcome = await manage.agent(agent, { type: 'tend', ownerActive, lastUse, by: 'registry', now: now(), terms }, 'registry');
      touched += Number(outcome.status === 'accepted');
    }
    return touched;
  });
  return { tend };
};

/** Whether it is worth loading its events: everything `tend` could say, and some in vain. */
const mayBeDue = ({ status, lowered = [], certifiedAt, unusedSince }: AgentSnapshot, ownerActive: boolean, lastUse: number | null, now: number, terms: Terms): boolean => {
  if (ownerActive === lowered.some(({ reason }) => reason === 'orphaned')) return true;
  if (status !== 'active') return false;
  if (lowered.length > 0) return true;
  const soonest = Math.min(terms.certifyHighMs, terms.certifyMs) - terms.remindMs;
  const used = Math.max(lastUse ?? 0, certifiedAt ?? 0);
  return (certifiedAt !== undefined && now - certifiedAt >= soonest) || (now - used >= terms.unusedMs && unusedSince !== used);
};
