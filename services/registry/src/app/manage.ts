import type { AgentReview, AgentSnapshot, GraphNode, PersonSnapshot, ToolSnapshot } from '@countersign/contracts';
import { decideAndAppend } from '@countersign/event-store';
import type { EventStore, OutboxMessage } from '@countersign/event-store';
import { fold } from '@countersign/kernel';
import type { Decider, Named, Outcome } from '@countersign/kernel';
import { agentDecider } from '../core/agent.ts';
import { heldBy } from '../core/agent-change.ts';
import type { Agent, AgentCode, AgentCommand, AgentEvent, AgentProfile } from '../core/agent.ts';
import { careSnapshot } from '../core/care.ts';
import type { Effective } from '../core/effective-permissions.ts';
import { nodeDecider } from '../core/node.ts';
import type { Node, NodeCommand, NodeEvent } from '../core/node.ts';
import { personDecider } from '../core/person.ts';
import type { Person, PersonCode, PersonCommand, PersonEvent } from '../core/person.ts';
import { toolDecider } from '../core/tool.ts';
import type { PutTool, Tool, ToolCode, ToolPut } from '../core/tool.ts';
import type { Inventory, Messages } from './ports.ts';

/** One kind of thing: its decider, and how its state becomes a snapshot and a row. `snapshot` is undefined while nothing may be said of it yet. */
interface Kind<Command, Event extends Named, State, Code extends string> {
  readonly kind: 'agent' | 'tool' | 'person' | 'node';
  readonly decider: Decider<Command, Event, State, Code>;
  readonly snapshot: (state: State, version: number) => AgentSnapshot | ToolSnapshot | PersonSnapshot | GraphNode | undefined;
  readonly row: (id: string, state: State, version: number) => Promise<void>;
}

export interface Manage {
  agent(id: string, command: AgentCommand, by: string): Promise<Outcome<AgentEvent, AgentCode>>;
  /** The last governance review; null where there was none, undefined where there is no such agent. */
  lastReview(agent: string): Promise<AgentReview | null | undefined>;
  /** What was declared of an agent, with what its roles let it do; undefined where there is none of that id. */
  declared(agent: string): Promise<(AgentProfile & Partial<Effective>) | undefined>;
  tool(id: string, command: PutTool, by: string): Promise<Outcome<ToolPut, ToolCode>>;
  person(id: string, command: PersonCommand, by: string): Promise<Outcome<PersonEvent, PersonCode>>;
  /** Brings read models up to their streams: a crash may have left some behind. */
  catchUp(): Promise<void>;
  /** Every snapshot as a message: published at the start, so that a lost topic comes back. */
  snapshots(): Promise<readonly OutboxMessage[]>;
}

/** load → decide → append with the snapshot and the record in the outbox, then the read model. */
export const createManage = (store: EventStore, inventory: Inventory, messages: Messages, tenant: string): Manage => {
  const agents: Kind<AgentCommand, AgentEvent, Agent, AgentCode> = {
    kind: 'agent', decider: agentDecider,
    snapshot: (state, version) => (state.status === 'none' ? undefined : agentSnapshot(state, tenant, version)),
    row: async (id, state, version) => { if (state.status !== 'none') await inventory.putAgent(id, version, agentSnapshot(state, tenant, version), state.profile.key ?? null); },
  };
  const tools: Kind<PutTool, ToolPut, Tool, ToolCode> = {
    kind: 'tool', decider: toolDecider,
    snapshot: (state, version) => (state.status === 'none' ? undefined : { ...state.tool, tenant, version, definition: state.definition }),
    row: async (id, state, version) => { if (state.status !== 'none') await inventory.putTool(id, version, { ...state.tool, tenant, version, definition: state.definition }); },
  };
  const people: Kind<PersonCommand, PersonEvent, Person, PersonCode> = {
    kind: 'person', decider: personDecider,
    snapshot: (state, version) => personSnapshot(state, tenant, version) ?? undefined,
    row: async (id, state, version) => { if (state.status !== 'none') await inventory.putPerson(id, version, personSnapshot(state, tenant, version)); },
  };

  const nodes: Kind<NodeCommand, NodeEvent, Node, never> = {
    kind: 'node', decider: nodeDecider,
    snapshot: (state, version) => (state.status === 'none' ? undefined : { ...state.node, tenant, version, status: state.status }),
    row: async (_, state, version) => { if (state.status !== 'none') await inventory.putNodes([{ ...state.node, tenant, version, status: state.status }]); },
  };

  const handle = async <Command extends { readonly now: number }, Event extends Named, State, Code extends string>(one: Kind<Command, Event, State, Code>, id: string, command: Command, by: string): Promise<Outcome<Event, Code>> => {
    const stream = `${one.kind}:${id}`;
    const { outcome, state, version } = await decideAndAppend({
      store, decider: one.decider, stream, command, at: command.now, by,
      outbox: (events, after, last) => {
        const snapshot = one.snapshot(after, last);
        return [...(snapshot === undefined ? [] : [messages.snapshot(one.kind, id, snapshot)]), ...messages.events(stream, events, last, by, command.now)];
      },
    });
    if (outcome.status === 'accepted') await one.row(id, state, version);
    return outcome;
  };

  const registered = async (id: string): Promise<Exclude<Agent, { status: 'none' }> | undefined> => {
    const state = fold(agentDecider, (await store.load(`agent:${id}`)).events.map((event) => event.data as AgentEvent));
    return state.status === 'none' ? undefined : state;
  };

  return {
    agent: (id, command, by) => handle(agents, id, command, by),
    lastReview: async (id) => (await registered(id))?.review,
    declared: async (id) => {
      const state = await registered(id);
      return state && { ...state.profile, ...heldBy(state) };
    },
    tool: (id, command, by) => handle(tools, id, command, by),
    person: (id, command, by) => handle(people, id, command, by),
    catchUp: async () => {
      const rows = await inventory.versions();
      const refresh = async <Command, Event extends Named, State, Code extends string>(one: Kind<Command, Event, State, Code>): Promise<void> => {
        for (const [stream, head] of await store.heads(`${one.kind}:`)) {
          if (rows.get(stream) === head) continue;
          const { events, version } = await store.load(stream);
          await one.row(stream.slice(one.kind.length + 1), fold(one.decider, events.map((event) => event.data as Event)), version);
        }
      };
      await refresh(agents);
      await refresh(tools);
      await refresh(people);
      await refresh(nodes);
    },
    snapshots: async () => [
      ...(await inventory.agents()).map((row) => messages.snapshot('agent', row.agent, row.snapshot)),
      ...(await inventory.tools()).map((row) => messages.snapshot('tool', row.tool, row.snapshot)),
      ...(await inventory.nodes()).map((row) => messages.snapshot('node', row.node, row.snapshot)),
      ...(await inventory.people()).flatMap((row) => (row.snapshot === null ? [] : [messages.snapshot('person', row.person, row.snapshot)])),
    ],
  };
};

/** The client key authenticates the runtime at the token endpoint; nobody else needs it. Its permissions are those of its roles too. */
export const agentSnapshot = (agent: Exclude<Agent, { status: 'none' }>, tenant: string, version: number): AgentSnapshot => {
  const { profile: { key: _key, ...profile }, status, observe, care, createdAt, reviewedAt, because } = agent;
  return {
    ...profile, ...heldBy(agent), ...careSnapshot(agent), tenant, version, status, createdAt, ...(reviewedAt !== null && { reviewedAt }), ...(because !== null && { because }),
    // Observe mode is its owner's word: an orphan has none.
    ...(observe !== undefined && care?.orphanSince === undefined && { observe: { until: observe.until, by: observe.by } }),
  };
};

/** Nothing is said of who is only invited, or waits to be let in. */
export const personSnapshot = (state: Person, tenant: string, version: number): PersonSnapshot | null => {
  if (state.status === 'none' || state.status === 'invited' || state.status === 'waiting') return null;
  const { person, name, roles, since, status, keys, manager, directory } = state;
  return { person, tenant, version, name, roles, rolesSince: since, status, keys, ...(manager && { manager }), ...(directory !== undefined && { directory }) };
};
