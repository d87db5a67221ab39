import { encodings, peekJws } from '@countersign/identity';
import { leafHash } from '@countersign/tamper-log';
import { createHmac, hash } from 'node:crypto';
import type { DataKey } from '../app/keys.ts';
import type { Entry } from '../app/ports.ts';
import { leafOf, maxLeafBytes, maxPayloadBytes, referenceTo } from '../core/entry.ts';
import type { Leaf, LeafContext, SourceRecord } from '../core/entry.ts';
import { accountOf } from '../core/reconcile.ts';
import type { Account } from '../core/reconcile.ts';
import { sanitise, toolsIn } from '../core/sanitise.ts';
import type { HiddenOf } from '../core/sanitise.ts';
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

/** A record as it was read: its leaf still without what it commits to. */
export interface Read {
  readonly source: SourceRecord;
  readonly body: unknown;
  readonly leaf: Leaf;
  /** Tools that it speaks of: what they hide decides what is stored. */
  readonly tools: readonly string[];
  readonly account: Account | null;
}

/** A record as a leaf and, sanitised, the bytes that the leaf commits to; not sealed yet. */
export interface Drafted {
  readonly source: SourceRecord;
  readonly leaf: Leaf;
  readonly salt: Uint8Array;
  readonly plaintext: Uint8Array;
  readonly account: Account | null;
}

export const createReading = (pseudonym: LeafContext['pseudonym']) => {
  const context = { ...surroundings, pseudonym, commitment: '' };
  return (source: SourceRecord): Read => {
    const body = parse(source.value);
    return { source, body, leaf: leafOf(source, body, context), tools: toolsIn(body), account: accountOf(source, body) };
  };
};

/** @param hidden what of a tool's arguments is never stored */
export const draftOf = ({ source, body, leaf, tools, account }: Read, hidden: (tool: string) => HiddenOf): Drafted => {
  const salt = freshSalt();
  const kept = tools.some((tool) => hidden(tool).paths.length > 0) ? sanitise(body, hidden) : body;
  // Bytes stay as they were received, except where something must not be stored, or is more than is.
  const plaintext = source.value.length > maxPayloadBytes ? Buffer.from(referenceTo(source, hash('sha256', source.value, 'base64url'))) : kept === body ? source.value : Buffer.from(JSON.stringify(kept));
  return { source, salt, plaintext, account, leaf: { ...leaf, payload: commit(salt, plaintext) } };
};

/** @param hidden what of a tool's arguments is never stored */
export const createDraft = (pseudonym: LeafContext['pseudonym'], hidden: (tool: string) => HiddenOf) => {
  const read = createReading(pseudonym);
  return (source: SourceRecord): Drafted => draftOf(read(source), hidden);
};

/** Seals a draft under the key of its subject; the leaf's bytes are final here. */
export const entryOf = ({ source, leaf, salt, plaintext, account }: Drafted, { id, key }: DataKey): Entry => {
  const bytes = Buffer.from(JSON.stringify(leaf));
  if (bytes.length > maxLeafBytes) throw new RangeError(`a leaf of ${bytes.length} bytes`);
  return {
    source, leaf: bytes, hash: leafHash(encodings.sha256, bytes), digest: encodings.sha256(Buffer.from(`${leaf.type}\0`), source.value),
    account, run: leaf.run, action: leaf.action, retention: leaf.retention, payload: { key: id, bytes: seal(key, leaf.id, leaf.tenant, salt, plaintext) },
  };
};
