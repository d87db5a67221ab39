import { KeyObject, verify } from 'node:crypto';
import { fromBase64Url } from './bytes.ts';
import { publicKeyOf } from './keys.ts';
import { createVerifyThread, startVerifyWorker } from './verify-thread.ts';

/** A public key that is imported only when this thread itself must verify with it: importing costs a third of verifying. */
export interface LazyKey { readonly x: string; readonly imported: () => KeyObject | undefined }

/** `x` of an Ed25519 JWK; one that is no key verifies nothing. */
export const lazyKey = (x: string): LazyKey => {
  let key: KeyObject | undefined;
  return { x, imported: () => (key ??= publicKeyOf({ kty: 'OKP', crv: 'Ed25519', x, kid: 'lazy' })) };
};

export type VerifyingKey = KeyObject | LazyKey;

/** What was verified on the other thread and not asked for yet, by signature. Bounded: what is never asked for is dropped first. */
const ahead = new Map<string, { readonly input: Buffer; readonly x: string; readonly ok: boolean }>();
const most = 4_096;
const thread = createVerifyThread({ start: startVerifyWorker, timeoutMs: 2_000, restartAfterMs: 10_000 });

/** How many questions the verifying thread answered and how many were left to be verified when asked. */
export const verifiedAheadCounts = thread.counts;

const xOfKey = new WeakMap<KeyObject, string>();
const xOf = (key: VerifyingKey): string => {
  if (!(key instanceof KeyObject)) return key.x;
  let x = xOfKey.get(key);
  if (x === undefined) xOfKey.set(key, x = key.export({ format: 'jwk' }).x ?? '');
  return x;
};

const nameOf = (signature: Uint8Array): string => Buffer.from(signature.buffer, signature.byteOffset, signature.byteLength).toString('latin1');

/** Whether the signature is this key's over exactly these bytes; an answer found ahead counts once, and only for the same key and bytes. */
export const verifyEd25519 = (input: Uint8Array, key: VerifyingKey, signature: Uint8Array): boolean => {
  if (ahead.size > 0) {
    const name = nameOf(signature);
    const known = ahead.get(name);
    if (known !== undefined) {
      ahead.delete(name);
      if (known.x === xOf(key) && known.input.equals(input)) return known.ok;
    }
  }
  const imported = key instanceof KeyObject ? key : key.imported();
  return imported !== undefined && verify(null, input, imported, signature);
};

/**
 * Finds out on another thread what `verifyEd25519` will be asked next: verifying takes 100 µs, which a single-threaded
 * service has better uses for. Never rejects; what could not be found out is verified when it is asked.
 */
export const verifyEd25519Ahead = async (input: Uint8Array, key: VerifyingKey, signature: Uint8Array): Promise<void> => {
  const x = xOf(key);
  const raw = fromBase64Url(x, 32);
  if (raw === undefined || signature.length !== 64) return;
  const copy = Buffer.from(input); // the caller's bytes may be scratch
  const name = nameOf(signature);
  const ok = await thread.ask({ key: raw, input: copy, signature: Buffer.from(signature) });
  if (ok === undefined) return;
  ahead.set(name, { input: copy, x, ok });
  if (ahead.size > most) ahead.delete(ahead.keys().next().value!);
};
