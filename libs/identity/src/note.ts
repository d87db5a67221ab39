import type { Encodings, NoteSignature } from '@countersign/tamper-log';
import { algorithms, cosignatureBy, cosignedText, noteKeyId, parseNoteKey, parseVerifierKey, sameBytes } from '@countersign/tamper-log';
import { hash, verify } from 'node:crypto';
import { publicKeyOf } from './keys.ts';

/** What tamper-log needs of the platform. */
export const encodings: Encodings = {
  // Joined first and taken as text: a quarter of what a hash costs that is fed part by part, and no memory of its own for 32 bytes.
  sha256: (...parts) => Buffer.from(hash('sha256', parts.length === 1 ? parts[0]! : Buffer.concat(parts), 'binary'), 'latin1'),
  utf8: (text) => Buffer.from(text),
  toBase64: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
  fromBase64: (text) => {
    const bytes = Buffer.from(text, 'base64');
    return bytes.toString('base64') === text ? bytes : undefined;
  },
};

/** Whether one of a note's signatures is by this verifier key (C2SP signed-note; `name+hash+key`) over this body. */
export const verifyNote = (body: string, signatures: readonly NoteSignature[], verifierKey: string): boolean => {
  const key = parseVerifierKey(encodings, verifierKey);
  if (key === undefined) return false;
  const publicKey = publicKeyOf({ kty: 'OKP', crv: 'Ed25519', x: Buffer.from(key.publicKey).toString('base64url'), kid: 'note' });
  const keyId = noteKeyId(encodings, key.name, key.publicKey);
  return publicKey !== undefined && signatures.some((one) =>
    one.name === key.name && sameBytes(one.keyId, keyId) && one.signature.length === 64 && verify(null, Buffer.from(body), publicKey, one.signature));
};

/** When the witness of this verifier key cosigned the body, seconds since 1970; undefined where it did not (C2SP tlog-cosignature, Ed25519). */
export const cosignedAt = (body: string, signatures: readonly NoteSignature[], verifierKey: string): number | undefined => {
  const key = parseNoteKey(encodings, verifierKey);
  if (key?.algorithm !== algorithms.cosignatureV1 || key.publicKey.length !== 32) return undefined;
  const publicKey = publicKeyOf({ kty: 'OKP', crv: 'Ed25519', x: Buffer.from(key.publicKey).toString('base64url'), kid: 'witness' });
  const found = cosignatureBy(key, signatures);
  return found && publicKey && verify(null, Buffer.from(cosignedText(found.time, body)), publicKey, found.signature) ? found.time : undefined;
};
