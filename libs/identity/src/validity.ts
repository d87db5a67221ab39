import { refuse } from './outcome.ts';
import type { Refusal } from './outcome.ts';

/** How far a signer's clock may be ahead of ours. Expiry has no such grace: it would lengthen every life. */
export const maxClockSkewMs = 30_000;

/**
 * Checks `iat` and `exp` (NumericDate: whole seconds since the epoch, as RFC 7519) against a clock in milliseconds.
 * Dead from `exp` on, exactly. Undefined where all is well; else code bad_token, expired or not_yet_valid.
 */
export const checkValidity = (iat: unknown, exp: unknown, now: number): Refusal | undefined => {
  if (!Number.isSafeInteger(iat) || !Number.isSafeInteger(exp)) return refuse('bad_token', 'iat and exp must be whole seconds');
  if (now >= (exp as number) * 1000) return refuse('expired', `expired at ${new Date((exp as number) * 1000).toISOString()}`);
  if ((iat as number) * 1000 > now + maxClockSkewMs) return refuse('not_yet_valid', 'issued in the future: check the clocks');
  return undefined;
};

/** Whether every named member is a non-empty text of at most 512 characters. */
export const haveTexts = (object: Readonly<Record<string, unknown>>, names: readonly string[]): boolean => {
  for (const name of names) {
    const value = object[name];
    if (typeof value !== 'string' || value.length === 0 || value.length > 512) return false;
  }
  return true;
};
