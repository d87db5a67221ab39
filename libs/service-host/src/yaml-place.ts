import { isCollection, isNode } from 'yaml';
import type { Node } from 'yaml';

/** Where a problem of a YAML text that people wrote is to be shown: the node of `a.b[2].c`, or of the nearest thing around it. */
export const nearestNode = (contents: unknown, path: string): Node | undefined => {
  let node = isNode(contents) ? contents : undefined;
  for (const [, index, key] of path.matchAll(/\[(\d+)\]|([^.[\]]+)/g)) {
    const next = isCollection(node) ? node.get(index === undefined ? key : Number(index), true) : undefined;
    if (!isNode(next)) break;
    node = next;
  }
  return node;
};
