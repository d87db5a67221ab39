import type { ApprovalResolved, Vote } from '@countersign/contracts';
import type { ChannelAuthority, CheckedVote } from '@countersign/kernel';
import { peekJws, signJws, verifyJws } from './jws.ts';
import { publicKeyOf } from './keys.ts';
import type { KeySet, SigningKey } from './keys.ts';
import { preApprovalId } from './pre-approval.ts';
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

/** Somebody as they are known now. */
export interface KnownPerson { readonly roles: readonly string[]; readonly rolesSince?: Readonly<Record<string, number>> | undefined; readonly keys: KeySet }
/** People who are active now, of one tenant. */
export type ActivePeople = (id: string) => KnownPerson | undefined;

/**
 * The votes of an approval with what is wrong with those that do not count: signature, person, question. Whether their people may vote on it at all
 * is for `countApprovals` to say. Policy asks this when it decides, supervision again when the action is claimed.
 */
export const checkVotes = ({ approval, digest, votes }: Pick<ApprovalResolved, 'approval' | 'digest' | 'votes'>, active: ActivePeople, { tenant, now }: Omit<VoteCheck, 'person'>): CheckedVote[] => votes.map((vote) => {
  const known = active(vote.person);
  const base = { person: vote.person, vote: vote.vote, roles: known?.roles ?? [], rolesSince: known?.rolesSince, channel: null };
  if (known === undefined) return { ...base, why: 'not an active person' };
  if (vote.preApproval !== undefined) return { ...base, ...agreedBefore(vote, known.keys, { now, person: vote.person, tenant }) };
  const verified = verifyVote(vote, known.keys, { now, person: vote.person, tenant });
  if (!verified.ok) return { ...base, why: verified.code };
  const { statement, authority } = verified;
  const fits = statement.digest === digest && statement.approval === approval && statement.vote === vote.vote;
  const away = vote.standIn === undefined ? undefined : standsFor(vote.standIn, vote.person, active, { tenant, now });
  return { ...base, why: !fits ? 'signed for another question' : away === null ? 'nobody named them to stand in' : null, channel: authority, standsFor: away ?? undefined, ...(authority === null && { conditions: statement.conditions }) };
});

/** A vote signed before it was asked. What it covers is compared with the facts by whoever has them. */
const agreedBefore = (vote: Vote, keys: KeySet, check: VoteCheck): Pick<CheckedVote, 'why' | 'conditions' | 'terms' | 'agreedAt'> => {
  const verified = verifyPersonStatement('pre-approval', vote.jws, keys, check);
  if (!verified.ok) return { why: verified.code };
  const { terms, iat } = verified.statement;
  const fits = vote.vote === 'approve' && vote.link === undefined && vote.standIn === undefined && terms.tenant === check.tenant && preApprovalId(terms) === vote.preApproval;
  return { why: fits ? null : 'signed for another question', terms, agreedAt: iat * 1_000, conditions: { until: terms.until, ...(terms.amount !== undefined && { cap: terms.amount }) } };
};

/** Who named this person to stand in for them now, by their own signature; null where nobody did. */
const standsFor = (jws: string, person: string, active: ActivePeople, { tenant, now }: Omit<VoteCheck, 'person'>): string | null => {
  const claimed = peekJws(jws)?.['sub'];
  const known = typeof claimed === 'string' ? active(claimed) : undefined;
  if (typeof claimed !== 'string' || known === undefined) return null;
  const verified = verifyPersonStatement('stand-in', jws, known.keys, { now, person: claimed });
  if (!verified.ok || verified.statement.tenant !== tenant || verified.statement.to !== person) return null;
  return verified.statement.from * 1000 <= now && now < verified.statement.until * 1000 ? claimed : null;
};
