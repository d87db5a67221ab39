import { sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { fromBase64Url } from './bytes.ts';
import { verifyEd25519, verifyEd25519Ahead } from './ed25519.ts';
import type { KeySet, SigningKey } from './keys.ts';
import { refuse } from './outcome.ts';
import type { Checked } from './outcome.ts';
import { parseStrictJson } from './strict-json.ts';

/** A compact JWS (RFC 7515) with EdDSA (RFC 8037) and an explicit type (RFC 8725 section 3.11), so that no kind of token passes for another. */
export const signJws = (typ: string, payload: object, key: SigningKey): string => {
  const header = Buffer.from(JSON.stringify({ alg: 'EdDSA', typ, kid: key.kid })).toString('base64url');
  const input = `${header}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}`;
  return `${input}.${sign(null, Buffer.from(input, 'latin1'), key.key).toString('base64url')}`;
};

export interface VerifiedJws { readonly kid: string; readonly payload: Readonly<Record<string, unknown>> }

/** Largest JWS looked at, in characters. */
export const maxJwsLength = 8_192;

/**
 * Verifies a compact JWS: three canonical base64url parts, `alg` EdDSA and nothing else, this `typ`, a kid of the set, no `crit`.
 * Codes: bad_token, unknown_key, bad_signature. Says nothing about time or audience.
 */
export const verifyJws = (typ: string, jws: string, keys: KeySet): Checked<VerifiedJws> => {
  const parts = splitJws(jws);
  if (parts === undefined) return refuse('bad_token', 'not a compact JWS');
  const header = objectOf(parts.header);
  if (header === undefined || header['alg'] !== 'EdDSA' || header['typ'] !== typ || typeof header['kid'] !== 'string' || 'crit' in header) return refuse('bad_token', `not a ${typ} with EdDSA and a kid`);
  const key: KeyObject | undefined = keys.get(header['kid']);
  if (key === undefined) return refuse('unknown_key', 'signed with a key that is not in the key set');
  if (!verifyEd25519(Buffer.from(parts.input, 'latin1'), key, parts.signature)) return refuse('bad_signature', 'the signature does not fit');
  const payload = objectOf(parts.payload);
  if (payload === undefined) return refuse('bad_token', 'the payload is no JSON object');
  return { ok: true, kid: header['kid'], payload };
};

/** Verifies the signature on another thread, so that `verifyJws` of the same text answers at once. Checks nothing else and says nothing. */
export const verifyJwsAhead = async (jws: string, keys: KeySet): Promise<void> => {
  const parts = splitJws(jws);
  const kid = parts && objectOf(parts.header)?.['kid'];
  const key = typeof kid === 'string' ? keys.get(kid) : undefined;
  if (parts !== undefined && key !== undefined) await verifyEd25519Ahead(Buffer.from(parts.input, 'latin1'), key, parts.signature);
};

/** The payload without any check of the signature: only to find out whose keys to verify with. */
export const peekJws = (jws: string): Readonly<Record<string, unknown>> | undefined => {
  const parts = splitJws(jws);
  return parts === undefined ? undefined : objectOf(parts.payload);
};

const splitJws = (jws: string): { input: string; header: Buffer; payload: Buffer; signature: Buffer } | undefined => {
  if (typeof jws !== 'string' || jws.length > maxJwsLength) return undefined;
  const first = jws.indexOf('.');
  const second = jws.indexOf('.', first + 1);
  if (first < 1 || second < 0) return undefined;
  const header = fromBase64Url(jws.slice(0, first));
  const payload = fromBase64Url(jws.slice(first + 1, second));
  const signature = fromBase64Url(jws.slice(second + 1), 64);
  return header && payload && signature && { input: jws.slice(0, second), header, payload, signature };
};

const objectOf = (bytes: Buffer): Record<string, unknown> | undefined => {
  const parsed = parseStrictJson(bytes, { maxBytes: maxJwsLength, maxDepth: 12 });
  return parsed.ok && typeof parsed.value === 'object' && parsed.value !== null && !Array.isArray(parsed.value) ? (parsed.value as Record<string, unknown>) : undefined;
};
