import type { Sha256 } from './hashing.ts';

/** Text encodings that the platform has and the language has not; handed in like the hash function. Standard base64 with padding (RFC 4648 section 4). */
export interface Encodings {
  readonly sha256: Sha256;
  readonly utf8: (text: string) => Uint8Array;
  readonly toBase64: (bytes: Uint8Array) => string;
  /** undefined where the text is no canonical base64. */
  readonly fromBase64: (text: string) => Uint8Array | undefined;
}

/** C2SP tlog-checkpoint. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** C2SP signed-note: one signature line. */
export interface NoteSignature {
  readonly name: string;
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

const ed25519 = 0x01;
const signatureLine = /^— ([^ \n+]+) ([A-Za-z0-9+/]+={0,2})$/;

/** The text that is signed. Ends in a newline. */
export const checkpointBody = (encodings: Encodings, checkpoint: Checkpoint): string =>
  `${checkpoint.origin}\n${checkpoint.size}\n${encodings.toBase64(checkpoint.root)}\n`;

/** First four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key). */
export const noteKeyId = (encodings: Encodings, name: string, publicKey: Uint8Array): Uint8Array =>
  encodings.sha256(encodings.utf8(name), Uint8Array.of(0x0a, ed25519), publicKey).subarray(0, 4);

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

const join = (...parts: readonly Uint8Array[]): Uint8Array => {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { all.set(part, at); at += part.length; }
  return all;
};

/** The verifier key in signed-note's text form, `name+hex(keyId)+base64(0x01 ‖ key)`: what an outside verifier is given. */
export const verifierKey = (encodings: Encodings, name: string, publicKey: Uint8Array): string =>
  `${name}+${hex(noteKeyId(encodings, name, publicKey))}+${encodings.toBase64(join(Uint8Array.of(ed25519), publicKey))}`;

/** Reads a verifier key; undefined where text and key id do not belong together. */
export const parseVerifierKey = (encodings: Encodings, text: string): { readonly name: string; readonly publicKey: Uint8Array } | undefined => {
  const match = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(text);
  if (!match) return undefined;
  const [, name = '', id, key = ''] = match;
  const bytes = encodings.fromBase64(key);
  if (bytes?.length !== 33 || bytes[0] !== ed25519) return undefined;
  const publicKey = bytes.subarray(1);
  return hex(noteKeyId(encodings, name, publicKey)) === id ? { name, publicKey } : undefined;
};

/** The signed note: body, blank line, one line per signature. */
export const formatNote = (encodings: Encodings, body: string, signatures: readonly NoteSignature[]): string =>
  `${body}\n${signatures.map(({ name, keyId, signature }) => `— ${name} ${encodings.toBase64(join(keyId, signature))}\n`).join('')}`;

/** Reads signature lines, each ending in a newline; undefined where one is malformed. */
export const parseSignatures = (encodings: Encodings, text: string): NoteSignature[] | undefined => {
  const signatures: NoteSignature[] = [];
  for (const line of text.slice(0, -1).split('\n')) {
    const match = signatureLine.exec(line);
    const bytes = match && encodings.fromBase64(match[2]!);
    if (!match || !bytes || bytes.length < 5) return undefined;
    signatures.push({ name: match[1]!, keyId: bytes.subarray(0, 4), signature: bytes.subarray(4) });
  }
  return signatures;
};

/** Reads a signed checkpoint without judging its signatures; undefined where it is malformed. Extension lines are kept in `body`. */
export const parseCheckpoint = (encodings: Encodings, note: string): { readonly checkpoint: Checkpoint; readonly body: string; readonly signatures: readonly NoteSignature[] } | undefined => {
  const cut = note.lastIndexOf('\n\n');
  if (cut < 0 || !note.endsWith('\n')) return undefined;
  const body = note.slice(0, cut + 1);
  const [origin, size, root] = body.split('\n');
  const rootBytes = encodings.fromBase64(root ?? '');
  if (!origin || !/^(0|[1-9]\d{0,15})$/.test(size ?? '') || rootBytes?.length !== 32) return undefined;
  const signatures = parseSignatures(encodings, note.slice(cut + 2));
  return signatures && { checkpoint: { origin, size: Number(size), root: rootBytes }, body, signatures };
};

/** C2SP tlog-proof v1: inclusion of one entry, verifiable offline. */
export const formatProof = (encodings: Encodings, index: number, path: readonly Uint8Array[], note: string): string =>
  `c2sp.org/tlog-proof@v1\nindex ${index}\n${path.map((hash) => `${encodings.toBase64(hash)}\n`).join('')}\n${note}`;

/** Reads such a proof; undefined where it is malformed. The optional `extra` line is skipped: it is not authenticated. */
export const parseProof = (encodings: Encodings, text: string): { readonly index: number; readonly path: readonly Uint8Array[]; readonly note: string } | undefined => {
  const match = /^c2sp\.org\/tlog-proof@v1\n(?:extra [^\n]*\n)?index (0|[1-9]\d{0,15})\n((?:[A-Za-z0-9+/=]+\n)*)\n([\s\S]+)$/.exec(text);
  if (!match) return undefined;
  const path = match[2]!.split('\n').slice(0, -1).map(encodings.fromBase64);
  return path.every((hash) => hash?.length === 32) ? { index: Number(match[1]), path: path as Uint8Array[], note: match[3]! } : undefined;
};
