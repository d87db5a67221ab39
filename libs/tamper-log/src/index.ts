export * from './checkpoint.ts';
export * from './cosignature.ts';
export { leafHash, nodeHash, sameBytes } from './hashing.ts';
export type { Sha256 } from './hashing.ts';
export * from './proof.ts';
export * from './tiles.ts';
export * from './tree.ts';
