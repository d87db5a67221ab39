import { argumentsDigest } from '@countersign/identity';
import type { Append, EventStore } from '@countersign/event-store';
import { StreamContended } from '@countersign/event-store';
import type { GraphNode, PutGraphRequest } from '@countersign/contracts';
import { fold } from '@countersign/kernel';
import { importChanges, markChange, mayLoosen } from '../core/graph-change.ts';
import type { Given, NodeChange, Standing } from '../core/graph-change.ts';
import { systemGraph } from '../core/neighbourhood.ts';
import type { SystemGraph } from '../core/neighbourhood.ts';
import { nodeDecider } from '../core/node.ts';
import type { NodeDefinition, NodeEvent } from '../core/node.ts';
import type { Inventory, Messages } from './ports.ts';

export interface GraphPorts { readonly store: EventStore; readonly inventory: Inventory; readonly messages: Messages; readonly tenant: string; readonly now: () => number; /** Most nodes there may be. */ readonly maxNodes: number }
/** A second person's verified signature under a change. */
export interface GraphReview { readonly by: string; readonly roles: readonly string[]; readonly change: string; readonly jws: string }
/** `digest` commits to each node's version before and content after; `loosened` says what is taken away, in words. */
export interface GraphPlan { readonly changes: readonly NodeChange[]; readonly digest: string; readonly loosened: readonly string[]; readonly given: number }
export type GraphOutcome = { readonly status: 'done'; readonly plan: GraphPlan } | { readonly status: 'refused'; readonly code: 'review_required' | 'self_approval' | 'graph_too_large' | 'not_found' | 'too_large'; readonly detail: string };
type Wanted = (standing: ReadonlyMap<string, Standing>) => { readonly changes: readonly NodeChange[]; readonly given: number } | 'not_found';

export const graphReviewerRole = 'policy-reviewer';
const attempts = 3;
/** Of one node, so that its event fits the topic with everything around it; and what a node may have in marks, pinned ones included. */
const mostBytes = 100_000, mostMarks = 16;
const told = 20;

const givenOf = ({ node, kind, title = node, owner = null, dependsOn = [], neededBy = [], marks = [], paths = [] }: PutGraphRequest['nodes'][number]): Given => ({ node, kind, title, owner, dependsOn, neededBy, marks, paths });
const definitionOf = ({ tenant: _tenant, version: _version, status: _status, ...definition }: GraphNode): NodeDefinition => definition;

/** The system graph: what is asked of it, and changes of many nodes that are made together or not at all. */
export const createGraph = ({ store, inventory, messages, tenant, now, maxNodes }: GraphPorts) => {
  let known: { readonly version: string; readonly graph: SystemGraph } | undefined;
  const live = async (): Promise<readonly GraphNode[]> => (await inventory.nodes()).flatMap(({ snapshot }) => (snapshot.status === 'live' ? [snapshot] : []));
  const standing = async (): Promise<ReadonlyMap<string, Standing>> => new Map((await inventory.nodes()).map(({ node, version, snapshot }) => [node, { version, node: snapshot.status === 'live' ? definitionOf(snapshot) : null }]));

  const appendOf = ({ node, version, before, after }: NodeChange, by: string, at: number, review: GraphReview | null): { readonly append: Append; readonly snapshot: GraphNode } => {
    const state = before === null ? nodeDecider.initialState : { status: 'live' as const, node: before, digest: argumentsDigest(before) };
    const outcome = nodeDecider.decide(after === null ? { type: 'remove', by, now: at } : { type: 'put', node: after, digest: argumentsDigest(after), by, now: at }, state);
    if (outcome.status !== 'accepted') throw new Error(`a change of ${node} that changes nothing`);
    const events = outcome.events.map((event): NodeEvent => (review === null ? event : { ...event, review: { by: review.by, jws: review.jws } }));
    const snapshot: GraphNode = { ...(after ?? before)!, tenant, version: version + events.length, status: after === null ? 'gone' : 'live' };
    const stream = `node:${node}`;
    return { snapshot, append: { stream, expectedVersion: version, at, by, events: events.map((event) => ({ type: event.type, data: event })), outbox: [messages.snapshot('node', node, snapshot), ...messages.events(stream, events, snapshot.version, by, at)] } };
  };

  /** Rows that a crash left behind their streams. */
  const catchUp = async (): Promise<void> => {
    const rows = await inventory.versions();
    const behind: GraphNode[] = [];
    for (const [stream, version] of await store.heads('node:')) {
      if (rows.get(stream) === version) continue;
      const state = fold(nodeDecider, (await store.load(stream)).events.map(({ data }) => data as NodeEvent));
      if (state.status !== 'none') behind.push({ ...state.node, tenant, version, status: state.status });
    }
    await inventory.putNodes(behind);
  };

  const change = async (wanted: Wanted, by: string, { dryRun = false, review = null }: { readonly dryRun?: boolean; readonly review?: GraphReview | null }): Promise<GraphOutcome> => {
    for (let left = attempts; left > 0; left--) {
      const before = await standing();
      const asked = wanted(before);
      if (asked === 'not_found') return { status: 'refused', code: 'not_found', detail: 'there is no such node in the system graph' };
      const { changes, given } = asked;
      const total = [...before.values()].filter(({ node }) => node !== null).length + changes.reduce((sum, one) => sum + Number(one.before === null) - Number(one.after === null), 0);
      if (total > maxNodes) return { status: 'refused', code: 'graph_too_large', detail: `the graph would have ${total} nodes, at most ${maxNodes} are taken; nothing was changed` };
      const over = changes.find(({ after }) => after !== null && (after.marks.length > mostMarks || Buffer.byteLength(JSON.stringify(after)) > mostBytes));
      if (over !== undefined) return { status: 'refused', code: 'too_large', detail: `${over.node} would have more than ${mostMarks} marks, pinned ones included, or ${mostBytes} bytes; nothing was changed` };
      const loosened = mayLoosen(changes);
      const plan: GraphPlan = { changes, given, loosened, digest: argumentsDigest(changes.map(({ node, version, after }) => [node, version, after])) };
      if (dryRun || changes.length === 0) return { status: 'done', plan };
      if (loosened.length > 0) {
        if (review === null || review.change !== plan.digest || !review.roles.includes(graphReviewerRole)) return { status: 'refused', code: 'review_required', detail: `${loosened.slice(0, told).join('; ')}${loosened.length > told ? `; and ${loosened.length - told} more` : ''}. Somebody else with the role ${graphReviewerRole} has to sign the change ${plan.digest}` };
        if (review.by === by) return { status: 'refused', code: 'self_approval', detail: 'whoever changes the graph cannot review the change' };
      }
      const at = now();
      const made = changes.map((one) => appendOf(one, by, at, loosened.length > 0 ? review : null));
      const appended = await store.appendAll(made.map(({ append }) => append));
      if (appended.status === 'ok') {
        await inventory.putNodes(made.map(({ snapshot }) => snapshot));
        return { status: 'done', plan };
      }
      await catchUp();
    }
    throw new StreamContended('the system graph');
  };

  return {
    nodes: live,
    put: ({ nodes, prune = false, dryRun = false }: PutGraphRequest, by: string, review: GraphReview | null): Promise<GraphOutcome> => {
      const given = [...new Map(nodes.map((node) => [node.node, givenOf(node)])).values()];
      return change((before) => ({ changes: importChanges(given, before, prune), given: given.length }), by, { dryRun, review });
    },
    mark: (node: string, { add = [], remove = [], dryRun = false }: { readonly add?: readonly string[]; readonly remove?: readonly string[]; readonly dryRun?: boolean }, by: string, review: GraphReview | null): Promise<GraphOutcome> =>
      change((before) => { const at = before.get(node); return at?.node == null ? 'not_found' : { changes: markChange(at, add, remove), given: 1 }; }, by, { dryRun, review }),
    /** Blast radii are made again when something changed, by whatever instance. */
    current: async (): Promise<SystemGraph> => {
      const version = await inventory.graphVersion();
      if (known?.version !== version) known = { version, graph: systemGraph(await live()) };
      return known.graph;
    },
  };
};
