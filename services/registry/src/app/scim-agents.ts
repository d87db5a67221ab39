import type { AgentSnapshot, ImportAgentsRequest } from '@countersign/contracts';
import { refused } from '@countersign/kernel';
import type { Outcome } from '@countersign/kernel';
import { importAgents } from './import-agents.ts';
import type { Manage } from './manage.ts';
import type { Inventory } from './ports.ts';
import type { Connected, ScimRefusal } from './scim.ts';

interface Deps { readonly manage: Manage; readonly inventory: Inventory; readonly suspend: (agent: string, by: string, reason: string) => Promise<Outcome<{ readonly type: string }, string>>; readonly now: () => number }
type Row = ImportAgentsRequest['agents'][number];
const no = (code: ScimRefusal['code'], detail: string): ScimRefusal => refused(code, detail) as ScimRefusal;
const sourceOf = ({ connection }: Connected): string => `scim.${connection}`;

/** Agents that a directory knows, brought in by SCIM: drafts like those of any other inventory. A directory may stop what came by it; it lets nothing loose. */
export const createScimAgents = ({ manage, inventory, suspend, now }: Deps) => {
  const agent = async (by: Connected, id: string): Promise<AgentSnapshot | undefined> => {
    const found = (await inventory.agent(id))?.snapshot;
    return found?.origin?.source === sourceOf(by) && found.status !== 'decommissioned' ? found : undefined;
  };
  const put = async (by: Connected, row: Row, id?: string): Promise<AgentSnapshot | ScimRefusal> => {
    const { results: [result] } = await importAgents(manage, inventory, { source: sourceOf(by), agents: [row] }, sourceOf(by), now());
    if (result!.status === 'refused') return no(result!.code === 'already_exists' ? 'already_exists' : 'invalid_request', result!.detail ?? 'refused');
    return (await agent(by, id ?? result!.agent)) ?? no('not_found', 'it was decommissioned: its end is final');
  };
  return {
    all: async (by: Connected): Promise<readonly AgentSnapshot[]> => (await inventory.agents()).map(({ snapshot }) => snapshot).filter(({ origin, status }) => origin?.source === sourceOf(by) && status !== 'decommissioned'),
    agent,
    create: async (by: Connected, row: Row): Promise<AgentSnapshot | ScimRefusal> =>
      ((await inventory.agents()).some(({ snapshot: { origin } }) => origin?.source === sourceOf(by) && origin.externalId === row.externalId) ? no('already_exists', 'an agent of this externalId is provisioned already') : put(by, row)),
    /** What was completed here is not changed by a directory, but for its end: not active there is suspended here. */
    replace: async (by: Connected, before: AgentSnapshot, { row, active }: { readonly row: Row; readonly active: boolean }): Promise<AgentSnapshot | ScimRefusal> => {
      if (row.externalId !== before.origin?.externalId) return no('invalid_request', 'another externalId is another agent: provision that one');
      if (active && before.status === 'suspended') return no('forbidden', 'a suspended agent is resumed by people: countersign agent resume');
      if (!active && before.status === 'draft') return no('conflict', 'a draft does nothing here: delete it to let go of it');
      if (!active && before.status === 'active') {
        const outcome = await suspend(before.agent, sourceOf(by), 'not active any more in the directory (SCIM)');
        if (outcome.status === 'refused') return no('conflict', outcome.detail ?? 'refused');
      }
      return put(by, row, before.agent);
    },
    /** A draft is let go of; what has lived is ended by people. */
    remove: async (by: Connected, { agent: id, status }: AgentSnapshot): Promise<ScimRefusal | undefined> => {
      if (status !== 'draft') return no('forbidden', 'it has been let loose here: set active to false, which suspends it; a person decommissions it');
      const outcome = await manage.agent(id, { type: 'decommission', by: sourceOf(by), reason: 'removed from the directory (SCIM)', now: now() }, sourceOf(by));
      return outcome.status === 'refused' ? no('conflict', outcome.detail ?? 'refused') : undefined;
    },
  };
};
export type ScimAgents = ReturnType<typeof createScimAgents>;
