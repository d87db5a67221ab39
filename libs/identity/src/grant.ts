import { sign, verify } from 'node:crypto';
import type { GrantClaims, ReceiptClaims } from '@countersign/contracts';
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

/** What one signature of policy may cover: grants, and receipts of what was not granted. */
export type BatchClaims = GrantClaims | ReceiptClaims;

const rootStatement = (kid: string, size: number, root: Uint8Array): Buffer => lengthPrefixed(['countersign/grants/v1', kid, String(size), root]);

/**
 * Signs grants with one Ed25519 signature over the Merkle root of all (RFC 6962 hashing); each text carries its own path, so
 * each verifies alone. Text: `csg1.<payload>.<index>.<size>.<path>.<kid>.<signature>`, of receipts `csr1.…`, base64url where bytes. iat, exp of grants: whole seconds.
 */
export const signGrants = (claims: readonly BatchClaims[], key: SigningKey): string[] => {
  if (claims.length === 0) return [];
  if (claims.length > maxGrantBatch) throw new RangeError(`at most ${maxGrantBatch} grants under one signature`);
  const payloads = claims.map((claim) => Buffer.from(JSON.stringify(claim)));
  const levels = buildTree(payloads.map(leafHash));
  const signature = sign(null, rootStatement(key.kid, claims.length, levels[levels.length - 1]![0]!), key.key);
  const tail = `.${key.kid}.${signature.toString('base64url')}`;
  return payloads.map((payload, i) => `${'receipt' in claims[i]! ? 'csr1' : 'csg1'}.${payload.toString('base64url')}.${i}.${claims.length}.${auditPath(levels, i).toString('base64url')}${tail}`);
};

const shape = /^(?:csg1|csr1)\.([A-Za-z0-9_-]{2,6000})\.(0|[1-9][0-9]{0,2})\.([1-9][0-9]{0,3})\.([A-Za-z0-9_-]{0,427})\.([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{86})$/;

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
  const signed = openSigned('csg1', text, keys);
  if (!signed.ok) return signed;
  const { value: claims, kid } = signed;
  if (!isGrant(claims)) return refuse('bad_grant', 'a claim of the grant is missing or of the wrong type');
  if (check.audience !== null && claims.aud !== check.audience) return refuse('wrong_audience', 'the grant is for another audience');
  return checkValidity(claims.iat, claims.exp, check.now) ?? { ok: true, claims, kid };
};

/** Verifies the receipt of a decision offline; it does not expire. Codes: bad_receipt, unknown_key, bad_signature. */
export const verifyReceipt = (text: string, keys: KeySet): Checked<{ readonly claims: ReceiptClaims; readonly kid: string }> => {
  const signed = openSigned('csr1', text, keys);
  if (!signed.ok) return signed;
  return isReceipt(signed.value) ? { ok: true, claims: signed.value, kid: signed.kid } : refuse('bad_receipt', 'a claim of the receipt is missing or of the wrong type');
};

/** One text of a signed batch. What it says tells a grant from a receipt, so neither passes for the other under its prefix. */
const openSigned = (prefix: 'csg1' | 'csr1', text: string, keys: KeySet): Checked<{ readonly value: unknown; readonly kid: string }> => {
  const bad = prefix === 'csg1' ? 'bad_grant' : 'bad_receipt';
  const parts = typeof text === 'string' && text.length <= maxGrantLength && text.startsWith(prefix) ? shape.exec(text) : null;
  if (parts === null) return refuse(bad, prefix === 'csg1' ? 'not a grant' : 'not a receipt');
  const [, payloadText, indexText, sizeText, pathText, kid, signatureText] = parts as unknown as [string, string, string, string, string, string, string];
  const payload = fromBase64Url(payloadText), path = fromBase64Url(pathText), signature = fromBase64Url(signatureText, 64);
  const size = Number(sizeText);
  const root = payload && path && size <= maxGrantBatch ? rootFromPath(leafHash(payload), Number(indexText), size, path) : undefined;
  if (payload === undefined || signature === undefined || root === undefined) return refuse(bad, 'it is not well formed');
  const key = keys.get(kid);
  if (key === undefined) return refuse('unknown_key', 'it is signed with a key that is not in the key set');
  if (!verify(null, rootStatement(kid, size, root), key, signature)) return refuse('bad_signature', 'its signature does not fit');
  const parsed = parseStrictJson(payload, { maxDepth: 4 });
  return parsed.ok ? { ok: true, value: parsed.value, kid } : refuse(bad, 'what is signed is no JSON');
};

const isGrant = (value: unknown): value is GrantClaims => {
  if (typeof value !== 'object' || value === null) return false;
  const g = value as Record<string, unknown>;
  return haveTexts(g, ['jti', 'tenant', 'run', 'action', 'agent', 'tool', 'definition', 'args', 'aud', 'policy', 'jkt'])
    && typeof g['claim'] === 'boolean' && (g['observe'] === undefined || g['observe'] === true) && (g['tier'] === 1 || g['tier'] === 2 || g['tier'] === 3 || g['tier'] === 4);
};

const isReceipt = (value: unknown): value is ReceiptClaims => {
  if (typeof value !== 'object' || value === null) return false;
  const r = value as Record<string, unknown>;
  return haveTexts(r, ['tenant', 'run', 'action', 'tool', 'code', 'policy']) && r['receipt'] === 1 && (r['decision'] === 'deny' || r['decision'] === 'step_up' || r['decision'] === 'defer')
    && (r['message'] === null || typeof r['message'] === 'string') && Number.isSafeInteger(r['iat']) && Number.isSafeInteger(r['round']) && Array.isArray(r['rules']);
};
