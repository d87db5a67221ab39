import type { PersonSnapshot } from '@countersign/contracts';
import { createKeySet } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';
import type { PersonDirectory } from '@countersign/service-host';
import type { Snapshots } from './snapshots.ts';

/** People who ask over HTTP, as the snapshot knows them; nobody while it may have missed a departure. A login counts once per process. */
export const personDirectory = (snapshots: Pick<Snapshots, 'person' | 'notLive'>, now: () => number): PersonDirectory => {
  const keySets = new WeakMap<PersonSnapshot, KeySet>();
  const used = new Map<string, number>();
  return {
    audience: 'policy', now,
    person: (id) => {
      const person = snapshots.notLive() === null ? snapshots.person(id) : undefined;
      if (person === undefined) return undefined;
      let keys = keySets.get(person);
      if (keys === undefined) keySets.set(person, keys = createKeySet(person.keys));
      return { roles: person.roles, status: person.status, keys };
    },
    useOnce: async (jti, ttlMs) => {
      const at = now();
      for (const [one, until] of used) if (until <= at) used.delete(one);
      if (used.has(jti)) return false;
      used.set(jti, at + ttlMs);
      return true;
    },
  };
};
