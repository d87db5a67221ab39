import type { AgentSnapshot, GraphNode, PersonSnapshot, PublicJwk, Revocation, ToolSnapshot } from '@countersign/contracts';
import type { OutboxMessage } from '@countersign/event-store';
import type { Named } from '@countersign/kernel';
import type { AgentKeyState } from '../core/credentials.ts';
import type { Deed } from '../core/deed.ts';
import type { Sighting } from '../core/shadow.ts';
import type { ChildRun, Run, Taken } from '../core/run.ts';

export interface AgentEntry { readonly agent: string; readonly version: number; readonly snapshot: AgentSnapshot; /** null while an imported draft has none. */ readonly key: PublicJwk | null; readonly lastUseAt: string | null }
/** An agent with the keys that it may authenticate with. */
export type ClientEntry = Pick<AgentEntry, 'agent' | 'snapshot'> & { readonly keys: readonly AgentKeyState[] };
export interface ToolEntry { readonly tool: string; readonly version: number; readonly snapshot: ToolSnapshot }
export interface NodeEntry { readonly node: string; readonly version: number; readonly snapshot: GraphNode }
export interface PersonEntry { readonly person: string; readonly version: number; readonly snapshot: PersonSnapshot | null }

/** The read models: who and what there is now. */
export interface Inventory {
  putAgent(id: string, version: number, snapshot: AgentSnapshot, key: PublicJwk | null): Promise<void>;
  putTool(id: string, version: number, snapshot: ToolSnapshot): Promise<void>;
  putNodes(nodes: readonly GraphNode[]): Promise<void>;
  putPerson(id: string, version: number, snapshot: PersonSnapshot | null): Promise<void>;
  agent(id: string): Promise<AgentEntry | undefined>;
  /** An agent with the keys it may show at the token endpoint. */
  client(id: string): Promise<ClientEntry | undefined>;
  person(id: string): Promise<PersonEntry | undefined>;
  agents(): Promise<readonly AgentEntry[]>;
  tools(): Promise<readonly ToolEntry[]>;
  nodes(): Promise<readonly NodeEntry[]>;
  /** Another text whenever a node changed. */
  graphVersion(): Promise<string>;
  people(): Promise<readonly PersonEntry[]>;
  /** null where there is none. */
  run(id: string): Promise<Run | null>;
  /** Opens the child run of a delegation; false where its action has one. */
  openChild(run: ChildRun, openedAt: number, taken: Taken): Promise<boolean>;
  /** The child run of an action, and what it was opened with; null where it has none, or that is not known. */
  childOf(parent: string, action: string): Promise<(ChildRun & Taken & { readonly openedAt: number }) | null>;
  openRuns(runs: readonly Run[], openedAt: number, purpose: string | null): Promise<void>;
  /** Last use of agents, epoch ms; only forward. */
  used(uses: readonly { readonly agent: string; readonly at: number }[]): Promise<void>;
  /** Versions of all rows by stream name. */
  versions(): Promise<ReadonlyMap<string, number>>;
}

export type { Deed } from '../core/deed.ts';
/** What was decided about each action. */
export interface Deeds { put(deeds: readonly Deed[]): Promise<void>; get(run: string, action: string): Promise<Deed | undefined>; /** Forgets some of those decided before (epoch ms); how many. */ prune(before: number, atMost: number): Promise<number> }

/** Names that spoke and are nobody's. */
export interface Shadows {
  see(sightings: readonly Sighting[], others: number): Promise<void>;
  list(): Promise<{ readonly shadows: readonly Sighting[]; readonly shadowsForgotten: number }>;
  /** Seen on this day (of the epoch) and not told about on it. */
  untold(day: number, atMost: number): Promise<readonly Sighting[]>;
  told(principals: readonly string[], day: number): Promise<void>;
}

/** Runs `work` while nobody else, in any process, works under this name. */
export type Exclusively = <T>(name: string, work: () => Promise<T>) => Promise<T>;
/** Keys and revocations as rows. */
export interface CredentialBook {
  putKeys(agent: string, version: number, keys: readonly AgentKeyState[]): Promise<void>;
  keys(agent: string): Promise<readonly AgentKeyState[]>;
  keyVersions(): Promise<ReadonlyMap<string, number>>;
  /** Session keys (thumbprints) of runs that a key opened and that are not over. */
  sessionsOf(agent: string, thumbprint: string, at: number, most: number): Promise<readonly string[]>;
  addRevocations(entries: readonly Revocation[]): Promise<void>;
  /** Of one agent, newest first; of all where none is named. */
  revocations(agent?: string): Promise<readonly Revocation[]>;
  known(ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** Agents with a key that ends by `until` and was not announced. */
  expiring(until: number): Promise<readonly string[]>;
  /** Forgets entries whose `until` is before; their ids. */
  prune(before: number): Promise<readonly string[]>;
}

/** The snapshot of one thing as a message for its compacted topic, and its events for the record. */
export interface Messages {
  snapshot(kind: 'agent' | 'tool' | 'person' | 'node', key: string, body: AgentSnapshot | ToolSnapshot | PersonSnapshot | GraphNode): OutboxMessage;
  events(stream: string, events: readonly Named[], lastVersion: number, by: string, at: number): readonly OutboxMessage[];
}

/** Entries of the revocations' topic. */
export interface RevocationMessages {
  revocation(entry: Revocation): OutboxMessage;
  /** A tombstone: takes the entry off the topic; readers take nothing back. */
  forgotten(revocation: string): OutboxMessage;
}
