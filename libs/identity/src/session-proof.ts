import { sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { PublicJwk } from '@countersign/contracts';
import { fromBase64Url, lengthPrefixed } from './bytes.ts';
import { jwkThumbprint, publicKeyOf } from './keys.ts';
import { refuse } from './outcome.ts';
import type { Checked } from './outcome.ts';

/** A proof is good for this long around its iat, ms. */
export const sessionProofLifeMs = 60_000;

const input = (grant: string, audience: string, iat: string): Buffer => lengthPrefixed(['countersign/session-proof/v1', grant, audience, iat]);

/**
 * Shows that who presents a grant holds the session key it was given to (as DPoP does, RFC 9449): Ed25519 over (grant jti, audience, iat).
 * Text: `<x of the public key>.<iat seconds>.<signature>`. @param now milliseconds
 */
export const createSessionProof = (grantJti: string, audience: string, now: number, session: { readonly key: KeyObject; readonly publicJwk: Pick<PublicJwk, 'x'> }): string => {
  const iat = String(Math.floor(now / 1000));
  return `${session.publicJwk.x}.${iat}.${sign(null, input(grantJti, audience, iat), session.key).toString('base64url')}`;
};

/** Codes: bad_session_proof, wrong_session (another key than the grant's), stale_session_proof. @param now milliseconds */
export const verifySessionProof = (text: string, expected: { readonly grant: string; readonly audience: string; readonly jkt: string; readonly now: number }): Checked<object> => {
  const parts = typeof text === 'string' ? /^([A-Za-z0-9_-]{43})\.([1-9][0-9]{0,11})\.([A-Za-z0-9_-]{86})$/.exec(text) : null;
  if (parts === null) return refuse('bad_session_proof', 'not a session proof');
  const [, x, iat, signatureText] = parts as unknown as [string, string, string, string];
  if (jwkThumbprint({ x }) !== expected.jkt) return refuse('wrong_session', 'the grant was given to another session key');
  const key = publicKeyOf({ kty: 'OKP', crv: 'Ed25519', x, kid: 'session' });
  const signature = fromBase64Url(signatureText, 64);
  if (key === undefined || signature === undefined || !verify(null, input(expected.grant, expected.audience, iat), key, signature)) return refuse('bad_session_proof', 'the session proof does not fit this grant');
  return Math.abs(expected.now - Number(iat) * 1000) > sessionProofLifeMs ? refuse('stale_session_proof', 'the session proof is too old: make one per call') : { ok: true };
};
