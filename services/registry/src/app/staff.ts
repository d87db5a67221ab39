import type { Outcome } from '@countersign/kernel';
import { operatorRole } from '../core/person.ts';
import type { PersonCode, PersonDetails, PersonEvent } from '../core/person.ts';
import type { Foundings } from './founding.ts';
import type { Manage } from './manage.ts';
import type { Exclusively, Inventory } from './ports.ts';

type Told = Promise<Outcome<PersonEvent, PersonCode>>;
/** `directory`: the connection that says it, where a directory does. */
interface Because { readonly by: string; readonly reason: string; readonly directory?: string }

/** What happens to people once they are here. Whoever reads directories (SCIM, a file of staff) calls this too. */
export interface Staff {
  leave(person: string, because: Because): Told;
  comeBack(person: string, because: Because): Told;
  change(person: string, details: PersonDetails, because: Because): Told;
}

/** One at a time over all instances, and never beside a change request about somebody: two operators who leave at once must not both count on the other. */
export const createStaff = ({ manage, inventory, founding, exclusively, now }: { readonly manage: Manage; readonly inventory: Inventory; readonly founding: Foundings; readonly exclusively: Exclusively; readonly now: () => number }): Staff => {
  const othersOperate = async (person: string): Promise<boolean> =>
    (await inventory.people()).some(({ person: id, snapshot }) => id !== person && snapshot?.status === 'active' && snapshot.roles.includes(operatorRole));
  const managersOf = async (first: string | null | undefined): Promise<readonly string[]> => {
    if (!first) return [];
    const managers = new Map((await inventory.people()).map(({ person, snapshot }) => [person, snapshot?.manager]));
    const chain = new Set<string>();
    for (let next = managers.get(first); next && !chain.has(next); next = managers.get(next)) chain.add(next);
    return [...chain];
  };
  const alone = (work: () => Told): Told => exclusively('permissions', async () => { const told = await work(); await founding.settle(); return told; });
  return {
    leave: (person, because) => alone(async () => manage.person(person, { type: 'leave', othersOperate: await othersOperate(person), ...because, now: now() }, because.by)),
    comeBack: (person, because) => alone(async () => manage.person(person, { type: 'return', founding: await founding.now(), ...because, now: now() }, because.by)),
    change: (person, details, { by, reason }) => alone(async () =>
      manage.person(person, { type: 'change', ...details, othersOperate: await othersOperate(person), managers: await managersOf(details.manager), founding: await founding.now(), by, reason, now: now() }, by)),
  };
};
