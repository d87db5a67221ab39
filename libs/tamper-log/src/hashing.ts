/** SHA-256 of the concatenation of the parts; handed in, so that this library imports nothing. Returns 32 bytes. */
export type Sha256 = (...parts: readonly Uint8Array[]) => Uint8Array;

const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

/** RFC 6962 section 2.1: SHA-256(0x00 ‖ entry). */
export const leafHash = (sha256: Sha256, entry: Uint8Array): Uint8Array => sha256(leafPrefix, entry);

/** RFC 6962 section 2.1: SHA-256(0x01 ‖ left ‖ right). */
export const nodeHash = (sha256: Sha256, left: Uint8Array, right: Uint8Array): Uint8Array => sha256(nodePrefix, left, right);

/** Largest power of two below n (n ≥ 2): where RFC 6962 splits a tree of n leaves. */
export const splitPoint = (n: number): number => {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
};

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);
