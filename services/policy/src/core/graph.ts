import type { GraphNode } from '@countersign/contracts';
import { covers, dependantsOf, reach } from '@countersign/kernel';

/** The system graph as a change is looked up in it. Made once per snapshot; nothing in it changes. */
export interface Graph {
  readonly version: string;
  node(id: string): GraphNode | undefined;
  /** Ids of the nodes that a path belongs to: of every node with a pattern that covers it. */
  nodesAt(path: string): readonly string[];
  /** Ids of the nodes that depend on these, directly or through others; these themselves are left out. */
  dependants(ids: Iterable<string>): ReadonlySet<string>;
}

interface Pattern { readonly pattern: string; readonly id: string }

/** Indexes nodes. What is gone is left out; an edge to a node that does not exist leads nowhere. */
export const graphOf = (nodes: Iterable<GraphNode>, version: string): Graph => {
  const byId = new Map<string, GraphNode>();
  for (const node of nodes) if (node.status === 'live') byId.set(node.node, node);
  /** Patterns by their first folder, so that a path is compared with few of them; '' holds those that begin with a star. */
  const byFolder = new Map<string, Pattern[]>();
  for (const node of byId.values()) {
    for (const pattern of node.paths) push(byFolder, firstFolder(pattern), { pattern, id: node.node });
  }
  const direct = dependantsOf(byId.values());
  return {
    version,
    node: (id) => byId.get(id),
    nodesAt: (path) => {
      const found = new Set<string>();
      for (const key of [firstFolder(path), '']) for (const { pattern, id } of byFolder.get(key) ?? []) if (covers(pattern, path)) found.add(id);
      return [...found];
    },
    dependants: (ids) => reach((at) => direct.get(at) ?? [], ids, (id) => byId.has(id)),
  };
};

const push = <T>(map: Map<string, T[]>, key: string, value: T): void => {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
};

/** The part before the first slash, where no star is in it. */
const firstFolder = (path: string): string => {
  const end = path.indexOf('/');
  const first = end < 0 ? path : path.slice(0, end);
  return first.includes('*') ? '' : first;
};
