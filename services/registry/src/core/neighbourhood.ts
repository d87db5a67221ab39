import type { GraphNode } from '@countersign/contracts';
import { blastRadii, dependantsOf } from '@countersign/kernel';
import type { Radius } from '@countersign/kernel';

export interface Neighbour { readonly node: string; readonly kind: string; readonly title: string; readonly owner: string | null; readonly marks: readonly string[]; /** Steps from the node that was asked for. */ readonly depth: number; readonly radius: Radius }
export interface Neighbourhood {
  readonly radius: Radius;
  /** Marks of the node and of everything that depends on it. */
  readonly marks: readonly string[];
  /** Owners of those. */
  readonly owners: readonly string[];
  readonly dependants: readonly Neighbour[];
  readonly dependencies: readonly Neighbour[];
  /** How many within the depth were left out. */
  readonly more: { readonly dependants: number; readonly dependencies: number };
  /** Between the nodes that are shown: who depends on whom. */
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}
export interface SystemGraph { readonly nodes: ReadonlyMap<string, GraphNode>; of(node: string, depth: number, most: number): Neighbourhood | undefined }

const nobody: ReadonlySet<string> = new Set();
const nowhere: Radius = { count: 0, weight: 0 };
const mostEdges = 5_000, mostMarks = 5_000, mostOwners = 200;

/** The graph as it is asked about: blast radii of all nodes are made once. */
export const systemGraph = (live: readonly GraphNode[]): SystemGraph => {
  const nodes = new Map(live.map((node) => [node.node, node]));
  const dependants = dependantsOf(live);
  const dependencies = new Map<string, Set<string>>();
  for (const [needed, by] of dependants) for (const one of by) dependencies.set(one, (dependencies.get(one) ?? new Set()).add(needed));
  const radii = blastRadii(live);
  /** By distance, nearest first; within one distance the heaviest first. */
  const walk = (from: string, edges: ReadonlyMap<string, ReadonlySet<string>>): Map<string, number> => {
    const depths = new Map([[from, 0]]);
    for (const [at, depth] of depths) for (const next of edges.get(at) ?? nobody) if (nodes.has(next) && !depths.has(next)) depths.set(next, depth + 1);
    depths.delete(from);
    return depths;
  };
  const shown = (depths: ReadonlyMap<string, number>, depth: number): Neighbour[] => [...depths].filter(([, at]) => at <= depth).map(([id, at]) => {
    const { kind, title, owner, marks } = nodes.get(id)!;
    return { node: id, kind, title, owner, marks, depth: at, radius: radii.get(id) ?? nowhere };
  }).sort((a, b) => a.depth - b.depth || b.radius.weight - a.radius.weight || b.marks.length - a.marks.length || (a.node < b.node ? -1 : 1));
  return {
    nodes,
    of: (id, depth, most) => {
      const node = nodes.get(id);
      if (node === undefined) return undefined;
      const reached = walk(id, dependants);
      const above = shown(reached, depth), below = shown(walk(id, dependencies), depth);
      const affected = [node, ...[...reached.keys()].map((one) => nodes.get(one)!)];
      const kept = { dependants: above.slice(0, most), dependencies: below.slice(0, most) };
      const visible = new Set([id, ...kept.dependants.map((one) => one.node), ...kept.dependencies.map((one) => one.node)]);
      const edges = [...visible].flatMap((from) => [...dependencies.get(from) ?? nobody].filter((to) => to !== from && visible.has(to)).map((to) => ({ from, to })));
      return {
        radius: radii.get(id) ?? nowhere, marks: [...new Set(affected.flatMap(({ marks }) => marks))].sort().slice(0, mostMarks), owners: [...new Set(affected.flatMap(({ owner }) => owner ?? []))].sort().slice(0, mostOwners),
        ...kept, more: { dependants: above.length - kept.dependants.length, dependencies: below.length - kept.dependencies.length }, edges: edges.slice(0, mostEdges),
      };
    },
  };
};
