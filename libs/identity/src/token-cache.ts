import type { TokenClaims } from '@countersign/contracts';
import { verifyAgentToken } from './agent-token.ts';
import type { KeySet } from './keys.ts';
import type { Checked, Refusal } from './outcome.ts';
import { checkValidity } from './validity.ts';

export interface TokenCacheOptions {
  readonly keys: KeySet;
  readonly audience: string;
  /** Most tokens kept; the least recently used goes first. Default 10,000. */
  readonly max?: number;
  /** How long a refusal is remembered, ms. Short, for keys may arrive. Default 5,000. */
  readonly refusalMs?: number;
}

export interface TokenCache {
  /** As verifyAgentToken, at the price of a look-up when the text was seen before. @param now milliseconds */
  verify(jwt: string, now: number): Checked<{ readonly claims: TokenClaims }>;
  readonly size: number;
}

/**
 * Verifying a signature costs 100 µs, a look-up less than one. Good tokens are kept until they expire, bad ones briefly
 * and apart, so that a flood of forgeries cannot push the good ones out.
 */
export const createTokenCache = (options: TokenCacheOptions): TokenCache => {
  const max = options.max ?? 10_000;
  const refusalMs = options.refusalMs ?? 5_000;
  const good = new Map<string, Extract<Checked<{ readonly claims: TokenClaims }>, { ok: true }>>();
  const bad = new Map<string, { readonly refusal: Refusal; readonly until: number }>();

  const remember = <V>(map: Map<string, V>, key: string, value: V, most: number): void => {
    map.delete(key);
    map.set(key, value);
    if (map.size > most) map.delete(map.keys().next().value!);
  };

  return {
    verify(jwt, now) {
      const known = good.get(jwt);
      if (known !== undefined) {
        const over = checkValidity(known.claims.iat, known.claims.exp, now);
        if (over === undefined) {
          if (good.size > max / 2) remember(good, jwt, known, max);
          return known;
        }
        good.delete(jwt);
        return over;
      }
      const refused = bad.get(jwt);
      if (refused !== undefined && now < refused.until && now >= refused.until - refusalMs) return refused.refusal;
      const result = verifyAgentToken(jwt, options.keys, { now, audience: options.audience });
      if (result.ok) remember(good, jwt, result, max);
      else if (typeof jwt === 'string' && jwt.length <= 8_192) remember(bad, jwt, { refusal: result, until: now + refusalMs }, 1_000);
      return result;
    },
    get size() { return good.size + bad.size; },
  };
};
