import type { AgentSnapshot, GraphNode, PersonSnapshot, PublicJwk, ToolSnapshot } from '@countersign/contracts';
import type { OutboxMessage } from '@countersign/event-store';
import type { Named } from '@countersign/kernel';
import type { Run } from '../core/run.ts';

export interface AgentEntry { readonly agent: string; readonly version: number; readonly snapshot: AgentSnapshot; readonly key: PublicJwk; readonly lastUseAt: string | null }
export interface ToolEntry { readonly tool: string; readonly version: number; readonly snapshot: ToolSnapshot }
export interface NodeEntry { readonly node: string; readonly version: number; readonly snapshot: GraphNode }
export interface PersonEntry { readonly person: string; readonly version: number; readonly snapshot: PersonSnapshot | null }

/** The read models: who and what there is now. */
export interface Inventory {
  putAgent(id: string, version: number, snapshot: AgentSnapshot, key: PublicJwk): Promise<void>;
  putTool(id: string, version: number, snapshot: ToolSnapshot): Promise<void>;
  putNodes(nodes: readonly GraphNode[]): Promise<void>;
  putPerson(id: string, version: number, snapshot: PersonSnapshot | null): Promise<void>;
  agent(id: string): Promise<AgentEntry | undefined>;
  person(id: string): Promise<PersonEntry | undefined>;
  agents(): Promise<readonly AgentEntry[]>;
  tools(): Promise<readonly ToolEntry[]>;
  nodes(): Promise<readonly NodeEntry[]>;
  /** Another text whenever a node changed. */
  graphVersion(): Promise<string>;
  people(): Promise<readonly PersonEntry[]>;
  /** null where there is none. */
  run(id: string): Promise<Run | null>;
  openRuns(runs: readonly Run[], openedAt: number, purpose: string | null): Promise<void>;
  /** Last use of agents, epoch ms; only forward. */
  used(uses: readonly { readonly agent: string; readonly at: number }[]): Promise<void>;
  /** Versions of all rows by stream name. */
  versions(): Promise<ReadonlyMap<string, number>>;
}

/** Runs `work` while nobody else, in any process, works under this name. */
export type Exclusively = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** The snapshot of one thing as a message for its compacted topic, and its events for the record. */
export interface Messages {
  snapshot(kind: 'agent' | 'tool' | 'person' | 'node', key: string, body: AgentSnapshot | ToolSnapshot | PersonSnapshot | GraphNode): OutboxMessage;
  events(stream: string, events: readonly Named[], lastVersion: number, by: string, at: number): readonly OutboxMessage[];
}
