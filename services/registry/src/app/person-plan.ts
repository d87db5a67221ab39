import { jwkThumbprint } from '@countersign/identity';
import type { ChangeView, PersonChange } from '@countersign/contracts';
import { refused } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';
import { operatorRole } from '../core/person.ts';
import type { Plan, PlanDeps } from './permission-plan.ts';
import { diffOf, shown } from './plan-shown.ts';

/** Who is let in, comes back or has other roles. The digest names the keys: who agrees has seen whose key gets what, and another key is another request. */
export const personPlan = async ({ streams, inventory, digest }: PlanDeps, id: string, after: PersonChange): Promise<Plan | Refused<'not_found' | 'invalid_request' | 'conflict'>> => {
  const person = await streams.person(id);
  if (person.status === 'none') return refused('not_found', `there is no person ${id}`);
  if (person.status === 'invited' || person.keys.length === 0) return refused('conflict', `${id} has not enrolled: roles are given to whoever holds a key`);
  const comes = person.status !== 'active';
  if (comes && after.status !== 'active') return refused('invalid_request', `${id} is not here: say "status": "active" too`);
  const { directory: to } = after;
  if (comes && to !== undefined) return refused('invalid_request', `${id} is handed over once they are here: in a request of its own`);
  if (typeof to === 'string' && (await streams.connection(to)).status !== 'connected') return refused('not_found', `there is no SCIM connection ${to}: countersign scim list`);
  const hands = to !== undefined && to !== (person.directory ?? null);
  const roles = after.roles ?? person.roles, gained = comes ? roles : roles.filter((role) => !person.roles.includes(role));
  if (!comes && !hands && [...roles].sort().join() === [...person.roles].sort().join()) return refused('invalid_request', `${id} is like that already`);
  const holder = `whoever holds the key ${person.keys.map((key) => jwkThumbprint(key)).join(', ')}`;
  const was = { status: person.status, roles: person.roles, keys: person.keys.map((key) => jwkThumbprint(key)), directory: person.directory ?? null };
  const othersOperate = (await inventory.people()).some(({ person: other, snapshot }) => other !== id && snapshot?.status === 'active' && snapshot.roles.includes(operatorRole));
  return {
    ...shown(digest, {
      subject: { kind: 'person', id }, base: digest(was), after: after as ChangeView['after'], diff: diffOf(was, { ...was, ...after }, digest),
      widens: [...(comes ? [`${holder} is let in as ${id}`] : []), ...gained.map((role) => `${holder} has the role ${role}`), ...(hands && to !== null ? [`the directory ${to} may say that ${id} has left`] : [])], allows: [],
    }),
    // Nobody agrees to what they gain themselves.
    owner: id,
    given: { roles: [], permissions: [], frames: [] },
    parts: (approved, reason, by, now) => [streams.personPart(id, comes && approved !== null
      ? { type: 'admit', roles, approved, reason, by, now }
      : { type: 'change', roles, ...(hands && { handTo: to }), othersOperate, managers: [], founding: false, ...(approved !== null && { approved }), reason, by, now }, by)],
  };
};
