import { argumentsDigest } from '@countersign/identity';
import type { GraphNode, PutGraphRequest } from '@countersign/contracts';
import type { NodeDefinition } from '../core/node.ts';
import type { Manage } from './manage.ts';
import type { Inventory } from './ports.ts';

type Given = PutGraphRequest['nodes'][number];
const definitionOf = ({ node, kind, title = node, owner = null, dependsOn = [], marks = [], paths = [] }: Given): NodeDefinition =>
  ({ node, kind, title, owner, dependsOn: [...new Set(dependsOn)].sort(), marks: [...new Set(marks)].sort(), paths: [...new Set(paths)].sort() });

/** The system graph: what was imported, node by node. */
export const createGraph = (manage: Manage, inventory: Inventory, now: () => number) => {
  const nodes = async (): Promise<readonly GraphNode[]> => (await inventory.nodes()).flatMap(({ snapshot }) => (snapshot.status === 'live' ? [snapshot] : []));
  return {
    nodes,
    /** Puts nodes as they are now; `prune` lets go of those that are not among them. */
    put: async ({ nodes: given, prune = false }: PutGraphRequest, by: string): Promise<readonly GraphNode[]> => {
      for (const one of given) {
        const node = definitionOf(one);
        await manage.node(node.node, { type: 'put', node, digest: argumentsDigest(node), by, now: now() }, by);
      }
      const named = new Set(given.map(({ node }) => node));
      if (prune) for (const { node } of await nodes()) if (!named.has(node)) await manage.node(node, { type: 'remove', by, now: now() }, by);
      return nodes();
    },
  };
};
