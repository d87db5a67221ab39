import type { Encodings, NoteSignature } from './checkpoint.ts';
import { sameBytes } from './hashing.ts';

/** Signature types of signed-note: a key id depends on them, so that one key never speaks for two algorithms. */
export const algorithms = { ed25519: 0x01, cosignatureV1: 0x04, mlDsa44: 0x06 } as const;

export interface NoteKey {
  readonly name: string;
  readonly algorithm: number;
  readonly publicKey: Uint8Array;
  readonly keyId: Uint8Array;
}

/** First four bytes of SHA-256(name ‖ 0x0A ‖ algorithm ‖ public key). */
export const keyIdOf = (encodings: Encodings, name: string, algorithm: number, publicKey: Uint8Array): Uint8Array =>
  encodings.sha256(encodings.utf8(name), Uint8Array.of(0x0a, algorithm), publicKey).subarray(0, 4);

/** Reads a verifier key of any algorithm, `name+hex(keyId)+base64(algorithm ‖ key)`; undefined where text and key id do not belong together. */
export const parseNoteKey = (encodings: Encodings, text: string): NoteKey | undefined => {
  const match = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(text);
  const bytes = match && encodings.fromBase64(match[3]!);
  if (!match || !bytes || bytes.length < 2) return undefined;
  const [name, algorithm, publicKey] = [match[1]!, bytes[0]!, bytes.subarray(1)];
  const keyId = keyIdOf(encodings, name, algorithm, publicKey);
  return Array.from(keyId, (byte) => byte.toString(16).padStart(2, '0')).join('') === match[2] ? { name, algorithm, publicKey, keyId } : undefined;
};

/** What a witness signs (C2SP tlog-cosignature): the note's body under the time it looked. @param time seconds since 1970 */
export const cosignedText = (time: number, body: string): string => `cosignature/v1\ntime ${time}\n${body}`;

/** The cosignature of this key among a note's: when it was made (seconds since 1970) and the signature proper, not yet verified. */
export const cosignatureBy = (key: NoteKey, signatures: readonly NoteSignature[]): { readonly time: number; readonly signature: Uint8Array } | undefined => {
  const found = signatures.find((one) => one.name === key.name && sameBytes(one.keyId, key.keyId));
  if (found?.signature.length !== 72) return undefined;
  const time = found.signature.subarray(0, 8).reduce((sum, byte) => sum * 256 + byte, 0);
  return Number.isSafeInteger(time) ? { time, signature: found.signature.subarray(8) } : undefined;
};

/** Body of a witness's `POST /add-checkpoint` (C2SP tlog-witness). @param old the size it saw last */
export const formatAddCheckpoint = (encodings: Encodings, old: number, consistency: readonly Uint8Array[], note: string): string =>
  `old ${old}\n${consistency.map((hash) => `${encodings.toBase64(hash)}\n`).join('')}\n${note}`;
