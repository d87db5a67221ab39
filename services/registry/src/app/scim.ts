import { timingSafeEqual } from 'node:crypto';
import { sha256Text } from '@countersign/identity';
import { decideAndAppend } from '@countersign/event-store';
import type { EventStore } from '@countersign/event-store';
import { fold, refused } from '@countersign/kernel';
import type { Outcome, Refused } from '@countersign/kernel';
import { nobody } from '../core/agent.ts';
import { notOf, personDecider } from '../core/person.ts';
import type { Person, PersonEvent } from '../core/person.ts';
import { personIdOf } from '../core/person-id.ts';
import { mappedRoles, scimDecider } from '../core/scim-connection.ts';
import type { ScimCode, ScimCommand, ScimConnection, ScimEvent } from '../core/scim-connection.ts';
import type { People } from './people.ts';
import type { Inventory, Messages } from './ports.ts';
import type { Staff } from './staff.ts';

/** Attributes of RFC 7643 section 4.1 that are kept of a user. */
export interface ScimAttributes { readonly userName: string; readonly externalId?: string; readonly displayName?: string; readonly active: boolean; readonly name?: Readonly<Record<string, string>>; readonly emails?: readonly Readonly<Record<string, string | boolean>>[]; readonly roles?: readonly string[] }
/** Times epoch ms; `id` is the person's id here. */
export interface ScimUser { readonly id: string; readonly connection: string; readonly version: number; readonly attributes: ScimAttributes; readonly createdAt: number; readonly changedAt: number }

export interface ScimBook {
  all(connection: string): Promise<readonly ScimUser[]>;
  user(id: string): Promise<ScimUser | undefined>;
  /** False where there is one already. */
  add(user: ScimUser): Promise<boolean>;
  /** False where another version stands there. */
  put(user: ScimUser): Promise<boolean>;
  remove(id: string): Promise<void>;
}

export type ScimRefusal = Refused<'already_exists' | 'not_found' | 'conflict' | 'forbidden' | 'invalid_request' | 'last_operator', never>;
type Answer = ScimUser | ScimRefusal;
export type Connected = Extract<ScimConnection, { status: 'connected' }> & { readonly connection: string };

interface Deps { readonly store: EventStore; readonly messages: Messages; readonly inventory: Inventory; readonly people: People; readonly staff: Staff; readonly book: ScimBook; readonly secret: () => string; readonly now: () => number }

const no = (code: ScimRefusal['code'], detail: string): ScimRefusal => refused(code, detail) as ScimRefusal;
const equal = (a: string, b: string): boolean => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

/** Connections of identity providers, and the people they provision. Whoever came by a connection is changed by that one only; whoever was invited by hand by none, until two people hand them over. */
export const createScim = ({ store, messages, inventory, people, staff, book, secret, now }: Deps) => {
  const tell = async (connection: string, command: ScimCommand): Promise<Outcome<ScimEvent, ScimCode>> => (await decideAndAppend({
    store, decider: scimDecider, stream: `scim:${connection}`, command, at: command.now, by: command.by, outbox: (events, _, version) => messages.events(`scim:${connection}`, events, version, command.by, command.now),
  })).outcome;
  const stateOf = async (connection: string): Promise<ScimConnection> => fold(scimDecider, (await store.load(`scim:${connection}`)).events.map(({ data }) => data as ScimEvent));
  const giving = async (connection: string, make: (code: string) => ScimCommand) => {
    const token = `csscim.${connection}.${secret()}`;
    const outcome = await tell(connection, make(sha256Text(token)));
    return outcome.status === 'refused' ? outcome : { connection, token };
  };

  const join = async (by: Connected, id: string, { displayName, name, userName, roles = [] }: ScimAttributes): Promise<ScimRefusal | undefined> => {
    const row = await inventory.person(id), known = row?.snapshot ?? undefined;
    // Invited already, or waiting to be let in: another invitation would void the link that somebody holds.
    if (row !== undefined && known === undefined) return undefined;
    const because = { by: `scim.${by.connection}`, reason: 'provisioned by SCIM', directory: by.connection };
    const given = mappedRoles(roles, by.roles);
    if (known?.status === 'active') return undefined;
    if (known !== undefined && known.keys.length > 0) {
      // Coming back gives back what they had: more than the connection may give is an operator's to say, and once two people are here that is always so.
      const beyond = known.roles.filter((role) => !given.includes(role));
      if (beyond.length > 0) return no('forbidden', `${id} left with the role ${beyond.join(', ')}, which this connection does not give: an operator says that they are back`);
      return refusalOf(await staff.comeBack(id, because));
    }
    const invited = await people.invite({ person: id, name: (displayName ?? name?.['formatted'] ?? userName).slice(0, 200), roles: [...given] }, because.by, by.connection);
    return 'link' in invited ? undefined : refusalOf(invited);
  };
  const leave = async (by: Connected, id: string, reason: string): Promise<ScimRefusal | undefined> => refusalOf(await staff.leave(id, { by: `scim.${by.connection}`, reason, directory: by.connection }));

  const personOf = async (id: string): Promise<Person> => fold<PersonEvent, Person>(personDecider, (await store.load(`person:${id}`)).events.map(({ data }) => data as PersonEvent));
  const owned = async (by: Connected, id: string): Promise<ScimUser | undefined> => { const user = await book.user(id); return user?.connection === by.connection && notOf(by.connection, await personOf(id)) === null ? user : undefined; };

  return {
    connect: (connection: string, roles: Readonly<Record<string, readonly string[]>>, by: string, reason: string) => giving(connection, (code) => ({ type: 'connect', code, roles, by, reason, now: now() })),
    rotate: (connection: string, by: string, reason: string) => giving(connection, (code) => ({ type: 'rotate', code, by, reason, now: now() })),
    disconnect: (connection: string, by: string, reason: string) => tell(connection, { type: 'disconnect', by, reason, now: now() }),
    /** Those that are connected, and how many people came by each. */
    connections: async () => (await Promise.all([...(await store.heads('scim:')).keys()].sort().map(async (stream) => {
      const connection = stream.slice('scim:'.length), state = await stateOf(connection);
      if (state.status !== 'connected') return [];
      return [{ connection, roles: state.roles, people: (await book.all(connection)).length, ...(state.before !== null && now() < state.before.until && { tokenBeforeUntil: state.before.until }) }];
    }))).flat(),
    /** Who holds this bearer token; undefined for everybody else. */
    authenticate: async (token: string): Promise<Connected | undefined> => {
      const connection = /^csscim\.([a-z0-9][a-z0-9-]{0,63})\.[A-Za-z0-9_-]{43}$/.exec(token)?.[1];
      const state = connection === undefined ? undefined : await stateOf(connection);
      if (connection === undefined || state?.status !== 'connected') return undefined;
      const code = sha256Text(token);
      return equal(code, state.code) || (state.before !== null && now() < state.before.until && equal(code, state.before.code)) ? { ...state, connection } : undefined;
    },
    users: async (by: Connected): Promise<readonly ScimUser[]> => {
      const others = new Set((await inventory.people()).flatMap(({ person, snapshot }) => (snapshot === null || snapshot.directory === by.connection ? [] : [person])));
      return (await book.all(by.connection)).filter(({ id }) => !others.has(id));
    },
    user: owned,
    create: async (by: Connected, attributes: ScimAttributes): Promise<Answer> => {
      const id = personIdOf(attributes.userName);
      if (id === '' || id === nobody) return no('invalid_request', 'no person id can be made of this userName');
      const person = await personOf(id), why = notOf(by.connection, person), known = await book.user(id);
      if (why !== null) return no('already_exists', why);
      // What another connection knew of somebody who was handed over to this one since, goes.
      if (known !== undefined && (known.connection === by.connection || person.status === 'none')) return no('already_exists', `${id} is provisioned already`);
      if (known !== undefined) await book.remove(id);
      const refusal = attributes.active ? await join(by, id, attributes) : undefined;
      if (refusal !== undefined) return refusal;
      const user: ScimUser = { id, connection: by.connection, version: 1, attributes, createdAt: now(), changedAt: now() };
      return await book.add(user) ? user : no('already_exists', `${id} is provisioned already`);
    },
    /** The whole of what the directory says now. A person who is not active any more has left, before anything else is written. */
    replace: async (by: Connected, before: ScimUser, attributes: ScimAttributes): Promise<Answer> => {
      if (personIdOf(attributes.userName) !== before.id) return no('invalid_request', 'userName makes another person: provision that one, and remove this');
      if (JSON.stringify(attributes) === JSON.stringify(before.attributes)) return before;
      const refusal = attributes.active ? await join(by, before.id, attributes) : await leave(by, before.id, 'not active any more in the directory (SCIM)');
      if (refusal !== undefined && !(refusal.code === 'not_found' && !attributes.active)) return refusal;
      const user: ScimUser = { ...before, version: before.version + 1, attributes, changedAt: now() };
      return await book.put(user) ? user : no('conflict', 'somebody else changed it first: read it again');
    },
    remove: async (by: Connected, { id }: ScimUser): Promise<ScimRefusal | undefined> => {
      const refusal = await leave(by, id, 'removed from the directory (SCIM)');
      if (refusal !== undefined && refusal.code !== 'not_found') return refusal;
      await book.remove(id);
      return undefined;
    },
  };
};

const refusalOf = (outcome: { readonly status: string; readonly code?: string; readonly detail?: string }): ScimRefusal | undefined =>
  (outcome.status === 'refused' ? outcome.code === 'change_review_required' ? no('forbidden', `${outcome.detail}: countersign people return`) : no((['last_operator', 'not_found', 'already_exists', 'forbidden'] as const).find((code) => code === outcome.code) ?? 'conflict', outcome.detail ?? 'refused') : undefined);

export type Scim = ReturnType<typeof createScim>;
