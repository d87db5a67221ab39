import { nodeHash } from './hashing.ts';
import type { Sha256 } from './hashing.ts';

/** The right edge of a tree: all that is needed to append. `frontier` holds the roots of the complete subtrees that make up `size`, largest first. */
export interface TreeEdge {
  readonly size: number;
  readonly frontier: readonly Uint8Array[];
}

export const emptyEdge: TreeEdge = { size: 0, frontier: [] };

/** Hashes that an append completed at one tile level, consecutive from `start` (index within the level). */
export interface TileRun {
  readonly level: number;
  readonly start: number;
  readonly hashes: Uint8Array[];
}

/** Levels of tlog-tiles are 8 tree levels apart. */
const tileHeight = 8;

/**
 * Appends leaf hashes. Returns the new edge and, for each tile level, the hashes to add to its tiles (C2SP tlog-tiles).
 * Amortised one node hash per leaf. The given edge stays as it was.
 */
export const appendLeaves = (sha256: Sha256, edge: TreeEdge, leaves: readonly Uint8Array[]): { readonly edge: TreeEdge; readonly tiles: readonly TileRun[] } => {
  const frontier = [...edge.frontier];
  const runs: TileRun[] = [];
  let size = edge.size;
  const emit = (level: number, index: number, hash: Uint8Array) => {
    const run = runs[level];
    if (run) run.hashes.push(hash);
    else runs[level] = { level, start: index, hashes: [hash] };
  };
  for (const leaf of leaves) {
    let hash = leaf;
    let height = 0;
    emit(0, size, hash);
    // Each trailing one bit of the size is a complete subtree of that height which this leaf completes into a larger one.
    for (let rest = size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      hash = nodeHash(sha256, frontier.pop()!, hash);
      height++;
      if (height % tileHeight === 0) emit(height / tileHeight, Math.floor(size / 2 ** height), hash);
    }
    frontier.push(hash);
    size++;
  }
  return { edge: { size, frontier }, tiles: runs.filter(Boolean) };
};

/** Merkle tree head of the edge (RFC 6962 section 2.1); of an empty tree SHA-256 of nothing. */
export const rootOf = (sha256: Sha256, edge: TreeEdge): Uint8Array =>
  edge.frontier.length === 0 ? sha256() : edge.frontier.reduceRight((right, left) => nodeHash(sha256, left, right));
