import { sign, verify } from 'node:crypto';
import type { GrantClaims } from '@countersign/contracts';
import { fromBase64Url, lengthPrefixed } from './bytes.ts';
import type { KeySet, SigningKey } from './keys.ts';
import { auditPath, buildTree, leafHash, rootFromPath } from './merkle.ts';
import { refuse } from './outcome.ts';
import type { Checked } from './outcome.ts';
import { parseStrictJson } from './strict-json.ts';
import { checkValidity, haveTexts } from './validity.ts';

/** Most grants under one signature. */
export const maxGrantBatch = 1_000;
/** Largest grant text looked at, characters. */
export const maxGrantLength = 8_192;

const rootStatement = (kid: string, size: number, root: Uint8Array): Buffer => lengthPrefixed(['countersign/grants/v1', kid, String(size), root]);

/**
 * Signs grants with one Ed25519 signature over the Merkle root of all (RFC 6962 hashing); each text carries its own path, so
 * each verifies alone. Text: `csg1.<payload>.<index>.<size>.<path>.<kid>.<signature>`, base64url where bytes. iat, exp: whole seconds.
 */
export const signGrants = (claims: readonly GrantClaims[], key: SigningKey): string[] => {
  if (claims.length === 0) return [];
  if (claims.length > maxGrantBatch) throw new RangeError(`at most ${maxGrantBatch} grants under one signature`);
  const payloads = claims.map((claim) => Buffer.from(JSON.stringify(claim)));
  const levels = buildTree(payloads.map(leafHash));
  const signature = sign(null, rootStatement(key.kid, claims.length, levels[levels.length - 1]![0]!), key.key);
  const tail = `.${key.kid}.${signature.toString('base64url')}`;
  return payloads.map((payload, i) => `csg1.${payload.toString('base64url')}.${i}.${claims.length}.${auditPath(levels, i).toString('base64url')}${tail}`);
};

const shape = /^csg1\.([A-Za-z0-9_-]{2,6000})\.(0|[1-9][0-9]{0,2})\.([1-9][0-9]{0,3})\.([A-Za-z0-9_-]{0,427})\.([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{86})$/;

export interface GrantCheck {
  /** Milliseconds. */
  readonly now: number;
  /** Whom the grant must name; null for supervision, which confirms grants for every audience. */
  readonly audience: string | null;
}

/**
 * Verifies a grant offline. One grant has exactly one accepted text: base64url canonical, path as long as index and size demand.
 * Codes: bad_grant, unknown_key, bad_signature, wrong_audience, expired, not_yet_valid.
 */
export const verifyGrant = (text: string, keys: KeySet, check: GrantCheck): Checked<{ readonly claims: GrantClaims; readonly kid: string }> => {
  const parts = typeof text === 'string' && text.length <= maxGrantLength ? shape.exec(text) : null;
  if (parts === null) return refuse('bad_grant', 'not a grant');
  const [, payloadText, indexText, sizeText, pathText, kid, signatureText] = parts as unknown as [string, string, string, string, string, string, string];
  const payload = fromBase64Url(payloadText), path = fromBase64Url(pathText), signature = fromBase64Url(signatureText, 64);
  const size = Number(sizeText);
  const root = payload && path && size <= maxGrantBatch ? rootFromPath(leafHash(payload), Number(indexText), size, path) : undefined;
  if (payload === undefined || signature === undefined || root === undefined) return refuse('bad_grant', 'the grant is not well formed');
  const key = keys.get(kid);
  if (key === undefined) return refuse('unknown_key', 'the grant is signed with a key that is not in the key set');
  if (!verify(null, rootStatement(kid, size, root), key, signature)) return refuse('bad_signature', 'the signature of the grant does not fit');
  const parsed = parseStrictJson(payload, { maxDepth: 4 });
  if (!parsed.ok || !isGrant(parsed.value)) return refuse('bad_grant', 'a claim of the grant is missing or of the wrong type');
  const claims = parsed.value;
  if (check.audience !== null && claims.aud !== check.audience) return refuse('wrong_audience', 'the grant is for another audience');
  return checkValidity(claims.iat, claims.exp, check.now) ?? { ok: true, claims, kid };
};

const isGrant = (value: unknown): value is GrantClaims => {
  if (typeof value !== 'object' || value === null) return false;
  const g = value as Record<string, unknown>;
  return haveTexts(g, ['jti', 'tenant', 'run', 'action', 'agent', 'tool', 'definition', 'args', 'aud', 'policy', 'jkt'])
    && typeof g['claim'] === 'boolean' && (g['observe'] === undefined || g['observe'] === true) && (g['tier'] === 1 || g['tier'] === 2 || g['tier'] === 3 || g['tier'] === 4);
};
