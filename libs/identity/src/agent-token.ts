import type { PublicJwk, TokenClaims } from '@countersign/contracts';
import { signJws, verifyJws } from './jws.ts';
import { jwkThumbprint } from './keys.ts';
import type { KeySet, SigningKey } from './keys.ts';
import { refuse } from './outcome.ts';
import type { Checked } from './outcome.ts';
import { checkValidity, haveTexts } from './validity.ts';

const typ = 'at+jwt';

/** An agent token (RFC 9068 shape), signed by the registry. iat, exp and run_not_after are whole seconds. */
export const issueAgentToken = (claims: TokenClaims, key: SigningKey): string => signJws(typ, claims, key);

export interface TokenCheck {
  /** Milliseconds. */
  readonly now: number;
  readonly audience: string;
}

/**
 * Verifies an agent token: signature, type, shape, thumbprint of its session key, audience, life.
 * Codes: bad_token, unknown_key, bad_signature, wrong_audience, expired, not_yet_valid.
 */
export const verifyAgentToken = (jwt: string, keys: KeySet, check: TokenCheck): Checked<{ readonly claims: TokenClaims }> => {
  const verified = verifyJws(typ, jwt, keys);
  if (!verified.ok) return verified;
  const p = verified.payload;
  if (!haveTexts(p, ['iss', 'aud', 'sub', 'jti', 'tenant', 'run']) || typeof p['scope'] !== 'string' || !Number.isSafeInteger(p['run_not_after'])) return refuse('bad_token', 'a claim is missing or of the wrong type');
  const cnf = p['cnf'] as { jkt?: unknown; jwk?: PublicJwk } | null | undefined;
  if (typeof cnf?.jwk?.x !== 'string' || cnf.jkt !== jwkThumbprint(cnf.jwk)) return refuse('bad_token', 'cnf.jkt is not the thumbprint of cnf.jwk');
  if (p['aud'] !== check.audience) return refuse('wrong_audience', 'the token is for another audience');
  return checkValidity(p['iat'], p['exp'], check.now) ?? { ok: true, claims: p as unknown as TokenClaims };
};
