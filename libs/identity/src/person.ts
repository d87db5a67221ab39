import { sha256Text } from './bytes.ts';
import { signJws, verifyJws } from './jws.ts';
import type { KeySet, SigningKey } from './keys.ts';
import { refuse } from './outcome.ts';
import type { Checked } from './outcome.ts';
import { checkValidity, haveTexts, maxClockSkewMs } from './validity.ts';

/** A person's vote on one approval; `digest` commits to what was shown. iat in seconds, as below. */
export interface VoteStatement { readonly sub: string; readonly approval: string; readonly digest: string; readonly vote: 'approve' | 'deny'; readonly reason: string; readonly iat: number }
/** A person's instruction for one run; `instruction` is instructionDigest of its text. */
export interface InstructionStatement { readonly sub: string; readonly run: string; readonly instruction: string; readonly agent: string; readonly tenant: string; readonly iat: number }
/** A person presenting themselves to a service; jti used once. */
export interface LoginStatement { readonly sub: string; readonly aud: string; readonly iat: number; readonly exp: number; readonly jti: string }

export interface PersonStatements { readonly vote: VoteStatement; readonly instruction: InstructionStatement; readonly login: LoginStatement }

const kinds = {
  vote: { typ: 'countersign-vote+jwt', texts: ['sub', 'approval', 'digest'] },
  instruction: { typ: 'countersign-instruction+jwt', texts: ['sub', 'run', 'instruction', 'agent', 'tenant'] },
  login: { typ: 'countersign-person+jwt', texts: ['sub', 'aud', 'jti'] },
} as const;

/** base64url SHA-256 of the instruction's UTF-8 text. */
export const instructionDigest = (text: string): string => sha256Text(text);

/** A compact JWS with the person's own key: a stolen service key cannot make one. */
export const signPersonStatement = <K extends keyof PersonStatements>(kind: K, payload: PersonStatements[K], key: SigningKey): string => signJws(kinds[kind].typ, payload, key);

export interface PersonCheck {
  /** Milliseconds. */
  readonly now: number;
  /** Whose keys `keys` are. */
  readonly person: string;
  /** For a login: who it must be for. */
  readonly audience?: string;
}

/**
 * Verifies a statement with the keys of one person. A vote or instruction does not expire by itself; who acts on it checks what it names.
 * Codes: bad_token, unknown_key, bad_signature, wrong_person, wrong_audience, expired, not_yet_valid.
 */
export const verifyPersonStatement = <K extends keyof PersonStatements>(kind: K, jws: string, keys: KeySet, check: PersonCheck): Checked<{ readonly statement: PersonStatements[K]; readonly kid: string }> => {
  const verified = verifyJws(kinds[kind].typ, jws, keys);
  if (!verified.ok) return verified;
  const p = verified.payload;
  if (!haveTexts(p, kinds[kind].texts) || !Number.isSafeInteger(p['iat'])) return refuse('bad_token', 'a member of the statement is missing or of the wrong type');
  if (p['sub'] !== check.person) return refuse('wrong_person', 'the statement names another person than the owner of the key');
  if (kind === 'vote' && ((p['vote'] !== 'approve' && p['vote'] !== 'deny') || typeof p['reason'] !== 'string')) return refuse('bad_token', 'a vote is approve or deny, with a reason');
  if (kind === 'login') {
    if (check.audience === undefined || p['aud'] !== check.audience) return refuse('wrong_audience', 'the statement is for another audience');
    const timing = checkValidity(p['iat'], p['exp'], check.now);
    if (timing !== undefined) return timing;
  } else if ((p['iat'] as number) * 1000 > check.now + maxClockSkewMs) return refuse('not_yet_valid', 'signed in the future: check the clocks');
  return { ok: true, statement: p as unknown as PersonStatements[K], kid: verified.kid };
};
