import { nodeHash, sameBytes, splitPoint } from './hashing.ts';
import type { Sha256 } from './hashing.ts';
import { hashesPerTile } from './tiles.ts';

/** Gives the hashes of a tile (32 bytes each, as many as are written); rejects where there is no such tile. */
export type ReadTile = (level: number, n: number) => Promise<Uint8Array>;

const hashAt = (tile: Uint8Array, i: number): Uint8Array => {
  const hash = tile.subarray(i * 32, i * 32 + 32);
  if (hash.length !== 32) throw new Error(`tile too short: no hash ${i}`);
  return hash;
};

/** Each tile is asked for once: neighbouring hashes of one proof stand in the same tile. */
const once = (read: ReadTile): ReadTile => {
  const asked = new Map<string, Promise<Uint8Array>>();
  return (level, n) => {
    const name = `${level}/${n}`;
    let tile = asked.get(name);
    if (tile === undefined) asked.set(name, tile = read(level, n));
    return tile;
  };
};

/** Root of the complete subtree of 2^height leaves that begins at leaf index·2^height, out of the tile that spans it. */
const subtree = async (sha256: Sha256, read: ReadTile, height: number, index: number): Promise<Uint8Array> => {
  const level = Math.floor(height / 8);
  const inTile = height - level * 8;
  const first = index * 2 ** inTile;
  const tile = await read(level, Math.floor(first / hashesPerTile));
  let hashes = Array.from({ length: 2 ** inTile }, (_, i) => hashAt(tile, first % hashesPerTile + i));
  while (hashes.length > 1) hashes = Array.from({ length: hashes.length / 2 }, (_, i) => nodeHash(sha256, hashes[i * 2]!, hashes[i * 2 + 1]!));
  return hashes[0]!;
};

/** Merkle tree hash of leaves [from, to). */
const rangeHash = async (sha256: Sha256, read: ReadTile, from: number, to: number): Promise<Uint8Array> => {
  const n = to - from;
  const height = Math.round(Math.log2(n));
  if (2 ** height === n && from % n === 0) return subtree(sha256, read, height, from / n);
  const k = splitPoint(n);
  return nodeHash(sha256, await rangeHash(sha256, read, from, from + k), await rangeHash(sha256, read, from + k, to));
};

/** Root of the tree as it was at `size` leaves (≥ 1), out of the tiles of a tree at least that large. */
export const rootAt = (sha256: Sha256, read: ReadTile, size: number): Promise<Uint8Array> => rangeHash(sha256, once(read), 0, size);

/** Audit path of leaf `index` in the tree of `size` leaves, from the leaf's sibling up (RFC 6962 section 2.1.1). */
export const inclusionProof = async (sha256: Sha256, readTile: ReadTile, index: number, size: number): Promise<Uint8Array[]> => {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) throw new RangeError(`no leaf ${index} in a tree of ${size}`);
  const read = once(readTile);
  const path: Uint8Array[] = [];
  for (let from = 0, to = size; to - from > 1;) {
    const middle = from + splitPoint(to - from);
    if (index < middle) { path.push(await rangeHash(sha256, read, middle, to)); to = middle; }
    else { path.push(await rangeHash(sha256, read, from, middle)); from = middle; }
  }
  return path.reverse();
};

/** Proof that the tree of `older` leaves is a prefix of that of `newer` (RFC 6962 section 2.1.2). */
export const consistencyProof = async (sha256: Sha256, readTile: ReadTile, older: number, newer: number): Promise<Uint8Array[]> => {
  if (older < 1 || older > newer) throw new RangeError(`no consistency from ${older} to ${newer}`);
  const read = once(readTile);
  const proof: Uint8Array[] = [];
  let whole = true;
  let from = 0;
  let to = newer;
  while (older !== to) {
    const middle = from + splitPoint(to - from);
    if (older <= middle) { proof.push(await rangeHash(sha256, read, middle, to)); to = middle; }
    else { proof.push(await rangeHash(sha256, read, from, middle)); from = middle; whole = false; }
  }
  if (!whole) proof.push(await rangeHash(sha256, read, from, to));
  return proof.reverse();
};

/** Root that a leaf hash and its audit path lead to; undefined where the path has the wrong length (RFC 9162 section 2.1.3.2). */
export const rootFromInclusion = (sha256: Sha256, index: number, size: number, leaf: Uint8Array, path: readonly Uint8Array[]): Uint8Array | undefined => {
  if (index < 0 || index >= size) return undefined;
  let position = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of path) {
    if (last === 0) return undefined;
    if (position % 2 === 1 || position === last) {
      hash = nodeHash(sha256, sibling, hash);
      while (position % 2 === 0 && position !== 0) { position /= 2; last = Math.floor(last / 2); }
    } else hash = nodeHash(sha256, hash, sibling);
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? hash : undefined;
};

export const verifyInclusion = (sha256: Sha256, index: number, size: number, leaf: Uint8Array, path: readonly Uint8Array[], root: Uint8Array): boolean => {
  const computed = rootFromInclusion(sha256, index, size, leaf, path);
  return computed !== undefined && sameBytes(computed, root);
};

/** RFC 9162 section 2.1.4.2. */
export const verifyConsistency = (sha256: Sha256, older: number, newer: number, olderRoot: Uint8Array, newerRoot: Uint8Array, proof: readonly Uint8Array[]): boolean => {
  if (older < 1 || older > newer) return false;
  if (older === newer) return proof.length === 0 && sameBytes(olderRoot, newerRoot);
  const isPowerOfTwo = 2 ** Math.round(Math.log2(older)) === older;
  const [first, ...rest] = isPowerOfTwo ? [olderRoot, ...proof] : proof;
  if (first === undefined) return false;
  let position = older - 1;
  let last = newer - 1;
  while (position % 2 === 1) { position = Math.floor(position / 2); last = Math.floor(last / 2); }
  let olderHash = first;
  let newerHash = first;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      olderHash = nodeHash(sha256, sibling, olderHash);
      newerHash = nodeHash(sha256, sibling, newerHash);
      while (position % 2 === 0 && position !== 0) { position /= 2; last = Math.floor(last / 2); }
    } else newerHash = nodeHash(sha256, newerHash, sibling);
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && sameBytes(olderHash, olderRoot) && sameBytes(newerHash, newerRoot);
};
