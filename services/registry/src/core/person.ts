import { accepted, assertNever, nothingNew, refused } from '@countersign/kernel';
import type { Decider, Outcome } from '@countersign/kernel';
import type { PublicJwk } from '@countersign/contracts';
import type { Approved } from './agent-change.ts';

/** Who they are to the company; `manager` is whom to ask when they are not there. */
export interface PersonDetails { readonly name?: string; readonly roles?: readonly string[]; readonly manager?: string | null }

export type PersonEvent =
  /** `code` is the SHA-256 of the one-time code: what is stored cannot be used to enrol. */
  | { readonly type: 'person.invited'; readonly person: string; readonly name: string; readonly roles: readonly string[]; /** Who brought them, where a directory did. */ readonly directory?: string; readonly code: string; readonly expiresAt: number; readonly by: string; readonly at: number }
  /** `waits`: for a second person to admit them. `founding`: nobody else was there who could. Neither: from before two people were asked. */
  | { readonly type: 'person.enrolled'; readonly key: PublicJwk; readonly admission?: 'waits' | 'founding'; readonly at: number }
  /** Two people let them in, or back: who asked for it and who signed. */
  | { readonly type: 'person.admitted'; readonly roles: readonly string[]; readonly approved: Approved; readonly reason: string; readonly by: string; readonly at: number }
  /** A key more, or one less: signed with a key that was theirs already. */
  | { readonly type: 'person.key_added'; readonly key: PublicJwk; readonly at: number }
  | { readonly type: 'person.key_removed'; readonly kid: string; readonly at: number }
  | { readonly type: 'person.left'; readonly reason: string; readonly by: string; readonly at: number }
  | { readonly type: 'person.returned'; readonly reason: string; readonly by: string; readonly at: number }
  | ({ readonly type: 'person.changed'; readonly directory?: string | null; readonly approved?: Approved; readonly reason: string; readonly by: string; readonly at: number } & PersonDetails);

interface Because { readonly reason: string; readonly by: string; readonly now: number }
export type PersonCommand =
  /** `directory`, here and below: the connection that says it, where a directory does. */
  | { readonly type: 'invite'; readonly person: string; readonly name: string; readonly roles: readonly string[]; readonly directory?: string; readonly code: string; readonly expiresAt: number; readonly by: string; readonly now: number }
  /** `founding`: there are no two people yet who could admit somebody together. */
  | { readonly type: 'enrol'; readonly code: string; readonly key: PublicJwk; readonly founding: boolean; readonly now: number }
  /** Whose signature it was is checked at the edge. */
  | { readonly type: 'add-key'; readonly key: PublicJwk; readonly now: number }
  | { readonly type: 'remove-key'; readonly kid: string; readonly now: number }
  /** `othersOperate`: whether an active operator other than this person is left, looked up at the edge. */
  | ({ readonly type: 'leave'; readonly othersOperate: boolean; readonly directory?: string } & Because)
  | ({ readonly type: 'return'; readonly founding: boolean; readonly directory?: string } & Because)
  /** What two people agreed on: somebody who waits or was gone is here, with these roles. */
  | ({ readonly type: 'admit'; readonly roles: readonly string[]; readonly approved: Approved } & Because)
  /** `managers`: who manages the wanted manager, then their manager, and so on, looked up at the edge. */
  /** `handTo`: the connection that has them from then on; null: none. */
  | ({ readonly type: 'change'; readonly othersOperate: boolean; readonly managers: readonly string[]; readonly founding: boolean; readonly handTo?: string | null; readonly approved?: Approved } & PersonDetails & Because);

type Answer = Outcome<PersonEvent, PersonCode>;
export type PersonCode = 'conflict' | 'already_exists' | 'forbidden' | 'enrolment_invalid' | 'not_found' | 'last_operator' | 'manager_cycle' | 'change_review_required';

/** `since`: when each role was given to them, without a break up to now. `directory`: the connection that brought them, or that they were handed over to. */
interface Named { readonly person: string; readonly name: string; readonly roles: readonly string[]; readonly since: Readonly<Record<string, number>>; readonly manager?: string | null; readonly directory?: string }
export type Person =
  | { readonly status: 'none' }
  | (Named & { readonly status: 'invited'; readonly code: string; readonly expiresAt: number; readonly invitedBy: string })
  /** Enrolled, and nothing they sign counts before two people admitted the holder of this key. */
  | (Named & { readonly status: 'waiting'; readonly keys: readonly PublicJwk[]; readonly invitedBy: string })
  /** Who is gone keeps their keys: what they signed before stays verifiable, and nothing they sign counts. */
  | (Named & { readonly status: 'active' | 'gone'; readonly keys: readonly PublicJwk[] });

export const operatorRole = 'operator';

export const personDecider: Decider<PersonCommand, PersonEvent, Person, PersonCode> = {
  initialState: { status: 'none' },
  decide: (command, state) => {
    const theirs = ofDirectory(command, state);
    if (theirs !== null) return theirs;
    switch (command.type) {
      case 'invite': return invite(command, state);
      case 'enrol': return enrol(command, state);
      case 'add-key':
      case 'remove-key': return changeKeys(command, state);
      case 'leave':
        if (state.status === 'none') return unknown();
        if (state.status === 'gone') return nothingNew;
        if (operates(state) && !command.othersOperate) return refused('last_operator', 'nobody else who is active has the role operator: give it to somebody first');
        return accepted({ type: 'person.left', ...because(command) });
      case 'return':
        if (state.status !== 'gone') return state.status === 'none' ? unknown() : nothingNew;
        if (state.keys.length === 0) return refused('conflict', 'they had not enrolled before they left: invite them again');
        if (!command.founding) return refused('change_review_required', `${state.person} comes back with ${rolesOf(state)}: two people say so`);
        return accepted({ type: 'person.returned', ...because(command) });
      case 'admit':
        if (state.status === 'none') return unknown();
        if (state.status !== 'waiting' && !(state.status === 'gone' && state.keys.length > 0)) return refused('conflict', state.status === 'active' ? 'they are here already' : 'they have not enrolled: invite them');
        return accepted({ type: 'person.admitted', roles: command.roles, approved: command.approved, ...because(command) });
      case 'change': return change(command, state);
      default: return assertNever(command, 'person command');
    }
  },
  evolve: (state, event) => {
    // Whoever gives them another link by hand does not take them from the directory that brought them.
    if (event.type === 'person.invited') return { status: 'invited', person: event.person, name: event.name, roles: event.roles, since: sinceOf(event.roles, {}, event.at), ...directoryOf(event.directory ?? (state.status === 'none' ? undefined : state.directory)), code: event.code, expiresAt: event.expiresAt, invitedBy: event.by };
    if (state.status === 'none') throw new Error(`${event.type} without an invitation`);
    switch (event.type) {
      case 'person.enrolled':
        if (state.status !== 'invited') throw new Error('person.enrolled without an invitation');
        return event.admission === 'waits' ? { ...named(state), status: 'waiting', keys: [event.key], invitedBy: state.invitedBy } : { ...named(state), status: 'active', keys: [event.key] };
      case 'person.admitted': return { ...named(state), roles: event.roles, since: sinceOf(event.roles, {}, event.at), status: 'active', keys: state.status === 'invited' ? [] : state.keys };
      case 'person.key_added': return 'keys' in state ? { ...state, keys: [...state.keys, event.key] } : state;
      case 'person.key_removed': return 'keys' in state ? { ...state, keys: state.keys.filter(({ kid }) => kid !== event.kid) } : state;
      // Whoever was only invited leaves without a key; their link is void.
      case 'person.left': return { ...named(state), status: 'gone', keys: state.status === 'invited' || state.status === 'waiting' ? [] : state.keys };
      // Whoever comes back begins anew: what was asked while they were gone is not theirs to decide.
      case 'person.returned': return { ...named(state), since: sinceOf(state.roles, {}, event.at), status: 'active', keys: state.status === 'invited' ? [] : state.keys };
      case 'person.changed': return { ...(event.directory === undefined ? state : handed(state, event.directory)), ...detailsOf(event), ...(event.roles !== undefined && { since: sinceOf(event.roles, state.since, event.at) }) };
      default: return assertNever(event, 'person event');
    }
  },
};

/** A directory speaks for whom it brought, or who was handed over to it by two people, and for nobody else: why not, or null. */
export const notOf = (directory: string, state: Person): string | null => (state.status === 'none' || state.directory === directory ? null
  : `${state.person} did not come by the connection ${directory}: an operator hands them over with countersign change file person ${state.person} --after '{"directory":"${directory}"}', and a second person agrees`);
const ofDirectory = (command: PersonCommand, state: Person): Answer | null => {
  const why = 'directory' in command && command.directory !== undefined ? notOf(command.directory, state) : null;
  return why === null ? null : refused(command.type === 'invite' ? 'already_exists' : 'forbidden', why);
};
const directoryOf = (directory: string | null | undefined): { readonly directory?: string } => (directory == null ? {} : { directory });
const handed = <P extends Exclude<Person, { status: 'none' }>>({ directory: _, ...person }: P, to: string | null): P => ({ ...person, ...directoryOf(to) }) as P;

const invite = ({ person, name, roles, directory, code, expiresAt, by, now }: Extract<PersonCommand, { type: 'invite' }>, state: Person): Answer => {
  if (state.status === 'active') return refused('conflict', 'this person is enrolled already');
  if (state.status === 'gone' && state.keys.length > 0) return refused('conflict', 'this person has left: say that they are back, or invite them under another id');
  // A new invitation voids the one before.
  return accepted({ type: 'person.invited', person, name, roles, ...directoryOf(directory), code, expiresAt, by, at: now });
};

const enrol = (command: Extract<PersonCommand, { type: 'enrol' }>, state: Person): Answer => {
  // A client that missed the answer asks again with the same key.
  if (state.status === 'active' || state.status === 'waiting') return state.keys.some((key) => key.x === command.key.x && key.kid === command.key.kid) ? nothingNew : refused('enrolment_invalid', 'this link was used');
  if (state.status !== 'invited' || state.code !== command.code) return refused('enrolment_invalid', 'there is no such link');
  if (command.now >= state.expiresAt) return refused('enrolment_invalid', 'this link has expired: ask for a new invitation');
  return accepted({ type: 'person.enrolled', key: command.key, admission: command.founding ? 'founding' : 'waits', at: command.now });
};

/** Keys that one person may have at a time: a machine, a browser or two, and one being replaced. */
export const mostKeys = 8;

const changeKeys = (command: Extract<PersonCommand, { type: 'add-key' | 'remove-key' }>, state: Person): Answer => {
  if (state.status !== 'active') return refused('conflict', 'only who is here changes their keys');
  if (command.type === 'remove-key') {
    if (!state.keys.some(({ kid }) => kid === command.kid)) return nothingNew;
    return state.keys.length === 1 ? refused('conflict', 'the last key stays: add another one first') : accepted({ type: 'person.key_removed', kid: command.kid, at: command.now });
  }
  const known = state.keys.find(({ kid, x }) => kid === command.key.kid || x === command.key.x);
  if (known !== undefined) return known.kid === command.key.kid && known.x === command.key.x ? nothingNew : refused('conflict', 'another key has this kid, or this key another');
  return state.keys.length >= mostKeys ? refused('conflict', `${mostKeys} keys are the most: remove one first`) : accepted({ type: 'person.key_added', key: command.key, at: command.now });
};

const change = (command: Extract<PersonCommand, { type: 'change' }>, state: Person): Answer => {
  if (state.status === 'none') return unknown();
  const wanted = detailsOf(command);
  if (wanted.manager === state.person || (wanted.manager && command.managers.includes(state.person))) return refused('manager_cycle', `${wanted.manager} is managed by ${state.person}: nobody stands in for themselves`);
  if (operates(state) && wanted.roles?.includes(operatorRole) === false && !command.othersOperate) return refused('last_operator', 'nobody else who is active has the role operator: give it to somebody first');
  const gained = state.status === 'active' && !command.founding && command.approved === undefined ? (wanted.roles ?? []).filter((role) => !state.roles.includes(role)) : [];
  if (gained.length > 0) return refused('change_review_required', `${state.person} would have the role ${gained.join(', ')}: two people say so`);
  const handTo = command.handTo === undefined || command.handTo === (state.directory ?? null) ? undefined : command.handTo;
  if (typeof handTo === 'string' && command.approved === undefined) return refused('change_review_required', `the connection ${handTo} could end ${state.person}: two people say so`);
  const news = Object.fromEntries(Object.entries(wanted).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(state[name as keyof PersonDetails] ?? (name === 'manager' ? null : undefined)))) as PersonDetails;
  return Object.keys(news).length === 0 && handTo === undefined ? nothingNew : accepted({ type: 'person.changed', ...news, ...(handTo !== undefined && { directory: handTo }), ...(command.approved && { approved: command.approved }), ...because(command) });
};

const unknown = (): Answer => refused('not_found', 'there is no such person');
const rolesOf = ({ roles }: Pick<Named, 'roles'>): string => (roles.length === 0 ? 'no role' : `the role ${roles.join(', ')}`);
const operates = (state: Exclude<Person, { status: 'none' }>): boolean => state.status === 'active' && state.roles.includes(operatorRole);
const because = ({ reason, by, now }: Because) => ({ reason, by, at: now });
const sinceOf = (roles: readonly string[], before: Readonly<Record<string, number>>, at: number): Record<string, number> => Object.fromEntries(roles.map((role) => [role, Object.hasOwn(before, role) ? before[role]! : at]));

const named = ({ person, name, roles, since, manager, directory }: Named): Named => ({ person, name, roles, since, ...(manager !== undefined && { manager }), ...directoryOf(directory) });
const detailsOf = ({ name, roles, manager }: PersonDetails): PersonDetails => ({ ...(name !== undefined && { name }), ...(roles !== undefined && { roles }), ...(manager !== undefined && { manager }) });
