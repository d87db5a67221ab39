import { sign, timingSafeEqual } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { fromBase64Url, lengthBound, lengthPrefixed, putLengthPrefixed, sha256, sha256Text } from './bytes.ts';
import { verifyEd25519, verifyEd25519Ahead } from './ed25519.ts';
import type { VerifyingKey } from './ed25519.ts';
import { hmacBehind, hmacText, macBlock } from './hmac.ts';
import type { MacKey } from './hmac.ts';
import { refuse } from './outcome.ts';
import type { Checked } from './outcome.ts';

/** Everything of a runtime message that its proof covers (DESIGN 8). */
export interface ProvenFields {
  readonly tenant: string; readonly topic: string; readonly key: string;
  readonly ceId: string; readonly ceType: string; readonly ceSource: string; readonly ceTime: string;
  readonly run: string; readonly seq: number;
  /** Chain hash of the message before, 32 bytes; zeros for the first. */
  readonly prev: Uint8Array;
  /** `jti` of the agent token in use. */
  readonly token: string;
  readonly value: Uint8Array;
}

/** `prev` of the first message of a chain. */
export const chainStart: Uint8Array = new Uint8Array(32);

const digested = (m: ProvenFields): readonly (string | Uint8Array)[] =>
  ['countersign/message/v1', m.tenant, m.topic, m.key, m.ceId, m.ceType, m.ceSource, m.ceTime, m.run, String(m.seq), m.prev, m.token, sha256(m.value)];

/** The bytes that are proved and chained: each field with its length before it; the value by its SHA-256; seq as decimal text. */
export const messageDigestInput = (m: ProvenFields): Buffer => lengthPrefixed(digested(m));

/** Hash of a message, and so of the whole chain up to it (the input contains `prev`). */
export const chainHash = (input: Uint8Array): Buffer => sha256(input);

/** base64url, 43 characters. */
export const computeProof = (key: Uint8Array, input: Uint8Array): string => hmacText(key, input);

const given = Buffer.alloc(86), expected = Buffer.alloc(86);

/** In constant time. `proof` as received, base64url; anything but the one canonical text is false. The scratch is safe because nothing here waits. */
export const verifyProof = (key: Uint8Array, input: Uint8Array, proof: string): boolean => proof.length === 43 && sameText(proof, hmacText(key, input));

const sameText = (proof: string, right: string): boolean => {
  given.write(proof, 'utf16le');
  expected.write(right, 'utf16le');
  return timingSafeEqual(given, expected);
};

const scratch = Buffer.alloc(macBlock + 4_096);

/**
 * The chain hash (base64url) of a received message whose proof is right, else undefined: what `verifyProof` and `chainHash` say of its
 * `messageDigestInput`, which is written once, behind room for the key's block. The scratch is safe because nothing here waits.
 */
export const provenHash = (key: MacKey, m: ProvenFields, proof: string): string | undefined => {
  if (proof.length !== 43) return undefined;
  const fields = digested(m);
  const bound = macBlock + lengthBound(fields);
  const room = bound <= scratch.length ? scratch : Buffer.allocUnsafe(bound);
  const end = putLengthPrefixed(room, macBlock, fields);
  return sameText(proof, hmacBehind(key, room.subarray(0, end))) ? sha256Text(room.subarray(macBlock, end)) : undefined;
};

const attestInput = (hash: Uint8Array): Buffer => lengthPrefixed(['countersign/attest/v1', hash]);

/** Binds the sender towards third parties: the session key signs the head of the message chain. base64url. */
export const attest = (hash: Uint8Array, sessionKey: KeyObject): string => sign(null, attestInput(hash), sessionKey).toString('base64url');

export const verifyAttest = (hash: Uint8Array, attestation: string, sessionKey: VerifyingKey): boolean => {
  const signature = fromBase64Url(attestation, 64);
  return signature !== undefined && verifyEd25519(attestInput(hash), sessionKey, signature);
};

/** The same on another thread, so that `verifyAttest` answers at once. */
export const verifyAttestAhead = async (hash: Uint8Array, attestation: string, sessionKey: VerifyingKey): Promise<void> => {
  const signature = fromBase64Url(attestation, 64);
  if (signature !== undefined) await verifyEd25519Ahead(attestInput(hash), sessionKey, signature);
};

/** A record as the bus hands it out, as far as proofs and signatures look at it. */
export interface SignedRecord {
  readonly topic: string; readonly key: string | null; readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Reads the proven fields out of a received runtime message; `token` and `run` come from its verified token.
 * Codes: missing_header, tombstone, wrong_key (record key is not the run), bad_proof (seq or prev malformed).
 */
export const provenFieldsOf = (record: SignedRecord, run: string, token: string): Checked<{ readonly fields: ProvenFields }> => {
  const h = record.headers;
  const tenant = h['tenant'], ceId = h['ce_id'], ceType = h['ce_type'], ceSource = h['ce_source'], ceTime = h['ce_time'], seqText = h['cs_seq'], prevText = h['cs_prev'];
  if (!tenant || !ceId || !ceType || !ceSource || !ceTime || !seqText || !prevText) return refuse('missing_header', 'tenant, ce_id, ce_type, ce_source, ce_time, cs_seq and cs_prev are required');
  if (record.value === null) return refuse('tombstone', 'a runtime message has a value');
  if (record.key !== run) return refuse('wrong_key', 'the record key must be the run of the token');
  const prev = fromBase64Url(prevText, 32);
  if (prev === undefined || !/^(0|[1-9][0-9]{0,14})$/.test(seqText)) return refuse('bad_proof', 'cs_seq or cs_prev is malformed');
  return { ok: true, fields: { tenant, topic: record.topic, key: record.key, ceId, ceType, ceSource, ceTime, run, seq: Number(seqText), prev, token, value: record.value } };
};
