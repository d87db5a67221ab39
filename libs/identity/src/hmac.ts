import { hash } from 'node:crypto';

const block = 64;
const inner = Buffer.alloc(block + 4_096);
const outer = Buffer.alloc(block + 32);

/**
 * HMAC-SHA256 (RFC 2104) as base64url text. Two one-shot hashes over scratch memory: 1.7 µs, where createHmac takes 3 to 20
 * (libs/identity/bench). The scratch is safe because nothing here waits.
 * @param key at most 64 bytes
 */
export const hmacText = (key: Uint8Array, message: Uint8Array): string => {
  if (key.length > block) throw new RangeError('the key is longer than one block');
  const padded = message.length <= 4_096 ? inner : Buffer.allocUnsafe(block + message.length);
  for (let i = 0; i < block; i++) {
    const byte = i < key.length ? key[i]! : 0;
    padded[i] = byte ^ 0x36;
    outer[i] = byte ^ 0x5c;
  }
  padded.set(message, block);
  outer.write(hash('sha256', padded.subarray(0, block + message.length), 'binary'), block, 'latin1');
  return hash('sha256', outer, 'base64url');
};
