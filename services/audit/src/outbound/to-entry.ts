import { hash, randomFillSync } from 'node:crypto';
import type { Entry } from '../app/ports.ts';
import { leafOf, maxLeafBytes } from '../core/entry.ts';
import type { SourceRecord } from '../core/entry.ts';

const domain = Buffer.from('countersign/payload/v1\0');

/** SHA-256(domain ‖ 0 ‖ salt ‖ plaintext), base64url (FACTS 7). Without the salt a short payload could be guessed from its commitment. */
export const commit = (salt: Uint8Array, plaintext: Uint8Array): string => hash('sha256', Buffer.concat([domain, salt, plaintext]), 'base64url');

const parse = (value: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString());
  } catch {
    return undefined;
  }
};

/** Turns a record into a line of the log; the leaf's bytes are final here. */
export const toEntry = (source: SourceRecord): Entry => {
  const salt = randomFillSync(Buffer.allocUnsafe(32));
  const leaf = leafOf(source, parse(source.value), commit(salt, source.value));
  const bytes = Buffer.from(JSON.stringify(leaf));
  if (bytes.length > maxLeafBytes) throw new RangeError(`a leaf of ${bytes.length} bytes`);
  return { source, leaf: bytes, salt, run: leaf.run, action: leaf.action };
};
