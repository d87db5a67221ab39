import { hash } from 'node:crypto';

/** SHA-256 as 32 raw bytes. By way of a text: a `buffer` of hash's own is memory outside of the heap, which costs more than the hashing (libs/identity/bench). */
export const sha256 = (bytes: Uint8Array | string): Buffer => Buffer.from(hash('sha256', bytes, 'binary'), 'latin1');

/** SHA-256 as base64url without padding (43 characters). */
export const sha256Text = (bytes: Uint8Array | string): string => hash('sha256', bytes, 'base64url');

export const toBase64Url = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');

/**
 * Decodes base64url without padding; undefined unless the text is the one canonical spelling of its bytes
 * (alphabet, no padding, zero trailing bits): otherwise one signature would have several texts.
 * @param length exact number of bytes expected, if known
 */
export const fromBase64Url = (text: string, length?: number): Buffer | undefined => {
  const bytes = Buffer.from(text, 'base64url');
  if (length !== undefined && bytes.length !== length) return undefined;
  return canonical(text, bytes.length) ? bytes : undefined;
};

const alphabet = /^[A-Za-z0-9_-]*$/;
/** Last letters whose bits beyond the last byte are zero, by how many bytes the last group has. */
const lastOfOne = 'AQgw', lastOfTwo = 'AEIMQUYcgkosw048';

/** Nothing but the alphabet, no letter too many, no bit too many: comparing with the bytes encoded again says the same and costs twice as much. */
const canonical = (text: string, length: number): boolean => {
  const rest = length % 3;
  if (text.length !== Math.floor(length / 3) * 4 + (rest === 0 ? 0 : rest + 1) || !alphabet.test(text)) return false;
  return rest === 0 || (rest === 1 ? lastOfOne : lastOfTwo).includes(text.at(-1)!);
};

/**
 * Concatenates fields so that no two lists of fields give the same bytes: each is preceded by its length as a
 * big-endian 32-bit number (as in RFC 9380 / SSH `string`). Texts are UTF-8.
 */
export const lengthPrefixed = (fields: readonly (string | Uint8Array)[]): Buffer => {
  const out = Buffer.allocUnsafe(lengthBound(fields));
  return out.subarray(0, putLengthPrefixed(out, 0, fields));
};

/** At least as many bytes as `putLengthPrefixed` writes. */
export const lengthBound = (fields: readonly (string | Uint8Array)[]): number => {
  let bound = 0;
  for (const field of fields) bound += 4 + (typeof field === 'string' ? field.length * 3 : field.length);
  return bound;
};

/** Writes them where there is room for them, and says where they end. */
export const putLengthPrefixed = (out: Buffer, at: number, fields: readonly (string | Uint8Array)[]): number => {
  for (const field of fields) {
    const start = at + 4;
    if (typeof field === 'string') at = start + out.write(field, start, 'utf8');
    else { out.set(field, start); at = start + field.length; }
    out.writeUInt32BE(at - start, start - 4);
  }
  return at;
};
