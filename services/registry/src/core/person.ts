import { accepted, assertNever, nothingNew, refused } from '@countersign/kernel';
import type { Decider, Outcome } from '@countersign/kernel';
import type { PublicJwk } from '@countersign/contracts';

/** Who they are to the company; `manager` is whom to ask when they are not there. */
export interface PersonDetails { readonly name?: string; readonly roles?: readonly string[]; readonly manager?: string | null }

export type PersonEvent =
  /** `code` is the SHA-256 of the one-time code: what is stored cannot be used to enrol. */
  | { readonly type: 'person.invited'; readonly person: string; readonly name: string; readonly roles: readonly string[]; readonly code: string; readonly expiresAt: number; readonly by: string; readonly at: number }
  | { readonly type: 'person.enrolled'; readonly key: PublicJwk; readonly at: number }
  | { readonly type: 'person.left'; readonly reason: string; readonly by: string; readonly at: number }
  | { readonly type: 'person.returned'; readonly reason: string; readonly by: string; readonly at: number }
  | ({ readonly type: 'person.changed'; readonly reason: string; readonly by: string; readonly at: number } & PersonDetails);

interface Because { readonly reason: string; readonly by: string; readonly now: number }
export type PersonCommand =
  | { readonly type: 'invite'; readonly person: string; readonly name: string; readonly roles: readonly string[]; readonly code: string; readonly expiresAt: number; readonly by: string; readonly now: number }
  | { readonly type: 'enrol'; readonly code: string; readonly key: PublicJwk; readonly now: number }
  /** `othersOperate`: whether an active operator other than this person is left, looked up at the edge. */
  | ({ readonly type: 'leave'; readonly othersOperate: boolean } & Because)
  | ({ readonly type: 'return' } & Because)
  /** `managers`: who manages the wanted manager, then their manager, and so on, looked up at the edge. */
  | ({ readonly type: 'change'; readonly othersOperate: boolean; readonly managers: readonly string[] } & PersonDetails & Because);

type Answer = Outcome<PersonEvent, PersonCode>;
export type PersonCode = 'conflict' | 'enrolment_invalid' | 'not_found' | 'last_operator' | 'manager_cycle';

interface Named { readonly person: string; readonly name: string; readonly roles: readonly string[]; readonly manager?: string | null }
export type Person =
  | { readonly status: 'none' }
  | (Named & { readonly status: 'invited'; readonly code: string; readonly expiresAt: number })
  /** Who is gone keeps their keys: what they signed before stays verifiable, and nothing they sign counts. */
  | (Named & { readonly status: 'active' | 'gone'; readonly keys: readonly PublicJwk[] });

export const operatorRole = 'operator';

export const personDecider: Decider<PersonCommand, PersonEvent, Person, PersonCode> = {
  initialState: { status: 'none' },
  decide: (command, state) => {
    switch (command.type) {
      case 'invite': return invite(command, state);
      case 'enrol': return enrol(command, state);
      case 'leave':
        if (state.status === 'none') return unknown();
        if (state.status === 'gone') return nothingNew;
        if (operates(state) && !command.othersOperate) return refused('last_operator', 'nobody else who is active has the role operator: give it to somebody first');
        return accepted({ type: 'person.left', ...because(command) });
      case 'return':
        if (state.status !== 'gone') return state.status === 'none' ? unknown() : nothingNew;
        if (state.keys.length === 0) return refused('conflict', 'they had not enrolled before they left: invite them again');
        return accepted({ type: 'person.returned', ...because(command) });
      case 'change': return change(command, state);
      default: return assertNever(command, 'person command');
    }
  },
  evolve: (state, event) => {
    if (event.type === 'person.invited') return { status: 'invited', person: event.person, name: event.name, roles: event.roles, code: event.code, expiresAt: event.expiresAt };
    if (state.status === 'none') throw new Error(`${event.type} without an invitation`);
    switch (event.type) {
      case 'person.enrolled':
        if (state.status !== 'invited') throw new Error('person.enrolled without an invitation');
        return { ...named(state), status: 'active', keys: [event.key] };
      // Whoever was only invited leaves without a key; their link is void.
      case 'person.left': return { ...named(state), status: 'gone', keys: state.status === 'invited' ? [] : state.keys };
      case 'person.returned': return { ...named(state), status: 'active', keys: state.status === 'invited' ? [] : state.keys };
      case 'person.changed': return { ...state, ...detailsOf(event) };
      default: return assertNever(event, 'person event');
    }
  },
};

const invite = ({ person, name, roles, code, expiresAt, by, now }: Extract<PersonCommand, { type: 'invite' }>, state: Person): Answer => {
  if (state.status === 'active') return refused('conflict', 'this person is enrolled already');
  if (state.status === 'gone' && state.keys.length > 0) return refused('conflict', 'this person has left: say that they are back, or invite them under another id');
  // A new invitation voids the one before.
  return accepted({ type: 'person.invited', person, name, roles, code, expiresAt, by, at: now });
};

const enrol = (command: Extract<PersonCommand, { type: 'enrol' }>, state: Person): Answer => {
  // A client that missed the answer asks again with the same key.
  if (state.status === 'active') return state.keys.some((key) => key.x === command.key.x && key.kid === command.key.kid) ? nothingNew : refused('enrolment_invalid', 'this link was used');
  if (state.status !== 'invited' || state.code !== command.code) return refused('enrolment_invalid', 'there is no such link');
  if (command.now >= state.expiresAt) return refused('enrolment_invalid', 'this link has expired: ask for a new invitation');
  return accepted({ type: 'person.enrolled', key: command.key, at: command.now });
};

const change = (command: Extract<PersonCommand, { type: 'change' }>, state: Person): Answer => {
  if (state.status === 'none') return unknown();
  const wanted = detailsOf(command);
  if (wanted.manager === state.person || (wanted.manager && command.managers.includes(state.person))) return refused('manager_cycle', `${wanted.manager} is managed by ${state.person}: nobody stands in for themselves`);
  if (operates(state) && wanted.roles?.includes(operatorRole) === false && !command.othersOperate) return refused('last_operator', 'nobody else who is active has the role operator: give it to somebody first');
  const news = Object.fromEntries(Object.entries(wanted).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(state[name as keyof PersonDetails] ?? (name === 'manager' ? null : undefined)))) as PersonDetails;
  return Object.keys(news).length === 0 ? nothingNew : accepted({ type: 'person.changed', ...news, ...because(command) });
};

const unknown = (): Answer => refused('not_found', 'there is no such person');
const operates = (state: Exclude<Person, { status: 'none' }>): boolean => state.status === 'active' && state.roles.includes(operatorRole);
const because = ({ reason, by, now }: Because) => ({ reason, by, at: now });
const named = ({ person, name, roles, manager }: Named): Named => ({ person, name, roles, ...(manager !== undefined && { manager }) });
const detailsOf = ({ name, roles, manager }: PersonDetails): PersonDetails => ({ ...(name !== undefined && { name }), ...(roles !== undefined && { roles }), ...(manager !== undefined && { manager }) });
