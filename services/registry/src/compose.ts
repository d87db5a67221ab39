import { randomBytes } from 'node:crypto';
import { argumentsDigest } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import type { AccountabilityView, AgentSnapshot, GovernedRecord, ImportAgentsRequest, ObserveAgentRequest, PublicJwk, MarkNodeRequest, NewAgentRequest, PutGraphRequest, PutToolRequest, RegisterAgentRequest, ToolSnapshot } from '@countersign/contracts';
import type { EventStore } from '@countersign/event-store';
import type { HotState } from '@countersign/hot-state';
import { CodedError, createUsedStatements } from '@countersign/service-host';
import type { AuthenticatedPerson, PersonDirectory } from '@countersign/service-host';
import { checkArguments } from '@countersign/tool-guard/arguments';
import type { HaltView, LiveRevocationView } from '@countersign/tool-guard';
import { isBuiltIn, putBuiltInTools } from './app/built-in-tools.ts';
import { createCredentials } from './app/credentials.ts';
import { createAgents } from './app/agents.ts';
import type { Step } from './app/agents.ts';
import { createGovernance } from './app/governance.ts';
import type { AskPolicy } from './app/governance.ts';
import type { ScopeExtensions } from './app/extend-scope.ts';
import { createGraph } from './app/graph.ts';
import type { GraphOutcome, GraphPlan, GraphReview } from './app/graph.ts';
import { importAgents } from './app/import-agents.ts';
import { createManage } from './app/manage.ts';
import { createOwnership } from './app/ownership.ts';
import type { CredentialBook, Deeds, Exclusively, Inventory, Messages, RevocationMessages, Shadows } from './app/ports.ts';
import { createScim } from './app/scim.ts';
import { createScimAgents } from './app/scim-agents.ts';
import type { ScimBook } from './app/scim.ts';
import { createReports } from './app/reports.ts';
import { createTellingUnused } from './app/telling-unused.ts';
import { createWatching } from './app/watching.ts';
import { createTending } from './app/tending.ts';
import type { Terms } from './core/tend.ts';
import { milderThanClaimed } from './core/source-claims.ts';
import type { FourEyes } from './core/agent.ts';
import { defaultObserveMs } from './core/observe.ts';
import { scimDoor } from './inbound/scim-door.ts';
import { composePeople } from './compose-people.ts';
import { composePermissions } from './compose-permissions.ts';
import type { PermissionPorts } from './compose-permissions.ts';
import { composeTokens } from './compose-tokens.ts';
import { useIn } from './app/tool-use.ts';
import type { PermissionBook, ToolUses } from './app/permission-ports.ts';
import type { Asking } from './app/permissions.ts';
import type { ToolDefinition, ToolReview } from './core/tool.ts';
import type { SearchAgents } from './views/agent-search.ts';

export interface RegistryPorts {
  readonly store: EventStore;
  readonly inventory: Inventory;
  readonly search: SearchAgents;
  readonly credentialBook: CredentialBook;
  readonly scimBook: ScimBook;
  readonly permissionBook: PermissionBook;
  readonly toolUses: ToolUses;
  readonly enoughUse: PermissionPorts['enoughUse'];
  readonly extensions: ScopeExtensions;
  /** What the topic says was revoked; told of what is revoked here before it comes back. */
  readonly revocations: Pick<LiveRevocationView, 'add' | 'token' | 'work' | 'key' | 'isStale' | 'size'>;
  readonly messages: Messages & RevocationMessages;
  readonly hot: HotState;
  readonly exclusively: Exclusively;
  readonly terms: Terms;
  readonly deeds: Deeds;
  readonly deedsKeptMs: number;
  readonly shadows: Shadows;
  readonly key: SigningKey;
  readonly jwks: readonly PublicJwk[];
  readonly proofSecret: Buffer;
  readonly tenant: string;
  readonly publicUrl: string;
  readonly reopenFounding: boolean;
  readonly audience: string;
  /** Tokens an agent may have in a minute. */
  readonly tokensPerMinute: number;
  /** Nobody delegates while everything stands still. */
  readonly halts: HaltView;
  /** Most agents that act one for the other. */
  readonly delegationDepth: number;
  /** Most nodes of the system graph. */
  readonly graphNodes: number;
  /** Longest life of an agent's key, ms. */
  readonly keyLifeMs: number;
  /** What the rules in force say, for governance reviews. */
  readonly askPolicy: AskPolicy;
  /** Who may not let an agent loose that can change things: its owner, or also who registered it. */
  readonly fourEyes: FourEyes;
  readonly ids: () => string;
  readonly now: () => number;
}

export type RegistryService = Awaited<ReturnType<typeof composeRegistry>>;

/** Turns a refusal into the error that the host shows. */
const accepted = <T extends { readonly status: string }>(outcome: T): void => {
  if (outcome.status === 'refused') throw new CodedError((outcome as unknown as { code: string }).code, (outcome as unknown as { detail: string }).detail);
};

/** Puts the registry together out of its ports; knows no Nest. */
export const composeRegistry = async (ports: RegistryPorts) => {
  const { inventory, tenant, now } = ports;
  const manage = createManage(ports.store, inventory, ports.messages, tenant);
  await manage.catchUp();
  const credentials = createCredentials({ store: ports.store, book: ports.credentialBook, messages: ports.messages, tenant, now, keyLifeMs: ports.keyLifeMs, onRevoked: ports.revocations.add });
  await credentials.catchUp();
  // Agents registered before keys were events of their own: the life of their key begins now.
  for (const { agent, key } of await inventory.agents()) if (key !== null && (await ports.credentialBook.keys(agent)).length === 0) await credentials.first(agent, key, 'registry');
  for (const entry of await ports.credentialBook.revocations()) ports.revocations.add(entry);
  const tending = createTending({ ...ports, manage });
  const permissions = await composePermissions(ports);
  const { people, staff, reviewOf, doors } = await composePeople(ports, { manage, permissions, tending });
  const watching = createWatching(ports);
  const tellingUnused = createTellingUnused({ ...ports, unused: permissions.unused, days: Math.max(30, ports.enoughUse.days) });
  const reports = createReports({ ...ports, book: ports.permissionBook });
  const ownership = createOwnership({ ...ports, manage });
  const scim = createScim({ ...ports, people, staff, book: ports.scimBook, secret: () => randomBytes(32).toString('base64url') });
  const graph = createGraph({ ...ports, maxNodes: ports.graphNodes });
  const directory: PersonDirectory = { audience: 'registry', now, person: people.find, ...createUsedStatements(ports.hot, { service: 'registry', tenant, now }) };

  await putBuiltInTools(manage, new Set((await inventory.tools()).map((row) => row.tool)), now());

  const toolReview = (jws: string): ToolReview => { const { statement: { tool, definition, replaces }, ...who } = reviewOf('tool-review', jws); return { ...who, tool, definition, replaces }; };
  const graphReview = (jws: string | undefined): GraphReview | null => {
    if (jws === undefined) return null;
    const { statement: { change }, ...who } = reviewOf('graph-review', jws);
    return { ...who, change };
  };
  const graphAnswer = async (outcome: GraphOutcome) => {
    accepted(outcome);
    if (outcome.status === 'refused') throw new Error('accepted refuses');
    return { nodes: await graph.nodes(), change: summaryOf(outcome.plan) };
  };

  const agents = createAgents({ store: ports.store, credentials, agentPart: permissions.agentPart, manage, inventory, governance: createGovernance(inventory, manage.declared, ports.askPolicy), fourEyes: ports.fourEyes, now });
  const scimAgents = createScimAgents({ ...ports, manage, suspend: (agent, by, reason) => manage.agent(agent, { type: 'suspend', by, reason, now: now() }, by) });
  /** What came of it; a refusal throws. */
  const done = <T>(outcome: { readonly status: 'done'; readonly value: T } | { readonly status: 'refused'; readonly code: string; readonly detail: string }): T => {
    if (outcome.status === 'refused') throw new CodedError(outcome.code, outcome.detail);
    return outcome.value;
  };

  const registered = async (request: RegisterAgentRequest & { readonly template?: string }, who: Asking) => {
    const agent = await permissions.registering(request, who, async (effective, process) => done(await agents.register(request, who.person, effective, process)));
    await credentials.first(request.agent, request.key, who.person);
    return agent;
  };
  return {
    directory, jwks: ports.jwks, credentials,
    snapshots: manage.snapshots,
    ...composeTokens(ports),
    ...doors,
    inventoryReport: reports.inventory,
    accountability: async (run: string, action: string): Promise<AccountabilityView> => {
      const answer = await reports.accountability(run, action);
      if (answer === undefined) throw new CodedError('not_found', 'nothing was decided about such an action, or so long ago that the registry has forgotten it (CS_REGISTRY_DEED_DAYS): countersign audit query has it', { status: 404 });
      return answer;
    },
    /** What time has brought upon agents; called by a timer. */
    tend: async () => { await watching.forget(); await tending.tend(null); await permissions.tend(); await watching.tell(); await tellingUnused.tell(); },
    own: async (agent: string, told: (owning: typeof ownership) => ReturnType<(typeof ownership)['accept']>): Promise<AgentSnapshot> => {
      accepted(await told(ownership));
      return (await inventory.agent(agent))!.snapshot;
    },
    register: (request: RegisterAgentRequest, who: Asking) => registered(request, who),
    /** Out of a template, by whoever may give what it gives. */
    registerFrom: async (template: string, request: NewAgentRequest, who: Asking) => registered(await permissions.fromTemplate(template, request, who), who),
    permissions,
    ...scimDoor({ ...ports, scim, people, agents: scimAgents }),
    importAgents: (request: ImportAgentsRequest, by: string) => importAgents(manage, inventory, request, by, now()),
    observe: async (agent: string, { reason, until }: ObserveAgentRequest, by: string): Promise<AgentSnapshot> => {
      accepted(await manage.agent(agent, { type: 'observe', until: until ?? now() + defaultObserveMs, by, reason, now: now() }, by));
      return (await inventory.agent(agent))!.snapshot;
    },
    enforce: async (agent: string, reason: string, by: string): Promise<AgentSnapshot> => {
      accepted(await manage.agent(agent, { type: 'enforce', by, reason, now: now() }, by));
      return (await inventory.agent(agent))!.snapshot;
    },
    review: async (ids: readonly string[], by: AuthenticatedPerson) => done(await agents.review(ids, by)),
    lastReview: agents.lastReview,
    change: async (agent: string, type: Step, by: string, reason: string) => done(await agents.change(agent, type, by, reason)),
    agents: ports.search,
    agent: async (id: string) => {
      const row = await inventory.agent(id);
      return row && { ...row.snapshot, lastUseAt: row.lastUseAt === null ? null : Number(row.lastUseAt) };
    },
    putTools: async (tools: readonly ({ readonly tool: string } & PutToolRequest)[], by: string): Promise<readonly ToolSnapshot[]> => {
      const known = new Set([...(await inventory.tools()).map((row) => row.tool), ...tools.map((one) => one.tool)]);
      for (const one of tools) checkTool(one, known);
      for (const one of tools) {
        const { review, ...tool }: ToolDefinition & { readonly review?: string } = one;
        accepted(await manage.tool(one.tool, { type: 'put', tool, definition: argumentsDigest(tool), review: review === undefined ? null : toolReview(review), by, now: now() }, by));
      }
      const names = new Set(tools.map((one) => one.tool));
      return (await inventory.tools()).filter((row) => names.has(row.tool)).map((row) => row.snapshot);
    },
    tools: async () => (await inventory.tools()).map((row) => row.snapshot),
    graph: graph.nodes,
    node: async (id: string, depth: number, most: number) => {
      const current = await graph.current();
      const around = current.of(id, depth, most);
      return around && { node: current.nodes.get(id)!, ...around };
    },
    putGraph: async (request: PutGraphRequest, by: string) => graphAnswer(await graph.put(request, by, graphReview(request.review))),
    markNode: async (node: string, request: MarkNodeRequest, by: string) => graphAnswer(await graph.mark(node, request, by, graphReview(request.review))),
    /** What policy decided, of each partition in its order. */
    used: async (heard: readonly { readonly partition: number; readonly record: GovernedRecord }[]) => {
      const records = heard.map(({ record }) => record);
      await watching.take(records);
      await inventory.used(records.flatMap((record) => (record.agent === null ? [] : [{ agent: record.agent, at: record.now }])));
      await ports.toolUses.record(heard.flatMap(({ partition, record }) => useIn(record, partition)));
    },
  };
};

/** Counts, and what is taken away in words; the whole list of nodes is the graph's. */
const summaryOf = ({ changes, digest, loosened, given }: GraphPlan) => ({
  digest, given, added: changes.filter(({ before }) => before === null).length, changed: changes.filter(({ before, after }) => before !== null && after !== null).length,
  removed: changes.filter(({ after }) => after === null).length, loosened: loosened.slice(0, 200),
});

const mostToolBytes = 100_000;

const checkTool = (tool: { readonly tool: string } & PutToolRequest, known: ReadonlySet<string>): void => {
  const wrong = (why: string) => new CodedError('invalid_request', `${tool.tool}: ${why}`);
  if (isBuiltIn(tool.tool)) throw wrong('the name is that of a tool of the registry itself');
  if (tool.schema['type'] !== 'object' || tool.schema['additionalProperties'] !== false) throw wrong('its argument schema must be a closed object (type object, additionalProperties false)');
  try {
    checkArguments(tool.schema);
  } catch (error) {
    throw wrong((error as Error).message);
  }
  // Its event has to fit the topic, or nothing after it would go out.
  if (Buffer.byteLength(JSON.stringify(tool)) > mostToolBytes) throw new CodedError('too_large', `${tool.tool}: its declaration has more than ${mostToolBytes} bytes`, { status: 413 });
  const milder = milderThanClaimed(tool);
  if (milder.length > 0) throw new CodedError('claims_contradicted', `${tool.tool}: ${milder.join('; ')}`);
  if (tool.compensator !== null && !known.has(tool.compensator)) throw wrong(`its compensator ${tool.compensator} is not in the catalogue`);
  if (tool.reversible && tool.consequential && tool.compensator === null) throw wrong('a reversible tool names the compensator that reverses it');
};
