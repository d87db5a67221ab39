import { peekJws } from '@countersign/identity';
import { createHmac, hash, randomFillSync } from 'node:crypto';
import type { Entry } from '../app/ports.ts';
import { leafOf, maxLeafBytes } from '../core/entry.ts';
import type { LeafContext, SourceRecord } from '../core/entry.ts';

const domain = Buffer.from('countersign/payload/v1\0');

/** SHA-256(domain ‖ 0 ‖ salt ‖ plaintext), base64url (FACTS 7). Without the salt a short payload could be guessed from its commitment. */
export const commit = (salt: Uint8Array, plaintext: Uint8Array): string => hash('sha256', Buffer.concat([domain, salt, plaintext]), 'base64url');

/** A person's name in the log: HMAC under a secret that is not in the log's database, so that names cannot be tried out on it. */
export const createPseudonyms = (secret: Uint8Array): LeafContext['pseudonym'] => {
  const known = new Map<string, string>();
  return (person) => {
    let name = known.get(person);
    if (name === undefined) {
      if (known.size >= 10_000) known.clear();
      known.set(person, name = `p-${createHmac('sha256', secret).update('countersign/pseudonym/v1\0').update(person).digest('base64url').slice(0, 22)}`);
    }
    return name;
  };
};

const parse = (value: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString());
  } catch {
    return undefined;
  }
};

const surroundings: Pick<LeafContext, 'digest' | 'shownTo'> = {
  digest: (text) => hash('sha256', text, 'base64url'),
  shownTo: (statement) => {
    const digest = peekJws(statement)?.['digest'];
    return typeof digest === 'string' && /^[A-Za-z0-9_-]{43}$/.test(digest) ? digest : null;
  },
};

/** Turns records into lines of the log; the leaf's bytes are final here. */
export const createToEntry = (pseudonym: LeafContext['pseudonym']) => (source: SourceRecord): Entry => {
  const salt = randomFillSync(Buffer.allocUnsafe(32));
  const leaf = leafOf(source, parse(source.value), { ...surroundings, pseudonym, commitment: commit(salt, source.value) });
  const bytes = Buffer.from(JSON.stringify(leaf));
  if (bytes.length > maxLeafBytes) throw new RangeError(`a leaf of ${bytes.length} bytes`);
  return { source, leaf: bytes, salt, run: leaf.run, action: leaf.action };
};
