import type { Bus } from '@countersign/bus';
import { topic, validateAgentSnapshot, validateAnomalyLevel, validateAuditStanding, validateGraphNode, validateToolSnapshot } from '@countersign/contracts';
import type { AgentSnapshot, AnomalyLevel, GraphNode, Json, PersonSnapshot, ToolSnapshot } from '@countersign/contracts';
import type { KeySet } from '@countersign/identity';
import { followPeople, followSigned, levelKey } from '@countersign/service-host';
import { checkArguments } from '@countersign/tool-guard/arguments';
import { createHaltView, createRevocationView } from '@countersign/tool-guard';
import type { ReportingPoint, RevocationView } from '@countersign/tool-guard';
import { graphOf } from '../core/graph.ts';
import type { Graph } from '../core/graph.ts';
import { defaultRecordBounds, recordStanding } from '../core/record-standing.ts';
import type { RecordBounds, RecordStanding } from '../core/record-standing.ts';
import { compileTool } from '../core/rules/compile.ts';
import type { CompiledTool } from '../core/rules/compile.ts';
import type { Level } from '../core/world.ts';

/** Everything policy looks up while it decides, live. */
export interface Snapshots {
  agent(id: string): AgentSnapshot | undefined;
  tool(name: string): CompiledTool | undefined;
  argumentsFault(tool: CompiledTool, args: Json): string | null;
  person(id: string): PersonSnapshot | undefined;
  /** Everybody registered; absent: nobody is known but by id. */
  people?(): Iterable<PersonSnapshot>;
  halt(tenant: string, agent: string, tool: string, run: string, except: string): string | null;
  haltsVersion(): number;
  /** The pause over this target; absent where there can be none. */
  paused?(tenant: string, agent: string, tool: string, run: string): string | null;
  /** What the registry revoked; live. */
  readonly revocations?: RevocationView;
  /** Null while it is not known: stale, or nobody has imported one. A fact, not an outage, so it holds nothing up. */
  graph?(): Graph | null;
  /** The worse of an agent's level and of its run's own. */
  level(tenant: string, agent: string, run: string): Level;
  /** How far the audit log is behind; absent: nobody looks. A fact, not an outage. */
  record?(): RecordStanding;
  /** Names what is not live; null when all is. Levels are left out: a stale level is a fact, not an outage. */
  notLive(): string | null;
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

/** Follows the five snapshot topics, each signed by its owner. `topics` may rename them in tests. */
export const followSnapshots = (bus: Bus, options: { readonly keys: KeySet; readonly now: () => number; readonly onError: (error: Error, what: string) => void; /** Confirms halts to supervision. */ readonly report?: ReportingPoint; readonly recordBounds?: RecordBounds; readonly topics?: Partial<Record<'agents' | 'tools' | 'people' | 'halts' | 'levels' | 'graph' | 'revocations' | 'standing', string>> }): Snapshots & { /** Every tool that compiles. */ catalogue(): readonly ToolSnapshot[] } => {
  const { keys, now, topics } = options;
  const compiled = new Map<string, { readonly tool: CompiledTool; readonly check: ReturnType<typeof checkArguments> }>();
  let halts = 0;
  const common = (name: string) => ({ keys, now, onError: (error: Error) => options.onError(error, name) });

  const agents = followSigned(bus, { ...common('agents'), topic: topics?.agents ?? topic.registryAgents, signer: 'registry', validate: validateAgentSnapshot, keyOf: (agent) => agent.agent });
  const people = followPeople(bus, { keys, now, onError: options.onError, ...(topics?.people !== undefined && { topic: topics.people }) });
  const levels = followSigned<Pick<AnomalyLevel, 'tenant' | 'agent' | 'runs'> & { readonly level: Level }>(bus, {
    ...common('levels'), topic: topics?.levels ?? topic.anomalyLevels, signer: 'anomaly', validate: validateAnomalyLevel, keyOf: levelKey,
    // What anomaly says of an agent and nobody can read is no reason to go by what it said before.
    instead: (key) => ({ tenant: '', agent: key, level: 'stale' }),
  });
  const tools = followSigned(bus, {
    ...common('tools'), topic: topics?.tools ?? topic.registryTools, signer: 'registry', validate: validateToolSnapshot, keyOf: (tool) => tool.tool,
    onChange: (name, snapshot) => {
      compiled.delete(name);
      if (snapshot === undefined) return;
      try {
        compiled.set(name, { tool: compileTool(snapshot), check: checkArguments(snapshot.schema) });
      } catch (error) {
        // A tool that does not compile is not in the catalogue: its proposals are denied, and this says why.
        options.onError(error as Error, `tool ${name}`);
      }
    },
  });
  const nodes = new Map<string, GraphNode>();
  let changes = 0;
  let compiledGraph: Graph | undefined;
  const graph = followSigned(bus, {
    ...common('graph'), topic: topics?.graph ?? topic.registryGraph, signer: 'registry', validate: validateGraphNode, keyOf: (node) => node.node,
    onChange: (id, node) => {
      if (node === undefined) nodes.delete(id);
      else nodes.set(id, node);
      changes++;
      compiledGraph = undefined;
    },
  });
  // Nothing waits for it; what reads it while it is not there fails as a fact.
  graph.ready.catch(() => undefined);
  const haltView = createHaltView({ bus, jwks: keys, now, onNotice: () => { halts++; }, onError: (error) => options.onError(error, 'halts'), ...(options.report !== undefined && { report: options.report }), ...(topics?.halts === undefined ? {} : { topic: topics.halts }) });

  const revocations = createRevocationView({ bus, jwks: keys, now, onError: (error) => options.onError(error, 'revocations'), ...(topics?.revocations === undefined ? {} : { topic: topics.revocations }) });

  // Before audit has said anything, being behind counts from here; what it said once counts for ever, however often policy starts again.
  const since = now();
  let complete: number | undefined;
  const standing = followSigned(bus, {
    ...common('standing'), topic: topics?.standing ?? topic.auditStanding, signer: 'audit', validate: validateAuditStanding, keyOf: ({ origin }) => origin,
    // A clock that is ahead says nothing of what is still to come.
    onChange: (_, said) => { if (said !== undefined) complete = Math.max(complete ?? 0, Math.min(said.completeUntil, now())); },
  });
  standing.ready.catch(() => undefined);

  const ready = Promise.all([agents.ready, tools.ready, people.ready, haltView.ready, revocations.ready]).then(() => undefined);
  // Stopped before it was ready is no failure; who waits for it is told all the same.
  ready.catch(() => undefined);
  return {
    agent: (id) => agents.get(id),
    tool: (name) => compiled.get(name)?.tool,
    catalogue: () => [...compiled.values()].map(({ tool }) => tool.snapshot),
    argumentsFault: (tool, args) => compiled.get(tool.name)?.check(args) ?? null,
    person: (id) => people.get(id),
    people: function* () { for (const [, person] of people.entries()) yield person; },
    halt: (tenant, agent, tool, run, except) => haltView.halted({ tenant, agent, tool, run }, except)?.halt ?? null,
    haltsVersion: () => halts,
    paused: (tenant, agent, tool, run) => (haltView.size === 0 ? null : haltView.paused({ tenant, agent, tool, run })?.halt ?? null),
    revocations,
    graph: () => (graph.isStale() || nodes.size === 0 ? null : compiledGraph ??= graphOf(nodes.values(), String(changes))),
    level: (tenant, agent, run) => {
      if (levels.isStale()) return 'stale';
      const known = levels.get(levelKey({ tenant, agent }));
      if (known === undefined) return 'normal';
      const own = known.runs?.find((one) => one.run === run)?.level;
      return own === 'high' || known.level === 'normal' ? own ?? known.level : known.level;
    },
    record: () => recordStanding(complete ?? since, now(), options.recordBounds ?? defaultRecordBounds),
    notLive: () => (agents.isStale() ? 'agents' : tools.isStale() ? 'tools' : people.isStale() ? 'people' : haltView.isStale() ? 'halts' : revocations.isStale() ? 'revocations' : null),
    ready,
    stop: async () => { await Promise.all([agents.stop(), tools.stop(), people.stop(), levels.stop(), graph.stop(), standing.stop(), haltView.stop(), revocations.stop()]); },
  };
};
