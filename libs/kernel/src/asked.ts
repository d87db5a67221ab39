import { channelFault } from './channel-authority.ts';
import type { ChannelAuthority } from './channel-authority.ts';
import type { Money } from './money.ts';
import type { PreApprovalTerms } from './pre-approval.ts';
import { fill, rolesHeldAt } from './quorum.ts';
import type { Factor, Filling, Voter } from './quorum.ts';

/** What people were asked, as far as counting their answers goes (contracts: ApprovalAsked). */
export interface AskedOf {
  readonly route: readonly string[]; readonly quorum: number; readonly requesters: readonly string[]; readonly askedAt?: number;
  readonly factors?: readonly Factor[];
  readonly escalations?: readonly { readonly at: number; readonly roles: readonly string[]; readonly people: readonly string[] }[];
  readonly freezes?: readonly { readonly from: number; readonly to: number; readonly reason: string }[];
  readonly breakGlass?: { readonly roles: readonly string[]; readonly count: number };
}

/** A vote and what is known of who cast it. `why`: what is wrong with its signature; null where it holds. */
export interface CastVote {
  readonly person: string; readonly vote: string; readonly why: string | null;
  readonly roles: readonly string[]; readonly rolesSince?: Readonly<Record<string, number>> | undefined;
  /** What the channel may say that it came out of; null or absent: signed with the person's own key. */
  readonly channel?: ChannelAuthority | null | undefined; readonly standsFor?: string | undefined;
  /** Epoch ms; of somebody who agreed beforehand: a role that they were given since then does not count either. */
  readonly agreedAt?: number | undefined;
}

/** A vote whose signature was looked at, with what its signer made it depend on. */
export interface CheckedVote extends CastVote {
  readonly vote: 'approve' | 'deny' | 'break_glass'; readonly channel: ChannelAuthority | null;
  /** It holds until then (epoch seconds), and for what moves no more than the cap. */
  readonly conditions?: { readonly until?: number; readonly cap?: Money } | undefined;
  /** Signed before it was asked: what it covers. */
  readonly terms?: PreApprovalTerms | undefined;
}

/** Who has to agree: what was asked, and from their moment on those to whom it was escalated as well. */
export const factorsOf = (asked: AskedOf, now: number): readonly Factor[] => {
  const factors = asked.factors ?? [{ name: 'route', roles: asked.route, people: [], count: asked.quorum }];
  const more = (asked.escalations ?? []).filter(({ at }) => at <= now);
  return more.length === 0 ? factors : factors.map((factor) => ({ ...factor, roles: [...factor.roles, ...more.flatMap(({ roles }) => roles)], people: [...factor.people, ...more.flatMap(({ people }) => people)] }));
};

/** The freeze that stands over a moment. */
export const frozenAt = ({ freezes = [] }: AskedOf, now: number): { readonly to: number; readonly reason: string } | undefined => freezes.find(({ from, to }) => from <= now && now < to);

/** Why somebody's approval does not count; null where it does. Policy, approvals and supervision ask the same. */
export const ineligible = (vote: CastVote, asked: AskedOf, now: number): { readonly code: 'self_approval' | 'not_eligible'; readonly why: string } | null => {
  if (asked.requesters.includes(vote.person)) return { code: 'self_approval', why: `${vote.person} asked for it and cannot vote` };
  if (vote.standsFor !== undefined && asked.requesters.includes(vote.standsFor)) return { code: 'self_approval', why: `${vote.standsFor}, for whom ${vote.person} stands in, asked for it` };
  const factors = factorsOf(asked, now);
  const voter = voterOf(vote, asked, now);
  if (fill(factors, [voter]).have === 1) return null;
  const late = fill(factors, [{ ...voter, roles: vote.roles }]).have === 1;
  return { code: 'not_eligible', why: late ? `${vote.person} was given the role after this was asked` : `this needs ${wanted(factors)}` };
};

/** All channels together are one voice: whoever holds their credentials could have spoken for everybody in them. */
const anyChannel = 'channel';

const voterOf = (vote: CastVote, asked: AskedOf, now: number): Voter => ({ person: vote.person, roles: rolesHeldAt(vote, Math.min(asked.askedAt ?? now, vote.agreedAt ?? Infinity)), via: vote.channel ? anyChannel : undefined, standsFor: vote.standsFor });

export interface Counted { readonly voters: readonly Voter[]; readonly filling: Filling; /** What is wrong with those that do not count, or who is missing. */ readonly why: string }

/** Counts the approvals that hold: signed by the person, with roles that they held when it was asked, and not by anybody who asked for it. @param moved what channels' caps are compared with */
export const countApprovals = (votes: readonly CastVote[], asked: AskedOf, now: number, moved?: { readonly tier: number; readonly money: Money | null }): Counted => {
  const voters: Voter[] = [];
  const faults: string[] = [];
  for (const vote of votes) {
    if (vote.vote !== 'approve') continue;
    const overreach = vote.channel && moved !== undefined ? channelFault(vote.channel, moved, []) : null;
    const wrong = vote.why ?? overreach;
    const why = wrong !== null ? `${vote.person}: ${wrong}` : ineligible(vote, asked, now)?.why;
    if (why === undefined) voters.push(voterOf(vote, asked, now));
    else faults.push(why);
  }
  const factors = factorsOf(asked, now);
  const filling = fill(factors, voters);
  const missing = factors.filter((_, i) => filling.factors[i]!.have < filling.factors[i]!.need);
  if (!filling.met && voters.filter(({ via }) => via !== undefined).length > 1) faults.push('channel_factor_taken: all channels together are one voice');
  return { voters, filling, why: faults[0] ?? (voters.length === 0 ? 'no vote counts' : `missing: ${wanted(missing)}`) };
};

/** People who together go ahead without the quorum, each by their own key and with nobody against it; null where they are too few. */
export const glassBreakers = (votes: readonly CheckedVote[], asked: AskedOf, now: number): readonly string[] | null => {
  const { breakGlass } = asked;
  if (breakGlass === undefined || votes.some(({ vote, why }) => vote === 'deny' && why === null)) return null;
  const people = new Set(votes.filter((one) => one.vote === 'break_glass' && one.why === null && one.channel === null && one.standsFor === undefined && !asked.requesters.includes(one.person)
    && rolesHeldAt(one, asked.askedAt ?? now).some((role) => breakGlass.roles.includes(role))).map(({ person }) => person));
  return people.size >= breakGlass.count ? [...people] : null;
};

/** Why the conditions that somebody set on their approval do not hold; null where they do. @param money what the action moves */
export const conditionUnmet = ({ conditions }: Pick<CheckedVote, 'conditions'>, money: Money | null, now: number): string | null => {
  if (conditions === undefined) return null;
  const { until, cap } = conditions;
  if (until !== undefined && now >= until * 1_000) return 'the time that they set is over';
  if (cap === undefined || money === null) return null;
  return money.currency === cap.currency && money.minor <= cap.minor ? null : 'it is above the cap that they set';
};

const wanted = (factors: readonly Factor[]): string => factors.map(({ name, roles, people }) => `${name === 'route' ? '' : `${name}: `}one of ${[...roles, ...people].join(', ') || 'nobody'}`).join('; ');
