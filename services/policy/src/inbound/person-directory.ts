import type { PersonSnapshot } from '@countersign/contracts';
import { createKeySet } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';
import type { PersonDirectory } from '@countersign/service-host';
import type { Snapshots } from './snapshots.ts';

/** People who ask over HTTP, as the snapshot knows them; nobody while it may have missed a departure. */
export const personDirectory = (snapshots: Pick<Snapshots, 'person' | 'notLive'>, now: () => number, useOnce: PersonDirectory['useOnce']): PersonDirectory => {
  const keySets = new WeakMap<PersonSnapshot, KeySet>();
  return {
    audience: 'policy', now, useOnce,
    person: (id) => {
      const person = snapshots.notLive() === null ? snapshots.person(id) : undefined;
      if (person === undefined) return undefined;
      let keys = keySets.get(person);
      if (keys === undefined) keySets.set(person, keys = createKeySet(person.keys));
      return { roles: person.roles, status: person.status, keys };
    },
  };
};
