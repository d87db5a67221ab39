import type { AgentSnapshot, ChangeView, PersonSnapshot, PublicJwk } from '@countersign/contracts';
import { generateKey, signPersonStatement } from '@countersign/identity';
import type { EventStore } from '@countersign/event-store';
import type { SigningKey } from '@countersign/identity';
import { createManage } from './app/manage.ts';
import type { DeclaredEntry, PermissionBook } from './app/permission-ports.ts';
import type { Inventory } from './app/ports.ts';
import { createScim } from './app/scim.ts';
import type { ScimBook, ScimUser } from './app/scim.ts';
import { createTending } from './app/tending.ts';
import { composePeople } from './compose-people.ts';
import { composePermissions } from './compose-permissions.ts';
import type { DeclaredKind } from './core/declaration.ts';
import { createMessages } from './outbound/publish.ts';

const signer = generateKey('registry-1');
/** What a registry keeps over a restart. */
export const rowsOn = (store: EventStore) => ({
  store, agents: new Map<string, { agent: string; version: number; snapshot: AgentSnapshot; key: PublicJwk | null; lastUseAt: null }>(), people: new Map<string, { person: string; version: number; snapshot: PersonSnapshot | null }>(),
  declared: new Map<string, { kind: DeclaredKind; entry: DeclaredEntry<DeclaredKind> | null; version: number }>(), changes: new Map<string, { version: number; view: ChangeView }>(), scim: new Map<string, ScimUser>(), at: 1_763_700_000_000, made: 0,
});
const uuid = (n: number): string => `01970000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const day = 86_400_000;

/** The registry's people, permissions and directories over rows in memory; its clock stands still until `pass`. */
export const registryInMemory = async (kept: ReturnType<typeof rowsOn>, { tenant = 'acme', reopenFounding = false }: { readonly tenant?: string; readonly reopenFounding?: boolean } = {}) => {
  const { store, agents, people: rows, declared, changes } = kept;
  const now = (): number => kept.at;
  const inventory = {
    agents: async () => [...agents.values()], agent: async (id: string) => agents.get(id), tools: async () => [], nodes: async () => [],
    people: async () => [...rows.values()], person: async (id: string) => rows.get(id), versions: async () => new Map(),
    putAgent: async (agent: string, version: number, snapshot: AgentSnapshot, key: PublicJwk | null) => { agents.set(agent, { agent, version, snapshot, key, lastUseAt: null }); },
    putPerson: async (person: string, version: number, snapshot: PersonSnapshot | null) => { rows.set(person, { person, version, snapshot }); },
  } as unknown as Inventory;
  const permissionBook = {
    putDeclared: async (kind: DeclaredKind, id: string, version: number, definition: never) => { declared.set(`${kind}:${id}`, { kind, version, entry: definition === null ? null : { id, version, definition } }); },
    declared: async (kind: DeclaredKind) => [...declared.values()].flatMap((one) => (one.kind === kind && one.entry !== null ? [one.entry] : [])),
    putChange: async (version: number, view: ChangeView) => { changes.set(view.change, { version, view }); },
    change: async (id: string) => changes.get(id)?.view, changes: async () => [...changes.values()].map(({ view }) => view).reverse(),
    versions: async () => new Map([...declared, ...[...changes].map(([id, row]) => [`change:${id}`, row] as const)].map(([stream, { version }]) => [stream, version])),
  } as unknown as PermissionBook;
  const scimBook: ScimBook = {
    all: async (connection) => [...kept.scim.values()].filter((one) => one.connection === connection), user: async (id) => kept.scim.get(id),
    add: async (user) => !kept.scim.has(user.id) && kept.scim.set(user.id, user) !== undefined, put: async (user) => kept.scim.get(user.id)?.version === user.version - 1 && kept.scim.set(user.id, user) !== undefined,
    remove: async (id) => { kept.scim.delete(id); },
  };
  const messages = createMessages(signer, tenant, now);
  const manage = createManage(store, inventory, messages, tenant);
  const tending = createTending({ manage, inventory, exclusively: (_, work) => work(), now, terms: { orphanMs: day, certifyHighMs: day, certifyMs: day, remindMs: 0, overdueMs: day, unusedMs: day } });
  const ports = {
    store, inventory, permissionBook, messages, tenant, now, toolUses: { record: async () => undefined, uses: async () => [] }, enoughUse: { days: 1, calls: 1 }, exclusively: <T>(_: string, work: () => Promise<T>) => work(),
    ids: () => uuid(++kept.made), publicUrl: 'http://r', reopenFounding,
  };
  const permissions = await composePermissions(ports);
  const { people, staff, reviewOf, doors } = await composePeople(ports, { manage, permissions, tending });
  const scim = createScim({ ...ports, people, staff, book: scimBook, secret: () => String(++kept.made).padStart(43, 'A') });
  const who = (person: string) => ({ person, roles: people.find(person)?.roles ?? [] });
  const signed = (by: string, key: SigningKey, change: Pick<ChangeView, 'change' | 'digest'>, of = tenant): string =>
    signPersonStatement('change-review', { sub: by, tenant: of, change: change.change, digest: change.digest, reason: 'looked at it', iat: Math.floor(now() / 1_000) }, key);
  return {
    kept, store, agents, inventory, manage, permissions, people, staff, doors, reviewOf, scim, who, signed, pass: (ms: number) => { kept.at += ms; },
    /** Invited and enrolled: let in at once at the founding, else waiting for two. */
    join: async (person: string, roles: readonly string[], by = 'op') => {
      const key = generateKey(`${person}-1`);
      const { code } = await doors.invite({ person, name: person, roles: [...roles] }, by);
      return { key, enrolled: await doors.enrol({ code, key: key.publicJwk }) };
    },
    ask: (by: string, kind: ChangeView['subject']['kind'], id: string, after: object) => doors.fileChange({ subject: { kind, id }, after: after as never, reason: 'r' }, who(by)),
    agree: (by: string, key: SigningKey, change: ChangeView) => doors.approveChange(change.change, { jws: signed(by, key, change) }, who(by)),
  };
};
