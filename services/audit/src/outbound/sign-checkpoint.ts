import { checkpointBody, formatNote, noteKeyId } from '@countersign/tamper-log';
import type { Encodings } from '@countersign/tamper-log';
import { sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { SignCheckpoint } from '../app/ports.ts';

/** Signs with the audit service's Ed25519 key under the log's origin as key name (C2SP signed-note). */
export const createCheckpointSigner = (encodings: Encodings, origin: string, key: { readonly privateKey: KeyObject; readonly publicKey: Uint8Array }): SignCheckpoint => {
  const keyId = noteKeyId(encodings, origin, key.publicKey);
  return (size, root) => {
    const body = checkpointBody(encodings, { origin, size, root });
    return { root: encodings.toBase64(root), note: formatNote(encodings, body, [{ name: origin, keyId, signature: sign(null, Buffer.from(body), key.privateKey) }]) };
  };
};
