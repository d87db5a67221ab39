import { createHmac } from 'node:crypto';

/**
 * A number in [0, 1) for each action, the same whenever it is asked for and unforeseeable without the key: which actions people review
 * must not be known to whom it is about. HMAC-SHA256 under a key derived for this alone; its first 48 bits.
 */
export const reviewNumbers = (secret: Uint8Array): ((run: string, action: string) => number) => {
  const key = createHmac('sha256', secret).update('countersign blind review v1').digest();
  return (run, action) => createHmac('sha256', key).update(`${run}\n${action}`).digest().readUIntBE(0, 6) / 2 ** 48;
};
