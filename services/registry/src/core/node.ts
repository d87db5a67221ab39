import { accepted, nothingNew } from '@countersign/kernel';
import type { Decider } from '@countersign/kernel';
import type { GraphNode } from '@countersign/contracts';

export type NodeDefinition = Omit<GraphNode, 'tenant' | 'version' | 'status'>;

/** Who countersigned a change that takes something away, and how. */
export interface NodeReview { readonly by: string; readonly jws: string }
/** `digest` is the SHA-256 of the canonical definition. */
export interface NodePut { readonly type: 'node.put'; readonly node: NodeDefinition; readonly digest: string; readonly by: string; readonly review?: NodeReview; readonly at: number }
export interface NodeRemoved { readonly type: 'node.removed'; readonly by: string; readonly review?: NodeReview; readonly at: number }
export type NodeEvent = NodePut | NodeRemoved;
export type NodeCommand =
  | { readonly type: 'put'; readonly node: NodeDefinition; readonly digest: string; readonly by: string; readonly now: number }
  | { readonly type: 'remove'; readonly by: string; readonly now: number };
export type Node = { readonly status: 'none' } | { readonly status: 'live' | 'gone'; readonly node: NodeDefinition; readonly digest: string };

/** A node of the system graph: every change of content is a new version; what is gone may come back. */
export const nodeDecider: Decider<NodeCommand, NodeEvent, Node, never> = {
  initialState: { status: 'none' },
  decide: (command, state) => {
    if (command.type === 'remove') return state.status === 'live' ? accepted({ type: 'node.removed', by: command.by, at: command.now }) : nothingNew;
    return state.status === 'live' && state.digest === command.digest ? nothingNew : accepted({ type: 'node.put', node: command.node, digest: command.digest, by: command.by, at: command.now });
  },
  evolve: (state, event) => {
    if (event.type === 'node.put') return { status: 'live', node: event.node, digest: event.digest };
    if (event.type === 'node.removed' && state.status !== 'none') return { ...state, status: 'gone' };
    throw new Error(`unexpected node event: ${JSON.stringify(event)}`);
  },
};
