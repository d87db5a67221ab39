import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { appendLeaves, consistencyProof, emptyEdge, inclusionProof, leafHash, nodeHash, rootOf, tilesOf, verifyConsistency, verifyInclusion } from './index.ts';
import type { ReadTile, TreeEdge } from './index.ts';

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

// Inputs and roots of the Certificate Transparency reference implementation, as transparency-dev/merkle tests them.
const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map((text) => Buffer.from(text, 'hex'));
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d', 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77', 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4', '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c', '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

/** A log in memory: the edge after each append and the tiles written so far. */
const build = (leaves: readonly Uint8Array[], batches: readonly number[] = [leaves.length]) => {
  const tiles = new Map<string, Uint8Array[]>();
  let edge: TreeEdge = emptyEdge;
  let at = 0;
  for (const batch of [...batches, leaves.length]) {
    const appended = appendLeaves(sha256, edge, leaves.slice(at, at + batch));
    at = Math.min(leaves.length, at + batch);
    edge = appended.edge;
    for (const run of appended.tiles) run.hashes.forEach((hash, i) => {
      const key = `${run.level}/${Math.floor((run.start + i) / 256)}`;
      const tile = tiles.get(key) ?? [];
      if (tile.length !== (run.start + i) % 256) throw new Error('a tile with a hole');
      tiles.set(key, [...tile, hash]);
    });
  }
  const read: ReadTile = async (level, n) => Buffer.concat(tiles.get(`${level}/${n}`) ?? []);
  return { edge, read, tiles };
};

/** RFC 6962's definition, word for word, as the independent answer. */
const slowRoot = (leaves: readonly Uint8Array[]): Uint8Array => {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return leaves[0]!;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return nodeHash(sha256, slowRoot(leaves.slice(0, k)), slowRoot(leaves.slice(k)));
};
const leavesOf = (n: number) => Array.from({ length: n }, (_, i) => leafHash(sha256, Buffer.from(`entry ${i}`)));

describe('the Merkle tree', () => {
  it.each(roots.map((root, i) => [i + 1, root] as const))('has the reference root at size %i', (size, root) => {
    const { edge } = build(inputs.slice(0, size).map((input) => leafHash(sha256, input)));
    expect(hex(rootOf(sha256, edge))).toBe(root);
  });

  it('hashes nothing for the empty tree', () => {
    expect(hex(rootOf(sha256, emptyEdge))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  it('has the same root and tiles however the leaves were batched', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 700 }), fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 8 }), (size, batches) => {
      const leaves = leavesOf(size);
      const built = build(leaves, batches);
      expect(hex(rootOf(sha256, built.edge))).toBe(hex(slowRoot(leaves)));
      for (const { level, n, width } of tilesOf(size)) expect(built.tiles.get(`${level}/${n}`)).toHaveLength(width);
    }), { seed: 6962, numRuns: 40 });
  });

  it('proves every leaf, and nothing else', async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 600 }), fc.nat(), fc.nat(), async (size, some, other) => {
      const leaves = leavesOf(size);
      const { edge, read } = build(leaves);
      const index = some % size;
      const path = await inclusionProof(sha256, read, index, size);
      const root = rootOf(sha256, edge);
      expect(verifyInclusion(sha256, index, size, leaves[index]!, path, root)).toBe(true);
      expect(verifyInclusion(sha256, index, size, leafHash(sha256, Buffer.from('forged')), path, root)).toBe(false);
      if (other % size !== index) expect(verifyInclusion(sha256, other % size, size, leaves[index]!, path, root)).toBe(false);
      expect(verifyInclusion(sha256, index, size, leaves[index]!, [...path, root], root)).toBe(false);
      if (path.length > 0) expect(verifyInclusion(sha256, index, size, leaves[index]!, path.slice(1), root)).toBe(false);
    }), { seed: 6962, numRuns: 60 });
  });

  it('proves growth, and only growth', async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 600 }), fc.nat(), async (newer, some) => {
      const older = some % newer + 1;
      const leaves = leavesOf(newer);
      const now = build(leaves);
      const then = rootOf(sha256, build(leaves.slice(0, older)).edge);
      const proof = await consistencyProof(sha256, now.read, older, newer);
      const root = rootOf(sha256, now.edge);
      expect(verifyConsistency(sha256, older, newer, then, root, proof)).toBe(true);
      const rewritten = rootOf(sha256, build([leafHash(sha256, Buffer.from('rewritten')), ...leaves.slice(1, older)]).edge);
      expect(verifyConsistency(sha256, older, newer, rewritten, root, proof)).toBe(false);
      if (proof.length > 0) expect(verifyConsistency(sha256, older, newer, then, root, proof.slice(1))).toBe(false);
    }), { seed: 6962, numRuns: 60 });
  });
});
