import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import type { PublicJwk } from '@countersign/contracts';
import { sha256Text } from './bytes.ts';
import { parseStrictJson } from './strict-json.ts';

/** A private Ed25519 key as JWK (RFC 8037). Never logged, never sent. */
export interface PrivateJwk extends PublicJwk { readonly d: string }

/** A key that signs. `kid` is what readers look it up by. */
export interface SigningKey {
  readonly kid: string;
  readonly key: KeyObject;
  readonly publicJwk: PublicJwk;
  readonly privateJwk: PrivateJwk;
}

/** Public keys by kid. */
export interface KeySet {
  get(kid: string): KeyObject | undefined;
}

const kidShape = /^[A-Za-z0-9_-]{1,64}$/;

/** A new Ed25519 key. The kid is 1 to 64 characters of `A-Za-z0-9_-`. */
export const generateKey = (kid: string): SigningKey => {
  const { privateKey } = generateKeyPairSync('ed25519');
  return signingKeyOf({ ...(privateKey.export({ format: 'jwk' }) as { kty: 'OKP'; crv: 'Ed25519'; x: string; d: string }), kid });
};

/** Makes a signing key of a private JWK. Throws on a key of another kind or whose public half is not its own. */
export const signingKeyOf = (jwk: PrivateJwk): SigningKey => {
  if (!kidShape.test(jwk.kid)) throw new Error('a kid has 1 to 64 characters of A-Z, a-z, 0-9, _ and -');
  const key = createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', x: jwk.x, d: jwk.d }, format: 'jwk' });
  const { x } = createPublicKey(key).export({ format: 'jwk' }) as { x: string };
  if (jwk.kty !== 'OKP' || jwk.crv !== 'Ed25519' || x !== jwk.x) throw new Error(`key ${jwk.kid} is not an Ed25519 key pair`);
  return { kid: jwk.kid, key, publicJwk: { kty: 'OKP', crv: 'Ed25519', x, kid: jwk.kid }, privateJwk: { kty: 'OKP', crv: 'Ed25519', x, d: jwk.d, kid: jwk.kid } };
};

/** Checks the shape of a public JWK from outside and makes a key of it; undefined where it is none. */
export const publicKeyOf = (jwk: PublicJwk): KeyObject | undefined => {
  if (jwk.kty !== 'OKP' || jwk.crv !== 'Ed25519' || typeof jwk.x !== 'string' || !/^[A-Za-z0-9_-]{43}$/.test(jwk.x)) return undefined;
  try {
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: jwk.x }, format: 'jwk' });
  } catch {
    return undefined;
  }
};

/** RFC 7638 thumbprint of an Ed25519 key, base64url: the `jkt` of tokens and grants. */
export const jwkThumbprint = (jwk: Pick<PublicJwk, 'x'>): string => sha256Text(`{"crv":"Ed25519","kty":"OKP","x":"${jwk.x}"}`);

/** A set of public keys. Throws on a malformed one or a kid given twice: a set half read would refuse at random. */
export const createKeySet = (jwks: readonly PublicJwk[]): KeySet => {
  const byKid = new Map<string, KeyObject>();
  for (const jwk of jwks) {
    const key = publicKeyOf(jwk);
    if (key === undefined || !kidShape.test(jwk.kid) || byKid.has(jwk.kid)) throw new Error(`key set: ${String(jwk.kid)} is malformed or there twice`);
    byKid.set(jwk.kid, key);
  }
  return byKid;
};

/** Reads a private JWK file. Refuses one that group or others may read: whoever reads it can sign as this service. */
export const loadKeyFile = (path: string): SigningKey => {
  const file = openSync(path, 'r');
  try {
    const mode = fstatSync(file).mode & 0o777;
    if ((mode & 0o077) !== 0) throw new Error(`${path} can be read by others (mode ${mode.toString(8)}): run chmod 600 ${path}`);
    return signingKeyOf(readJson(readFileSync(file), path) as PrivateJwk);
  } finally {
    closeSync(file);
  }
};

/** Reads a JWK set file `{"keys": [...]}` (RFC 7517). */
export const loadJwks = (path: string): readonly PublicJwk[] => jwksOf(readJson(readFileSync(path), path), path);

/** Takes the keys out of a parsed JWK set; `where` names it in the error. */
export const jwksOf = (value: unknown, where: string): readonly PublicJwk[] => {
  const keys = (value as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys)) throw new Error(`${where} is no JWK set: it needs {"keys": [...]}`);
  createKeySet(keys as PublicJwk[]);
  return keys as PublicJwk[];
};

const readJson = (bytes: Buffer, path: string): unknown => {
  const parsed = parseStrictJson(bytes);
  if (!parsed.ok) throw new Error(`${path}: ${parsed.detail}`);
  return parsed.value;
};
