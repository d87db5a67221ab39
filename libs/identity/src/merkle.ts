import { sha256 } from './bytes.ts';

const scratch = Buffer.alloc(4_096);

/** RFC 6962 leaf hash: SHA-256(0x00 ‖ entry). */
export const leafHash = (entry: Uint8Array): Buffer => {
  const room = entry.length < scratch.length ? scratch : Buffer.allocUnsafe(1 + entry.length);
  room[0] = 0;
  room.set(entry, 1);
  return sha256(room.subarray(0, 1 + entry.length));
};

/** SHA-256(0x01 ‖ left ‖ right), both 32 bytes. */
const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer => {
  scratch[0] = 1;
  scratch.set(left, 1);
  scratch.set(right, 33);
  return sha256(scratch.subarray(0, 65));
};

/** All levels of an RFC 6962 tree, leaves first; a node without sibling moves up unchanged. At least one leaf. */
export const buildTree = (leaves: readonly Buffer[]): readonly (readonly Buffer[])[] => {
  const levels: (readonly Buffer[])[] = [leaves];
  for (let level = leaves; level.length > 1; levels.push(level)) {
    const above: Buffer[] = [];
    for (let i = 0; i + 1 < level.length; i += 2) above.push(nodeHash(level[i]!, level[i + 1]!));
    if (level.length % 2 === 1) above.push(level[level.length - 1]!);
    level = above;
  }
  return levels;
};

/** Audit path of leaf `index`, bottom first, concatenated. */
export const auditPath = (levels: readonly (readonly Buffer[])[], index: number): Buffer => {
  const path: Buffer[] = [];
  for (let level = 0, at = index; level + 1 < levels.length; level++, at >>= 1) {
    const sibling = levels[level]![at ^ 1];
    if (sibling !== undefined) path.push(sibling);
  }
  return Buffer.concat(path);
};

/** Root that leaf, index, size and path lead to (RFC 9162 section 2.1.3.2); undefined unless the path has exactly the length the tree demands. */
export const rootFromPath = (leaf: Buffer, index: number, size: number, path: Buffer): Buffer | undefined => {
  if (path.length % 32 !== 0 || index >= size) return undefined;
  let node = leaf;
  let at = index;
  let last = size - 1;
  for (let i = 0; i < path.length; i += 32) {
    if (last === 0) return undefined;
    const sibling = path.subarray(i, i + 32);
    if (at % 2 === 1 || at === last) {
      node = nodeHash(sibling, node);
      while (at % 2 === 0 && at !== 0) { at >>= 1; last >>= 1; }
    } else node = nodeHash(node, sibling);
    at >>= 1;
    last >>= 1;
  }
  return last === 0 ? node : undefined;
};
