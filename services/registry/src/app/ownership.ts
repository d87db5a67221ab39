import type { AgentProcess } from '@countersign/contracts';
import type { Outcome } from '@countersign/kernel';
import type { AgentCode, AgentEvent } from '../core/agent.ts';
import { operatorRole } from '../core/person.ts';
import { answering, raciGaps } from '../core/raci.ts';
import type { RaciMatrix } from '../core/raci.ts';
import type { Manage } from './manage.ts';
import type { Inventory } from './ports.ts';

/** Roles whose holders may be the second person of a recertification. */
const secondRoles: readonly string[] = [operatorRole, 'policy-reviewer'];
interface Who { readonly person: string; readonly roles: readonly string[] }
type Told = Promise<Outcome<AgentEvent, AgentCode>>;

/** Who answers for an agent: offering it, taking it, and saying that it is still right. */
export const createOwnership = ({ manage, inventory, now }: { readonly manage: Manage; readonly inventory: Inventory; readonly now: () => number }) => {
  const isActive = async (person: string): Promise<boolean> => (await inventory.person(person))?.snapshot?.status === 'active';
  return {
    offer: async (agent: string, to: string, { person, roles }: Who, reason: string): Told =>
      manage.agent(agent, { type: 'offer', to, toActive: await isActive(to), operator: roles.includes(operatorRole), by: person, reason, now: now() }, person),
    /** Who answers for it at each stage where its process does not say so, the whole of it. */
    raci: async (agent: string, { raci, process }: { readonly raci: RaciMatrix; readonly process?: AgentProcess | null | undefined }, { person, roles }: Who, reason: string): Told => {
      const works = process === undefined ? (await inventory.agent(agent))?.snapshot.process : process ?? undefined;
      const active = new Set((await inventory.people()).flatMap((one) => (one.snapshot?.status === 'active' ? [one.person] : [])));
      return manage.agent(agent, { type: 'raci', raci, ...(process !== undefined && { process }), gaps: raciGaps(answering({ raci, process: works }), (one) => active.has(one)), operator: roles.includes(operatorRole), by: person, reason, now: now() }, person);
    },
    accept: (agent: string, { person }: Who): Told => manage.agent(agent, { type: 'accept', by: person, now: now() }, person),
    recertify: async (agent: string, { person, roles }: Who, reason: string): Told => {
      const owner = (await inventory.agent(agent))?.snapshot.owner;
      return manage.agent(agent, { type: 'recertify', ownerActive: owner !== undefined && await isActive(owner), entitled: roles.some((role) => secondRoles.includes(role)), by: person, reason, now: now() }, person);
    },
  };
};
