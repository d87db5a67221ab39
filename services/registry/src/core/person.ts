import { accepted, assertNever, nothingNew, refused } from '@countersign/kernel';
import type { Decider } from '@countersign/kernel';
import type { PublicJwk } from '@countersign/contracts';

export type PersonEvent =
  /** `code` is the SHA-256 of the one-time code: what is stored cannot be used to enrol. */
  | { readonly type: 'person.invited'; readonly person: string; readonly name: string; readonly roles: readonly string[]; readonly code: string; readonly expiresAt: number; readonly by: string; readonly at: number }
  | { readonly type: 'person.enrolled'; readonly key: PublicJwk; readonly at: number };

export type PersonCommand =
  | { readonly type: 'invite'; readonly person: string; readonly name: string; readonly roles: readonly string[]; readonly code: string; readonly expiresAt: number; readonly by: string; readonly now: number }
  | { readonly type: 'enrol'; readonly code: string; readonly key: PublicJwk; readonly now: number };

export type PersonCode = 'conflict' | 'enrolment_invalid';

interface Named { readonly person: string; readonly name: string; readonly roles: readonly string[] }
export type Person =
  | { readonly status: 'none' }
  | (Named & { readonly status: 'invited'; readonly code: string; readonly expiresAt: number })
  | (Named & { readonly status: 'active'; readonly keys: readonly PublicJwk[] });

export const personDecider: Decider<PersonCommand, PersonEvent, Person, PersonCode> = {
  initialState: { status: 'none' },
  decide: (command, state) => {
    if (command.type === 'invite') {
      if (state.status === 'active') return refused('conflict', 'this person is enrolled already');
      const { person, name, roles, code, expiresAt, by, now } = command;
      // A new invitation voids the one before.
      return accepted({ type: 'person.invited', person, name, roles, code, expiresAt, by, at: now });
    }
    // A client that missed the answer asks again with the same key.
    if (state.status === 'active') return state.keys.some((key) => key.x === command.key.x && key.kid === command.key.kid) ? nothingNew : refused('enrolment_invalid', 'this link was used');
    if (state.status === 'none' || state.code !== command.code) return refused('enrolment_invalid', 'there is no such link');
    if (command.now >= state.expiresAt) return refused('enrolment_invalid', 'this link has expired: ask for a new invitation');
    return accepted({ type: 'person.enrolled', key: command.key, at: command.now });
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'person.invited':
        return { status: 'invited', person: event.person, name: event.name, roles: event.roles, code: event.code, expiresAt: event.expiresAt };
      case 'person.enrolled':
        if (state.status !== 'invited') throw new Error('person.enrolled without an invitation');
        return { status: 'active', person: state.person, name: state.name, roles: state.roles, keys: [event.key] };
      default:
        return assertNever(event, 'person event');
    }
  },
};
