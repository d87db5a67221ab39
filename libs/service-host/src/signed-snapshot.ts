import { createHeartbeatCheck, followSnapshot } from '@countersign/bus';
import { topic, validatePersonSnapshot } from '@countersign/contracts';
import type { Bus, BusMessage, Snapshot } from '@countersign/bus';
import type { PersonSnapshot } from '@countersign/contracts';
import { createKeySet, parseStrictJson, verifyServiceMessage } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';
import type { PersonDirectory } from './person-guard.ts';

export interface SignedSnapshotOptions<T> {
  readonly topic: string;
  /** The one service whose signature counts, heartbeats included: `registry`. */
  readonly signer: string;
  readonly keys: KeySet;
  readonly validate: (value: unknown) => value is T;
  /** The key an entry must stand under: an entry signed for one key must not be filed under another. */
  readonly keyOf: (value: T) => string;
  /** What stands for an entry that the service signed and that is not what its contract says, where the last one before it must not go on standing. Without it such entries are left out. */
  readonly instead?: (key: string) => T;
  readonly now: () => number;
  readonly onChange?: (key: string, value: T | undefined) => void;
  readonly onError?: (error: Error) => void;
}

/** Follows a compacted topic and takes only what its service signed. Values with a `version` never go back; an old heartbeat that is sent again keeps nothing alive. */
export const followSigned = <T extends object>(bus: Bus, options: SignedSnapshotOptions<T>): Snapshot<T> => {
  const signed = (message: BusMessage): boolean => {
    const type = message.headers['ce_type'] ?? '';
    return type.startsWith(`countersign.${options.signer}.`) && verifyServiceMessage(message, options.keys, { [type]: [options.signer] }).ok;
  };
  return followSnapshot<T>(bus, {
    topic: options.topic, now: options.now,
    acceptHeartbeat: createHeartbeatCheck({ signed, now: options.now }),
    acceptTombstone: signed,
    accept: (message) => {
      if (!signed(message)) return undefined;
      const parsed = parseStrictJson(message.value!, { maxBytes: 1 << 20 });
      if (!parsed.ok || !options.validate(parsed.value) || options.keyOf(parsed.value) !== message.key) return options.instead === undefined || message.key === null ? undefined : { value: options.instead(message.key) };
      const version = (parsed.value as { version?: unknown }).version;
      return typeof version === 'number' ? { value: parsed.value, version } : { value: parsed.value };
    },
    ...(options.onChange && { onChange: options.onChange }),
    ...(options.onError && { onError: options.onError }),
  });
};

/** The people of registry.people.v1, for the service host's directory or a service's own questions. */
export const followPeople = (bus: Bus, options: Pick<SignedSnapshotOptions<PersonSnapshot>, 'keys' | 'now'> & { readonly topic?: string; readonly onError: (error: Error, what: string) => void }): Snapshot<PersonSnapshot> => followSigned<PersonSnapshot>(bus, {
  ...options, topic: options.topic ?? topic.registryPeople, signer: 'registry', validate: validatePersonSnapshot, keyOf: (person) => person.person, onError: (error) => options.onError(error, 'people'),
});

/** People as a service that is not the registry knows them: the snapshot registry.people.v1. */
export const directoryOf = (people: Snapshot<PersonSnapshot>, options: Pick<PersonDirectory, 'audience' | 'now' | 'useOnce' | 'relays'>): PersonDirectory => {
  const keySets = new WeakMap<PersonSnapshot, KeySet>();
  return {
    ...options,
    isStale: () => people.isStale(),
    person: (id, asHeardLast = false) => {
      const person = people.get(id);
      // A directory that may have missed a departure authenticates nobody.
      if (person === undefined || (people.isStale() && !asHeardLast)) return undefined;
      let keys = keySets.get(person);
      if (keys === undefined) keySets.set(person, keys = createKeySet(person.keys));
      return { roles: person.roles, rolesSince: person.rolesSince, status: person.status, keys };
    },
  };
};
