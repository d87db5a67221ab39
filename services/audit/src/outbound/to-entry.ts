import { encodings, peekJws } from '@countersign/identity';
import { leafHash } from '@countersign/tamper-log';
import { createHmac, hash } from 'node:crypto';
import type { SubjectKeys } from '../app/keys.ts';
import type { Entry } from '../app/ports.ts';
import { leafOf, maxLeafBytes } from '../core/entry.ts';
import type { Leaf, LeafContext, SourceRecord } from '../core/entry.ts';
import { accountOf } from '../core/reconcile.ts';
import type { Account } from '../core/reconcile.ts';
import { sanitise } from '../core/sanitise.ts';
import type { HiddenOf } from '../core/sanitise.ts';
import { subjectOf } from '../core/subject.ts';
import { commit, freshSalt, seal } from './seal.ts';

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

/** A record as a leaf and, sanitised, the bytes that the leaf commits to; not sealed yet. */
export interface Drafted {
  readonly source: SourceRecord;
  readonly leaf: Leaf;
  readonly salt: Uint8Array;
  readonly plaintext: Uint8Array;
  readonly account: Account | null;
}

/** @param hidden what of a tool's arguments is never stored */
export const createDraft = (pseudonym: LeafContext['pseudonym'], hidden: (tool: string) => HiddenOf) => (source: SourceRecord): Drafted => {
  const salt = freshSalt();
  const body = parse(source.value);
  const kept = sanitise(body, hidden);
  // Bytes stay as they were received, except where something must not be stored.
  const plaintext = kept === body ? source.value : Buffer.from(JSON.stringify(kept));
  return { source, salt, plaintext, account: accountOf(source, body), leaf: leafOf(source, body, { ...surroundings, pseudonym, commitment: commit(salt, plaintext) }) };
};

/** Seals drafts under the keys of their subjects; the leaf's bytes are final here. */
export const createSealing = (keys: SubjectKeys) => async (drafts: readonly Drafted[]): Promise<readonly Entry[]> => {
  const dataKeys = await keys.keysFor(drafts.map(({ leaf }) => subjectOf(leaf)));
  return drafts.map(({ source, leaf, salt, plaintext, account }, i) => {
    const bytes = Buffer.from(JSON.stringify(leaf));
    if (bytes.length > maxLeafBytes) throw new RangeError(`a leaf of ${bytes.length} bytes`);
    const { id, key } = dataKeys[i]!;
    return {
      source, leaf: bytes, hash: leafHash(encodings.sha256, bytes), digest: hash('sha256', Buffer.concat([Buffer.from(`${leaf.type}\0`), source.value]), 'buffer'),
      account, run: leaf.run, action: leaf.action, retention: leaf.retention, payload: { key: id, bytes: seal(key, leaf.id, leaf.tenant, salt, plaintext) },
    };
  });
};
