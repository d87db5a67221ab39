import { commit } from '@countersign/audit/outbound/seal';
import type { Leaf } from '@countersign/audit/core/entry';
import { validateAuditLeaf } from '@countersign/contracts';
import { encodings } from '@countersign/identity';
import { leafHash, parseProof, verifyInclusion } from '@countersign/tamper-log';
import type { Checkpoint } from '@countersign/tamper-log';

/** One entry as it was taken home. */
export interface TakenEntry {
  readonly index: number;
  readonly leaf: Uint8Array;
  /** C2SP tlog-proof. */
  readonly proof: string;
  /** Absent where it was erased, or is gone. */
  readonly opened?: { readonly salt: Uint8Array; readonly payload: Uint8Array };
}

/** Which part is wrong, and why. */
export interface Fault { readonly part: 'leaf' | 'proof' | 'salt' | 'payload'; readonly why: string }

/** Whether an entry stands in the tree under this checkpoint, and its payload is what it commits to. Says nothing about the checkpoint's signature. */
export const faultOf = (entry: TakenEntry, note: string, checkpoint: Checkpoint): Fault | undefined => {
  const proof = parseProof(encodings, entry.proof);
  if (proof === undefined) return { part: 'proof', why: 'is no tlog-proof' };
  if (proof.index !== entry.index) return { part: 'proof', why: `is about entry ${proof.index}` };
  if (proof.note !== note) return { part: 'proof', why: 'carries another checkpoint than the export' };
  const leaf = leafIn(entry.leaf);
  if (!verifyInclusion(encodings.sha256, proof.index, checkpoint.size, leafHash(encodings.sha256, entry.leaf), proof.path, checkpoint.root)) {
    // A leaf that reads well may still be a forged one; one that does not was certainly changed.
    return leaf === undefined ? { part: 'leaf', why: 'is not what stands in the log' } : { part: 'leaf', why: 'or its proof is not what stands in the log: they do not lead to the signed root' };
  }
  if (leaf === undefined) return { part: 'leaf', why: 'is signed but is no entry of a version that this program knows' };
  if (entry.opened !== undefined && entry.opened.salt.length !== 32) return { part: 'salt', why: 'is not 32 bytes' };
  if (entry.opened !== undefined && commit(entry.opened.salt, entry.opened.payload) !== leaf.payload) return { part: 'payload', why: 'or its salt is not what the entry commits to' };
  return undefined;
};

/** The leaf; undefined where the bytes are none that this program understands. */
export const leafIn = (bytes: Uint8Array): Leaf | undefined => {
  const value = jsonIn(bytes);
  return validateAuditLeaf(value) ? value as Leaf : undefined;
};

export const jsonIn = (bytes: Uint8Array | undefined): unknown => {
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch {
    return undefined;
  }
};
