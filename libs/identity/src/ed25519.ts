import { verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** What was verified on another thread and not asked for yet, by signature. Bounded: what is never asked for is dropped first. */
const ahead = new Map<string, { readonly input: Buffer; readonly key: KeyObject; readonly ok: boolean }>();
const most = 4_096;

const nameOf = (signature: Uint8Array): string => Buffer.from(signature.buffer, signature.byteOffset, signature.byteLength).toString('latin1');

/** Whether the signature is this key's over exactly these bytes; an answer found ahead counts once, and only for the same key and bytes. */
export const verifyEd25519 = (input: Uint8Array, key: KeyObject, signature: Uint8Array): boolean => {
  if (ahead.size > 0) {
    const name = nameOf(signature);
    const known = ahead.get(name);
    if (known !== undefined) {
      ahead.delete(name);
      if ((known.key === key || known.key.equals(key)) && known.input.equals(input)) return known.ok;
    }
  }
  return verify(null, input, key, signature);
};

/**
 * Finds out on another thread (libuv's pool) what `verifyEd25519` will be asked next: verifying takes 100 µs, which a
 * single-threaded service has better uses for. Never rejects; what could not be found out is verified when it is asked.
 */
export const verifyEd25519Ahead = (input: Uint8Array, key: KeyObject, signature: Uint8Array): Promise<void> => new Promise((resolve) => {
  const copy = Buffer.from(input); // the caller's bytes may be scratch
  verify(null, copy, key, signature, (error, ok) => {
    if (error === null) {
      ahead.set(nameOf(signature), { input: copy, key, ok });
      if (ahead.size > most) ahead.delete(ahead.keys().next().value!);
    }
    resolve();
  });
});
