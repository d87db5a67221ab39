import type { NodeDefinition } from './node.ts';

/** A node as it stands: `version` of its stream, 0 where it never was; `node` null where it is gone. */
export interface Standing { readonly version: number; readonly node: NodeDefinition | null }
/** A node as somebody gives it: what people pinned is not theirs to say. */
export type Given = Omit<NodeDefinition, 'pinned'>;
export interface NodeChange { readonly node: string; readonly version: number; readonly before: NodeDefinition | null; /** Null: it goes. */ readonly after: NodeDefinition | null }

const sorted = (items: readonly string[]): string[] => [...new Set(items)].sort();
/** Optional members only where they say something, so that nodes of before keep their digest. */
const definition = ({ neededBy = [], ...given }: Given, pinned: readonly string[]): NodeDefinition => ({
  ...given, dependsOn: sorted(given.dependsOn), marks: sorted([...given.marks, ...pinned]), paths: sorted(given.paths),
  ...(neededBy.length > 0 && { neededBy: sorted(neededBy) }), ...(pinned.length > 0 && { pinned: sorted(pinned) }),
});
export const sameNode = (a: NodeDefinition, b: NodeDefinition): boolean => canonical(a) === canonical(b);
const canonical = (node: NodeDefinition): string => JSON.stringify([node.node, node.kind, node.title, node.owner, node.dependsOn, node.neededBy ?? [], node.marks, node.pinned ?? [], node.paths]);

/** What of an import is new, in the order of the nodes' names. Marks that people pinned stay, whatever the source says. */
export const importChanges = (given: readonly Given[], standing: ReadonlyMap<string, Standing>, prune: boolean): readonly NodeChange[] => {
  const changes: NodeChange[] = [];
  const named = new Set<string>();
  for (const one of given) {
    named.add(one.node);
    const { version = 0, node: before = null } = standing.get(one.node) ?? {};
    const after = definition(one, before?.pinned ?? []);
    if (before === null || !sameNode(before, after)) changes.push({ node: one.node, version, before, after });
  }
  if (prune) for (const [node, { version, node: before }] of standing) if (before !== null && !named.has(node)) changes.push({ node, version, before, after: null });
  return changes.sort((a, b) => (a.node < b.node ? -1 : 1));
};

/** What follows from a person's marks: those added are pinned, those taken away are gone until a source or person sets them again. */
export const markChange = ({ version, node: before }: Standing, add: readonly string[], remove: readonly string[]): readonly NodeChange[] => {
  if (before === null) return [];
  const { pinned = [], ...rest } = before;
  const after = definition({ ...rest, marks: before.marks.filter((mark) => !remove.includes(mark)) }, [...pinned, ...add].filter((mark) => !remove.includes(mark)));
  return sameNode(before, after) ? [] : [{ node: before.node, version, before, after }];
};

/** Nobody knew anything of such a node: whatever becomes of it, nothing is known less. */
export const unknownKind = 'unknown';

/** In which ways changes may let a blast radius come out smaller, in words; empty where they only add. */
export const mayLoosen = (changes: readonly NodeChange[]): readonly string[] => changes.flatMap(({ node, before, after }) => {
  if (before === null) return [];
  if (after === null) return [`${node} is removed`];
  const was = before.kind === unknownKind ? { ...before, kind: after.kind, marks: before.marks.filter((mark) => mark !== unknownKind) } : before;
  const lost = (what: string, from: readonly string[], to: readonly string[]): string[] => from.filter((one) => !to.includes(one)).map((one) => `${node} ${what} ${one}`);
  return [
    ...lost('loses the mark', was.marks, after.marks), ...lost('no longer depends on', was.dependsOn, after.dependsOn), ...lost('is no longer needed by', was.neededBy ?? [], after.neededBy ?? []),
    ...lost('no longer owns the path', was.paths, after.paths), ...(was.kind === after.kind ? [] : [`${node} is a ${after.kind} instead of a ${was.kind}`]),
  ];
});
