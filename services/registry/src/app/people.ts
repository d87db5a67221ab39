import { createKeySet, sha256Text } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';
import type { EnrolPersonRequest, InvitePersonRequest, InvitePersonResponse, PersonSnapshot } from '@countersign/contracts';
import type { Inventory } from './ports.ts';
import type { Manage } from './manage.ts';
import type { PersonCode, PersonEvent } from '../core/person.ts';
import type { Refused } from '@countersign/kernel';

/** Whose code it is. */
export const personOf = (code: string): string => code.slice(0, Math.max(0, code.lastIndexOf('.')));

const invitationMs = 7 * 86_400_000;

export interface People {
  /** @param directory the connection that brings them, where a directory does */
  invite(request: InvitePersonRequest, by: string, directory?: string): Promise<InvitePersonResponse | Refused<PersonCode, PersonEvent>>;
  /** @param founding one operator lets people in alone. null: enrolled, and waits to be let in. */
  enrol(request: EnrolPersonRequest, founding: boolean): Promise<PersonSnapshot | null | Refused<PersonCode, PersonEvent>>;
  /** Who this is, with keys; from memory, kept up to date by `remember`. */
  find(id: string): { readonly roles: readonly string[]; readonly status: 'active' | 'gone'; readonly keys: KeySet } | undefined;
  /** Loads everybody; called at the start and when somebody is not known, for another instance may have enrolled them. */
  refresh(): Promise<void>;
}

/** People and their one-time links. A code is `<person>.<random>`; only its SHA-256 is kept. */
export const createPeople = (manage: Manage, inventory: Inventory, options: { readonly now: () => number; readonly secret: () => string; readonly link: (code: string) => string }): People => {
  const known = new Map<string, { readonly snapshot: PersonSnapshot; readonly keys: KeySet }>();
  const refresh = async (): Promise<void> => {
    for (const { person, snapshot } of await inventory.people()) if (snapshot !== null) known.set(person, { snapshot, keys: createKeySet(snapshot.keys) });
  };
  return {
    refresh,
    invite: async ({ person, name, roles }, by, directory) => {
      const now = options.now();
      const code = `${person}.${options.secret()}`;
      const expiresAt = now + invitationMs;
      const outcome = await manage.person(person, { type: 'invite', person, name, roles, ...(directory !== undefined && { directory }), code: sha256Text(code), expiresAt, by, now }, by);
      return outcome.status === 'refused' ? outcome : { person, code, link: options.link(code), expiresAt };
    },
    enrol: async ({ code, key }, founding) => {
      const person = personOf(code);
      const outcome = await manage.person(person, { type: 'enrol', code: sha256Text(code), key, founding, now: options.now() }, person);
      if (outcome.status === 'refused') return outcome;
      await refresh();
      return (await inventory.person(person))?.snapshot ?? null;
    },
    find: (id) => {
      const found = known.get(id);
      return found && { roles: found.snapshot.roles, status: found.snapshot.status, keys: found.keys };
    },
  };
};
