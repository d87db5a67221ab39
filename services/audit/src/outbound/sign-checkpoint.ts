import { checkpointBody, formatNote, noteKeyId } from '@countersign/tamper-log';
import type { Encodings } from '@countersign/tamper-log';
import { sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { SignCheckpoint } from '../app/ports.ts';

/** One signature on each checkpoint. Its key id tells the algorithm, so that verifiers pass over those they do not know. */
export interface NoteSigner {
  readonly name: string;
  readonly keyId: Uint8Array;
  sign(body: Uint8Array): Uint8Array;
}

/** Ed25519 under the log's origin as key name (C2SP signed-note). */
export const ed25519Signer = (encodings: Encodings, origin: string, key: { readonly privateKey: KeyObject; readonly publicKey: Uint8Array }): NoteSigner =>
  ({ name: origin, keyId: noteKeyId(encodings, origin, key.publicKey), sign: (body) => sign(null, body, key.privateKey) });

/** Signs with every signer, in order; a second algorithm is a second signer. */
export const createCheckpointSigner = (encodings: Encodings, origin: string, signers: readonly NoteSigner[]): SignCheckpoint => (size, root) => {
  const body = checkpointBody(encodings, { origin, size, root });
  const bytes = Buffer.from(body);
  return { root: encodings.toBase64(root), note: formatNote(encodings, body, signers.map((signer) => ({ name: signer.name, keyId: signer.keyId, signature: signer.sign(bytes) }))) };
};
