import { leafHash, nodeHash } from '@countersign/tamper-log';
import { encodings } from './note.ts';

const { sha256 } = encodings;

/** A proof that somebody hands over, and whether it holds. In the shape of the test data of transparency-dev/merkle: numbers, base64 and what was done to it. */
export type Probe = { readonly desc: string; readonly wantErr: boolean; readonly proof: readonly string[] } & (
  | { readonly leafIdx: number; readonly treeSize: number; readonly root: string; readonly leafHash: string }
  | { readonly size1: number; readonly size2: number; readonly root1: string; readonly root2: string });

// Inputs of the Certificate Transparency reference implementation; their roots stand in libs/tamper-log/src/tree.spec.ts.
const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map((text) => Buffer.from(text, 'hex'));
const leaves = inputs.map((input) => leafHash(sha256, input));

// RFC 6962, section 2.1, word for word and over the list of leaves: not by the tiles that libs/tamper-log proves from.
const split = (n: number): number => { let k = 1; while (k * 2 < n) k *= 2; return k; };
const root = (of: readonly Uint8Array[]): Uint8Array => (of.length === 1 ? of[0]! : nodeHash(sha256, root(of.slice(0, split(of.length))), root(of.slice(split(of.length)))));
const path = (m: number, of: readonly Uint8Array[]): Uint8Array[] => {
  if (of.length === 1) return [];
  const k = split(of.length);
  return m < k ? [...path(m, of.slice(0, k)), root(of.slice(k))] : [...path(m - k, of.slice(k)), root(of.slice(0, k))];
};
const subproof = (m: number, of: readonly Uint8Array[], whole: boolean): Uint8Array[] => {
  if (m === of.length) return whole ? [] : [root(of)];
  const k = split(of.length);
  return m <= k ? [...subproof(m, of.slice(0, k), whole), root(of.slice(k))] : [...subproof(m - k, of.slice(k), false), root(of.slice(0, k))];
};

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const flipped = (hash: string, bit: number): string => { const bytes = Buffer.from(hash, 'base64'); bytes[bit >> 3]! ^= 1 << (bit & 7); return bytes.toString('base64'); };
const garbage = text(sha256(Buffer.from('garbage')));
const empty = text(sha256());

/** What a forger does to a proof, whatever it proves. */
const bent = (proof: readonly string[], roots: readonly string[]): readonly { readonly desc: string; readonly proof: readonly string[] }[] => [
  ...proof.map((hash, i) => ({ desc: `modified proof[${i}] bit 4`, proof: proof.with(i, flipped(hash, 4)) })),
  { desc: 'trailing garbage', proof: [...proof, garbage] }, { desc: 'preceding garbage', proof: [garbage, ...proof] },
  ...roots.flatMap((one, i) => [{ desc: `trailing root${i + 1}`, proof: [...proof, one] }, { desc: `preceding root${i + 1}`, proof: [one, ...proof] }]),
  ...proof.length === 0 ? [] : [{ desc: 'truncated proof', proof: proof.slice(0, -1) }, { desc: 'removed component', proof: proof.slice(1) }, { desc: 'inserted component', proof: [proof[0]!, garbage, ...proof.slice(1)] }, { desc: 'empty proof', proof: [] }],
];

const inclusion = (leafIdx: number, treeSize: number): readonly Probe[] => {
  const of = leaves.slice(0, treeSize);
  const happy = { leafIdx, treeSize, root: text(root(of)), leafHash: text(leaves[leafIdx]!), proof: path(leafIdx, of).map(text) };
  return [
    { ...happy, desc: 'happy path', wantErr: false },
    ...[
      { desc: 'leafIdx - 1', leafIdx: leafIdx - 1 }, { desc: 'leafIdx + 1', leafIdx: leafIdx + 1 }, { desc: 'leafIdx ^ 2', leafIdx: leafIdx ^ 2 }, { desc: 'treeSize * 2', treeSize: treeSize * 2 }, { desc: 'treeSize / 2', treeSize: treeSize >> 1 },
      { desc: 'wrong leaf', leafHash: garbage }, { desc: 'leaf bit 4', leafHash: flipped(happy.leafHash, 4) }, { desc: 'empty root', root: empty }, { desc: 'random root', root: garbage }, ...bent(happy.proof, [happy.root]),
    ].map((change) => ({ ...happy, ...change, wantErr: true })),
  ];
};

const consistency = (size1: number, size2: number): readonly Probe[] => {
  const [of1, of2] = [leaves.slice(0, size1), leaves.slice(0, size2)];
  const happy = { size1, size2, root1: text(root(of1)), root2: text(root(of2)), proof: subproof(size1, of2, true).map(text) };
  const same = size1 === size2;
  return [
    { ...happy, desc: 'happy path', wantErr: false },
    ...[
      { desc: 'size1 - 1', size1: size1 - 1 }, { desc: 'size1 + 1', size1: size1 + 1 }, { desc: 'size1 ^ 2', size1: size1 ^ 2 }, { desc: 'size2 * 2', size2: size2 * 2 }, { desc: 'size2 / 2', size2: size2 >> 1 },
      { desc: 'wrong root1', root1: garbage }, { desc: 'wrong root2', root2: garbage }, ...same ? [] : [{ desc: 'swapped roots', root1: happy.root2, root2: happy.root1 }], ...bent(happy.proof, [happy.root1, happy.root2]),
    ].map((change) => ({ ...happy, ...change, wantErr: true })),
  ];
};

const pairs = Array.from({ length: leaves.length }, (_, i) => i + 1).flatMap((size) => Array.from({ length: size }, (_, i) => [i, size] as const));

/** Every leaf of every tree of up to eight, and every growth within them, with everything that is done to each. */
export const probes: readonly Probe[] = [...pairs.flatMap(([leafIdx, size]) => inclusion(leafIdx, size)), ...pairs.flatMap(([before, size]) => consistency(before + 1, size))]
  // Below zero there is no number that the other verifier could be asked about.
  .filter((probe) => ('leafIdx' in probe ? probe.leafIdx >= 0 && probe.treeSize >= 0 : probe.size1 >= 0 && probe.size2 >= 0));
