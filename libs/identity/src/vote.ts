import type { Vote } from '@countersign/contracts';
import type { ChannelAuthority } from '@countersign/kernel';
import { signJws, verifyJws } from './jws.ts';
import { publicKeyOf } from './keys.ts';
import type { KeySet, SigningKey } from './keys.ts';
import { refuse } from './outcome.ts';
import type { Checked } from './outcome.ts';
import { verifyPersonStatement } from './person.ts';
import type { VoteStatement } from './person.ts';
import { checkValidity, haveTexts, maxClockSkewMs } from './validity.ts';

/** What a channel's key signs when somebody decided there; `sub` is whom the person's own link says that account is. */
export interface ChannelVoteStatement extends VoteStatement { readonly channel: string; readonly account: string }

/** A vote whose signatures hold. `authority` is null where the person's own key signed it. */
export interface VerifiedVote { readonly statement: VoteStatement; readonly authority: ChannelAuthority | null }

/** Longest life of a link between a person and a channel, seconds: 90 days. */
export const maxLinkLifeS = 90 * 86_400;

const typ = 'countersign-channel-vote+jwt';

/** A vote given in a channel. It says nothing without the person's own link to this channel, account and key. */
export const signChannelVote = (statement: ChannelVoteStatement, key: SigningKey): string => signJws(typ, statement, key);

export interface VoteCheck { /** Milliseconds. */ readonly now: number; readonly person: string; readonly tenant: string }

/**
 * Verifies a vote: signed by one of the person's keys, or by the key of a channel that one of the person's keys linked to an account there.
 * Codes: as verifyPersonStatement, and link_invalid where the link is not for this vote.
 */
export const verifyVote = (vote: Pick<Vote, 'jws' | 'link'>, keys: KeySet, check: VoteCheck): Checked<VerifiedVote> => {
  if (vote.link === undefined) {
    const own = verifyPersonStatement('vote', vote.jws, keys, check);
    return own.ok ? { ok: true, statement: own.statement, authority: null } : own;
  }
  const linked = verifyLink(vote.link, keys, check);
  if (!linked.ok) return linked;
  const { link } = linked;
  const key = publicKeyOf({ kty: 'OKP', crv: 'Ed25519', x: link.key, kid: 'channel' });
  const signed = verifyJws(typ, vote.jws, { get: () => key });
  if (!signed.ok) return signed;
  const said = signed.payload as unknown as ChannelVoteStatement;
  if (!haveTexts(signed.payload, ['sub', 'channel', 'account', 'approval', 'digest']) || !Number.isSafeInteger(said.iat) || (said.vote !== 'approve' && said.vote !== 'deny') || typeof said.reason !== 'string') return refuse('bad_token', 'a vote of a channel names channel, account, person, approval, digest and vote');
  if (said.sub !== check.person || said.channel !== link.channel || said.account !== link.account) return refuse('link_invalid', 'the vote is of another account or person than the link');
  if (said.iat * 1000 > check.now + maxClockSkewMs) return refuse('not_yet_valid', 'signed in the future: check the clocks');
  return { ok: true, statement: said, authority: { channel: link.channel, account: link.account, cap: link.minor === null || link.currency === null ? null : { minor: link.minor, currency: link.currency } } };
};

/** Verifies that a person said: this account of that channel speaks for me, up to this cap, until then. */
export const verifyLink = (jws: string, keys: KeySet, check: VoteCheck) => {
  const linked = verifyPersonStatement('channel-link', jws, keys, check);
  if (!linked.ok) return linked;
  const { statement: link } = linked;
  if (link.tenant !== check.tenant) return refuse('link_invalid', 'the link is of another tenant');
  const timing = checkValidity(link.iat, link.exp, check.now);
  if (timing !== undefined) return timing;
  return link.exp - link.iat > maxLinkLifeS ? refuse('link_invalid', 'a link lives 90 days at most: sign a new one') : { ok: true as const, link };
};
