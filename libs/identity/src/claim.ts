import type { ClaimClaims } from '@countersign/contracts';
import { signJws, verifyJws } from './jws.ts';
import type { KeySet, SigningKey } from './keys.ts';
import { refuse } from './outcome.ts';
import type { Checked } from './outcome.ts';
import { checkValidity, haveTexts } from './validity.ts';

const typ = 'countersign-claim+jwt';

/** Supervision's confirmation, seconds before execution, that nothing stopped the action; iat and exp in whole seconds. */
export const issueClaim = (claims: ClaimClaims, key: SigningKey): string => signJws(typ, claims, key);

/** Codes: bad_token, unknown_key, bad_signature, wrong_audience, expired, not_yet_valid. The caller compares `grant` with the grant's jti. */
export const verifyClaim = (jwt: string, keys: KeySet, check: { readonly now: number; readonly audience: string }): Checked<{ readonly claims: ClaimClaims; readonly kid: string }> => {
  const verified = verifyJws(typ, jwt, keys);
  if (!verified.ok) return verified;
  const p = verified.payload;
  if (!haveTexts(p, ['jti', 'grant', 'tenant', 'run', 'action', 'aud'])) return refuse('bad_token', 'a member of the claim is missing or of the wrong type');
  if (p['aud'] !== check.audience) return refuse('wrong_audience', 'the claim is for another audience');
  return checkValidity(p['iat'], p['exp'], check.now) ?? { ok: true, claims: p as unknown as ClaimClaims, kid: verified.kid };
};
