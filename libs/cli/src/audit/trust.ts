import type { PublicJwk } from '@countersign/contracts';
import { encodings, loadJwks, serviceOfKey } from '@countersign/identity';
import { parseVerifierKey } from '@countersign/tamper-log';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Local } from '../local.ts';
import type { Verified } from './verify.ts';

/** Why the key is believed: it was given, it stands in this machine's own key set, or not at all: it came with the record. */
export type KeyTrust = 'given' | 'pinned' | 'self-signed';

/** `--key`: a verifier key (name+hash+key) or a file with one. Undefined where it is neither. */
export const givenKey = (option: string): string | undefined => {
  const text = (existsSync(option) ? readFileSync(option, 'utf8') : option).trim();
  return parseVerifierKey(encodings, text) === undefined ? undefined : text;
};

/** Public keys of this machine's audit service, made at its first start; none where nothing runs here. */
export const pinnedKeys = (local: Local | undefined): readonly PublicJwk[] => {
  const path = local === undefined ? undefined : join(local.secrets, 'jwks.json');
  return path !== undefined && existsSync(path) ? loadJwks(path).filter(({ kid }) => serviceOfKey(kid) === 'audit') : [];
};

/** Whether a key that came with a record is one that was known before. */
export const trustOf = (served: string, pinned: readonly PublicJwk[]): KeyTrust => {
  const key = parseVerifierKey(encodings, served);
  return key !== undefined && pinned.some(({ x }) => Buffer.from(x, 'base64url').equals(key.publicKey)) ? 'pinned' : 'self-signed';
};

export const selfSigned = 'self-signed: the key came with the record and proves nothing; give the log\'s key with --key';

/** A forger signs with a key of his own and puts it beside: such a record may fit together and yet proves nothing. */
export const judged = (result: Verified, key: KeyTrust): Verified & { readonly key: KeyTrust } => ({ ...result, ok: result.ok && key !== 'self-signed', key });
