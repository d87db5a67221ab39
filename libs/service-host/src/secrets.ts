import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createKeySet, loadJwks, loadKeyFile } from '@countersign/identity';
import type { KeySet, SigningKey } from '@countersign/identity';
import type { PublicJwk } from '@countersign/contracts';

/** The service's own signing key: `<dir>/<service>.key.json`. Throws with the remedy where it is missing or readable by others. */
export const serviceKey = (dir: string, service: string): SigningKey => loadKeyFile(join(dir, `${service}.key.json`));

/** Public keys of all services: `<dir>/jwks.json`. */
export const serviceKeys = (dir: string): { readonly jwks: readonly PublicJwk[]; readonly keys: KeySet } => {
  const jwks = loadJwks(join(dir, 'jwks.json'));
  return { jwks, keys: createKeySet(jwks) };
};

/** A secret of one line in a file that nobody else may read, decoded from base64url: `proof-secret`. */
export const secretFile = (dir: string, name: string): Buffer => {
  const path = join(dir, name);
  if ((statSync(path).mode & 0o077) !== 0) throw new Error(`${path} can be read by others: run chmod 600 ${path}`);
  const secret = Buffer.from(readFileSync(path, 'utf8').trim(), 'base64url');
  if (secret.length < 32) throw new Error(`${path} holds fewer than 32 bytes`);
  return secret;
};
