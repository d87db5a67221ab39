import { peekJws, signJws, verifyJws } from './jws.ts';
import type { KeySet, SigningKey } from './keys.ts';
import { refuse } from './outcome.ts';
import type { Checked } from './outcome.ts';
import { checkValidity, haveTexts } from './validity.ts';

/** Claims of a private_key_jwt client assertion (RFC 7523 section 3); iat and exp in seconds. */
export interface ClientAssertion { readonly iss: string; readonly sub: string; readonly aud: string; readonly jti: string; readonly iat: number; readonly exp: number }

const typ = 'JWT';

/** @param options.now milliseconds · jti unique per call · lifeS seconds the assertion lives (default 60) */
export const createClientAssertion = (options: { readonly client: string; readonly audience: string; readonly jti: string; readonly now: number; readonly lifeS?: number }, key: SigningKey): string => {
  const iat = Math.floor(options.now / 1000);
  const claims: ClientAssertion = { iss: options.client, sub: options.client, aud: options.audience, jti: options.jti, iat, exp: iat + (options.lifeS ?? 60) };
  return signJws(typ, claims, key);
};

/** Whom the assertion claims to come from, unverified: only to find that client's keys. */
export const peekClient = (jwt: string): string | undefined => {
  const sub = peekJws(jwt)?.['sub'];
  return typeof sub === 'string' ? sub : undefined;
};

export interface AssertionCheck {
  readonly audience: string;
  /** Milliseconds. */
  readonly now: number;
  /** Longest accepted life (exp − iat) and age, seconds. Default 300. */
  readonly maxAgeS?: number;
}

/** Codes: bad_token, unknown_key, bad_signature, wrong_audience, expired, not_yet_valid. That a jti is used once is the caller's to see to, until `exp`. */
export const verifyClientAssertion = (jwt: string, clientKeys: KeySet, check: AssertionCheck): Checked<{ readonly claims: ClientAssertion }> => {
  const verified = verifyJws(typ, jwt, clientKeys);
  if (!verified.ok) return verified;
  const p = verified.payload;
  if (!haveTexts(p, ['iss', 'sub', 'aud', 'jti']) || p['iss'] !== p['sub']) return refuse('bad_token', 'iss, sub (equal), aud and jti are required');
  if (p['aud'] !== check.audience) return refuse('wrong_audience', 'the assertion is for another audience');
  const timing = checkValidity(p['iat'], p['exp'], check.now);
  if (timing !== undefined) return timing;
  const claims = p as unknown as ClientAssertion;
  const maxAge = check.maxAgeS ?? 300;
  if (claims.exp - claims.iat > maxAge || check.now - claims.iat * 1000 > maxAge * 1000) return refuse('expired', `an assertion lives at most ${maxAge} s`);
  return { ok: true, claims };
};
