import { createCipheriv, createDecipheriv, createSecretKey, hash, randomFillSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

const domain = Buffer.from('countersign/payload/v1\0');
const [ivBytes, tagBytes, saltBytes] = [12, 16, 32];
/** Where most inputs of a hash or a cipher are joined: nothing here waits, so nobody else writes there meanwhile. */
const scratch = Buffer.alloc(16 * 1024);

/** SHA-256(domain ‖ 0 ‖ salt ‖ plaintext), base64url (FACTS 7). Without the salt a short payload could be guessed from its commitment. */
export const commit = (salt: Uint8Array, plaintext: Uint8Array): string => {
  const length = domain.length + salt.length + plaintext.length;
  const joined = length <= scratch.length ? scratch.subarray(0, length) : Buffer.allocUnsafe(length);
  domain.copy(joined);
  joined.set(salt, domain.length);
  joined.set(plaintext, domain.length + salt.length);
  return hash('sha256', joined, 'base64url');
};

/** Random bytes are drawn many at a time: each draw costs more than the bytes. Every byte is handed out once. */
let pool = Buffer.alloc(0);
const draw = (bytes: number): Buffer => {
  if (pool.length < bytes) pool = randomFillSync(Buffer.allocUnsafe(64 * 1024));
  const drawn = pool.subarray(0, bytes);
  pool = pool.subarray(bytes);
  return drawn;
};

export const freshSalt = (): Buffer => draw(saltBytes);
/** A new data key, 32 bytes. */
export const freshKey = (): Buffer => Buffer.from(draw(32));

/** A key as the cipher takes it without looking at it again each time, which costs twice the sealing. */
const prepared = new WeakMap<Uint8Array, KeyObject>();
const secretOf = (key: Uint8Array): KeyObject => {
  let secret = prepared.get(key);
  if (secret === undefined) prepared.set(key, secret = createSecretKey(key));
  return secret;
};

/** What binds a sealed payload to its entry: it opens under no other id and for no other tenant. */
const binding = (id: string, tenant: string): Buffer => Buffer.from(`${id}\0${tenant}`);

/** AES-256-GCM: iv ‖ tag ‖ ciphertext of salt ‖ plaintext. */
export const seal = (key: Uint8Array, id: string, tenant: string, salt: Uint8Array, plaintext: Uint8Array): Buffer => {
  const out = Buffer.allocUnsafe(ivBytes + tagBytes + saltBytes + plaintext.length);
  const iv = draw(ivBytes);
  iv.copy(out);
  const cipher = createCipheriv('aes-256-gcm', secretOf(key), iv);
  cipher.setAAD(binding(id, tenant));
  // Joined first: each call of the cipher costs as much as a kilobyte of it.
  const length = salt.length + plaintext.length;
  const joined = length <= scratch.length ? scratch.subarray(0, length) : Buffer.allocUnsafe(length);
  joined.set(salt);
  joined.set(plaintext, salt.length);
  cipher.update(joined).copy(out, ivBytes + tagBytes);
  cipher.final();
  cipher.getAuthTag().copy(out, ivBytes);
  return out;
};

/** Throws where the bytes, the key or what they are bound to are not those they were sealed with. */
export const unseal = (key: Uint8Array, id: string, tenant: string, sealed: Buffer): { readonly salt: Buffer; readonly body: Buffer } => {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, ivBytes));
  decipher.setAAD(binding(id, tenant));
  decipher.setAuthTag(sealed.subarray(ivBytes, ivBytes + tagBytes));
  const opened = Buffer.concat([decipher.update(sealed.subarray(ivBytes + tagBytes)), decipher.final()]);
  return { salt: opened.subarray(0, saltBytes), body: opened.subarray(saltBytes) };
};
