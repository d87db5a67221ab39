import { signJws, verifyJws } from './jws.ts';
import type { KeySet, SigningKey } from './keys.ts';
import { refuse } from './outcome.ts';
import type { Checked } from './outcome.ts';
import { serviceOfKey } from './service-message.ts';
import { checkValidity, haveTexts } from './validity.ts';

const typ = 'countersign-relay+jwt';
/** Longest life, seconds. */
const maxLifeS = 60;

/** The gateway's word that somebody logged in at it: reads for them at one service, and nothing else. Times in ms. */
export const signRelay = (person: string, audience: string, now: number, key: SigningKey): string => {
  const iat = Math.floor(now / 1_000);
  return signJws(typ, { sub: person, aud: audience, iat, exp: iat + maxLifeS }, key);
};

/** Codes: as verifyJws, wrong_signer, wrong_audience, expired, not_yet_valid. */
export const verifyRelay = (jws: string, keys: KeySet, check: { readonly now: number; readonly audience: string }): Checked<{ readonly person: string }> => {
  const verified = verifyJws(typ, jws, keys);
  if (!verified.ok) return verified;
  const { kid, payload } = verified;
  if (serviceOfKey(kid) !== 'gateway') return refuse('wrong_signer', 'only the gateway reads for others');
  if (!haveTexts(payload, ['sub', 'aud'])) return refuse('bad_token', 'a relay names person and audience');
  if (payload['aud'] !== check.audience) return refuse('wrong_audience', 'the relay is for another service');
  const timing = checkValidity(payload['iat'], payload['exp'], check.now);
  if (timing !== undefined) return timing;
  return Number(payload['exp']) - Number(payload['iat']) > maxLifeS ? refuse('bad_token', 'a relay lives a minute at most') : { ok: true, person: payload['sub'] as string };
};

const linkTyp = 'countersign-page-link+jwt';
/** How long a link in a mail works, seconds: as long as the longest request waits. */
const linkLifeS = 7 * 86_400;

/** Names for whom a link to an approval's page was made. It opens nothing: whoever follows it logs in and signs as always. */
export const signPageLink = (approval: string, person: string, now: number, key: SigningKey): string => {
  const iat = Math.floor(now / 1_000);
  return signJws(linkTyp, { sub: person, approval, iat, exp: iat + linkLifeS }, key);
};

/** Codes: as verifyJws, wrong_signer, expired, not_yet_valid. */
export const verifyPageLink = (jws: string, keys: KeySet, now: number): Checked<{ readonly person: string; readonly approval: string }> => {
  const verified = verifyJws(linkTyp, jws, keys);
  if (!verified.ok) return verified;
  const { kid, payload } = verified;
  if (serviceOfKey(kid) !== 'approvals') return refuse('wrong_signer', 'links are made by approvals');
  if (!haveTexts(payload, ['sub', 'approval'])) return refuse('bad_token', 'a link names person and approval');
  return checkValidity(payload['iat'], payload['exp'], now) ?? { ok: true, person: payload['sub'] as string, approval: payload['approval'] as string };
};
