import type { ChangeView } from '@countersign/contracts';
import { fold } from '@countersign/kernel';
import type { Named } from '@countersign/kernel';
import type { EventStore } from '@countersign/event-store';
import { agentDecider } from '../core/agent.ts';
import type { Agent, AgentCommand, AgentEvent } from '../core/agent.ts';
import { changeDecider } from '../core/change-request.ts';
import type { Change, ChangeCommand, ChangeEvent } from '../core/change-request.ts';
import { declarationDecider } from '../core/declaration.ts';
import type { Declaration, DeclarationCommand, DeclarationEvent, DeclaredKind } from '../core/declaration.ts';
import { personDecider } from '../core/person.ts';
import type { Person, PersonCommand, PersonEvent } from '../core/person.ts';
import { scimDecider } from '../core/scim-connection.ts';
import type { ScimConnection, ScimEvent } from '../core/scim-connection.ts';
import { agentSnapshot, personSnapshot } from './manage.ts';
import type { PermissionBook } from './permission-ports.ts';
import type { Inventory, Messages } from './ports.ts';
import { part } from './together.ts';
import type { Part } from './together.ts';

export interface StreamDeps { readonly store: EventStore; readonly inventory: Inventory; readonly book: PermissionBook; readonly messages: Messages; readonly tenant: string }

/** Streams that a change of permissions touches, each as a part of it. */
export const createStreams = ({ store, inventory, book, messages, tenant }: StreamDeps) => {
  const load = async <Event extends Named, State>(decider: { readonly initialState: State; readonly evolve: (state: State, event: Event) => State }, stream: string): Promise<State> =>
    fold(decider, (await store.load(stream)).events.map((event) => event.data as Event));
  const declarationRow = <K extends DeclaredKind>(kind: K, id: string) => async (state: Declaration<K>, version: number): Promise<void> => {
    if (state.status !== 'none') await book.putDeclared(kind, id, version, state.status === 'declared' ? state.definition : null);
  };
  const changeRow = async (state: Change, version: number): Promise<void> => { if (state.status !== 'none') await book.putChange(version, viewOf(state)); };
  return {
    agent: async (id: string): Promise<Agent> => load<AgentEvent, Agent>(agentDecider, `agent:${id}`),
    declaration: <K extends DeclaredKind>(kind: K, id: string): Promise<Declaration<K>> => load<DeclarationEvent<K>, Declaration<K>>(declarationDecider(kind), `${kind}:${id}`),
    change: async (id: string): Promise<Change> => load<ChangeEvent, Change>(changeDecider, `change:${id}`),
    agentPart: (id: string, command: AgentCommand, by: string): Part => part({
      stream: `agent:${id}`, decider: agentDecider, command, by,
      outbox: (events, state, version) => (state.status === 'none' ? [] : [messages.snapshot('agent', id, agentSnapshot(state, tenant, version)), ...messages.events(`agent:${id}`, events, version, by, command.now)]),
      row: async (state, version) => { if (state.status !== 'none') await inventory.putAgent(id, version, agentSnapshot(state, tenant, version), state.profile.key ?? null); },
    }),
    connection: async (id: string): Promise<ScimConnection> => load<ScimEvent, ScimConnection>(scimDecider, `scim:${id}`),
    person: async (id: string): Promise<Person> => load<PersonEvent, Person>(personDecider, `person:${id}`),
    personPart: (id: string, command: PersonCommand, by: string): Part => part({
      stream: `person:${id}`, decider: personDecider, command, by,
      outbox: (events, state, version) => { const snapshot = personSnapshot(state, tenant, version); return [...(snapshot === null ? [] : [messages.snapshot('person', id, snapshot)]), ...messages.events(`person:${id}`, events, version, by, command.now)]; },
      row: async (state, version) => inventory.putPerson(id, version, personSnapshot(state, tenant, version)),
    }),
    declarationPart: <K extends DeclaredKind>(kind: K, id: string, command: DeclarationCommand<K>, by: string): Part => part({
      stream: `${kind}:${id}`, decider: declarationDecider(kind), command, by, row: declarationRow(kind, id),
      outbox: (events, _, version) => messages.events(`${kind}:${id}`, events, version, by, command.now),
    }),
    changePart: (id: string, command: ChangeCommand, by: string): Part => part({
      stream: `change:${id}`, decider: changeDecider, command, by, row: changeRow, outbox: (events, _, version) => messages.events(`change:${id}`, events, version, by, command.now),
    }),
    /** Rows that a crash left behind. */
    catchUp: async (): Promise<void> => {
      const rows = await book.versions();
      for (const kind of ['role', 'template', 'grantor', 'process'] as const) {
        for (const [stream, head] of await store.heads(`${kind}:`)) if (rows.get(stream) !== head) await declarationRow(kind, stream.slice(kind.length + 1))(await load<DeclarationEvent<typeof kind>, Declaration<typeof kind>>(declarationDecider(kind), stream), head);
      }
      for (const [stream, head] of await store.heads('change:')) if (rows.get(stream) !== head) await changeRow(await load<ChangeEvent, Change>(changeDecider, stream), head);
    },
  };
};
export type Streams = ReturnType<typeof createStreams>;

const viewOf = ({ filed, status, approvedBy, closedAt }: Exclude<Change, { status: 'none' }>): ChangeView => ({ ...filed, status, approvedBy, closedAt });
