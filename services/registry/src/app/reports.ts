import type { AccountabilityView, InventoryReport } from '@countersign/contracts';
import type { EventStore } from '@countersign/event-store';
import { fold } from '@countersign/kernel';
import { agentDecider } from '../core/agent.ts';
import type { AgentEvent } from '../core/agent.ts';
import { systemOwners, whoAnswers } from '../core/answers.ts';
import { inventoryReport } from '../core/inventory-report.ts';
import type { Terms } from '../core/tend.ts';
import { agentSnapshot } from './manage.ts';
import type { PermissionBook } from './permission-ports.ts';
import type { Deeds, Inventory, Shadows } from './ports.ts';

export interface ReportPorts { readonly store: EventStore; readonly inventory: Inventory; readonly deeds: Deeds; readonly shadows: Shadows; readonly book: Pick<PermissionBook, 'declared'>; readonly terms: Terms; readonly tenant: string; readonly now: () => number }

/** What people ask of the inventory: what is nobody's, and whose something was. */
export const createReports = ({ store, inventory, deeds, shadows, book, terms, tenant, now }: ReportPorts) => {
  const people = async () => new Map((await inventory.people()).flatMap(({ person, snapshot }) => (snapshot === null ? [] : [[person, snapshot] as const])));
  return {
    inventory: async (): Promise<InventoryReport> => inventoryReport({
      agents: (await inventory.agents()).map(({ snapshot, lastUseAt }) => ({ snapshot, lastUse: lastUseAt === null ? null : Number(lastUseAt) })), people: await people(),
      declared: (await Promise.all((['role', 'process'] as const).map(async (kind) => (await book.declared(kind)).map(({ id, definition }) => ({ kind, id, definition }))))).flat(), shadows: await shadows.list(), terms, now: now(),
    }),
    /** From the agent's events up to the version that the decision rested on; undefined where nothing was decided. */
    accountability: async (run: string, action: string): Promise<AccountabilityView | undefined> => {
      const deed = await deeds.get(run, action);
      if (deed === undefined) return undefined;
      const { events } = await store.load(`agent:${deed.agent}`);
      const then = fold(agentDecider, events.filter(({ version }) => version <= deed.agentVersion).map(({ data }) => data as AgentEvent));
      if (then.status === 'none') throw new Error(`no agent ${deed.agent} at version ${deed.agentVersion}`);
      const known = await people();
      const owner = (await inventory.agent(deed.agent))?.snapshot.owner;
      const system = (await inventory.tools()).find(({ tool }) => tool === deed.tool)?.snapshot.system;
      const nodes = (await inventory.nodes()).map(({ snapshot }) => snapshot);
      return whoAnswers({
        deed, then: agentSnapshot(then, tenant, deed.agentVersion), people: known, owners: system === undefined ? [] : systemOwners(system, nodes),
        ownerNow: owner !== undefined && known.get(owner)?.status === 'active' ? owner : null,
      });
    },
  };
};
