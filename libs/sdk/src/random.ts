import { randomFillSync } from 'node:crypto';

const pool = Buffer.alloc(8_192);
let used = pool.length;

/** Cryptographic random bytes out of a pool: asking the system for ten bytes at a time costs more than making a proof. Copy what you keep. */
export const randomSlice = (bytes: number): Buffer => {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.subarray(used - bytes, used);
};
