import { ineligible } from '@countersign/kernel';
import type { JsonObject, Vote } from '@countersign/contracts';
import { argumentsDigest, peekJws, verifyPersonStatement, verifyVote } from '@countersign/identity';
import type { PersonStatements } from '@countersign/identity';
import { CodedError } from '@countersign/service-host';
import type { PersonDirectory } from '@countersign/service-host';
import type { Handler } from '../app/handle.ts';
import { habitOf, lacks, wornOut } from '../core/attention.ts';
import type { ApprovalCommand } from '../core/commands.ts';
import type { Speaker } from '../core/events.ts';
import { standingOf } from '../core/viewer.ts';
import type { Standing } from '../core/viewer.ts';
import type { Approvals, Known } from '../views/approvals.ts';
import type { Ballots } from '../views/ballots.ts';
import type { StandIns } from '../views/stand-ins.ts';

export interface DoorPorts {
  readonly people: PersonDirectory; readonly tenant: string; readonly now: () => number;
  readonly handler: Handler; readonly view: Approvals; readonly standIns: StandIns; readonly ballots: Ballots;
  /** Whether who approves without looking is held up, or only reported. */
  readonly friction: 'enforce' | 'report';
}

/** Longest arguments that somebody may write in place of an agent's, bytes of JSON: as much as rules may make of them. */
const mostBytes = 24 * 1024;
/** An approval after a vote: `before` where the same vote was counted already and nothing changed. */
export type Voted = Known & { readonly counted: 'now' | 'before' };
type Person = NonNullable<ReturnType<PersonDirectory['person']>>;

/** What people sign about approvals, checked: their own key, active, for this approval. Throws CodedError where it does not count. Policy checks the same again. */
export const createDoor = ({ people, tenant, now, handler, view, standIns, ballots, friction }: DoorPorts) => {
  const invalid = (detail: string): CodedError => new CodedError('vote_invalid', detail, { status: 400 });
  const speakerOf = (jws: string, what: string): { readonly id: string; readonly person: Person } => {
    const id = peekJws(jws)?.['sub'];
    const person = typeof id === 'string' ? people.person(id) : undefined;
    if (typeof id !== 'string' || person?.status !== 'active') throw new CodedError('unauthenticated', `the ${what} is not by a person who is enrolled here`, { status: 401 });
    return { id, person };
  };
  const signed = <K extends keyof PersonStatements>(kind: K, jws: string) => {
    const { id, person } = speakerOf(jws, kind);
    const checked = verifyPersonStatement(kind, jws, person.keys, { now: now(), person: id });
    if (!checked.ok) throw invalid(`${checked.code}: ${checked.detail}`);
    return { id, person, statement: checked.statement };
  };
  const known = async (approval: string): Promise<Known> => {
    const found = await view.get(tenant, approval);
    if (found === undefined) throw new CodedError('not_found', 'there is no such approval', { status: 404 });
    return found;
  };
  const saying = async (approval: string, command: ApprovalCommand, by: string): Promise<Voted> => {
    const outcome = await handler.handle(approval, command, by);
    if (outcome.status === 'refused') throw new CodedError(outcome.code, outcome.detail);
    return { ...await known(approval), counted: outcome.status === 'nothing-new' ? 'before' : 'now' };
  };
  const say: (...said: Parameters<typeof saying>) => Promise<Known> = saying;
  const asSpeaker = (person: string, { roles, rolesSince }: Person): Speaker => ({ person, roles, rolesSince });

  /** What somebody may do about each of these. */
  const standings = async (person: string, states: readonly Known[]): Promise<readonly Standing[]> => {
    const found = people.person(person);
    const own: Speaker = found === undefined ? { person, roles: [] } : asSpeaker(person, found);
    const others = (await standIns.by(person, now())).map((one): Speaker => ({ ...own, standsFor: one.person }));
    return states.map((state) => standingOf(state, [own, ...others], now()));
  };

  /** Somebody whom this was not put to may be standing in for somebody whom it was. */
  const standing = async (speaker: Speaker, { question }: Known): Promise<{ readonly speaker: Speaker; readonly standIn?: string }> => {
    const may = (one: Speaker): boolean => ineligible({ ...one, vote: 'approve', why: null }, question.ask, now()) === null;
    if (may(speaker)) return { speaker };
    for (const { person, jws } of await standIns.by(speaker.person, now())) {
      const other = { ...speaker, standsFor: person };
      if (may(other)) return { speaker: other, standIn: jws };
    }
    return { speaker };
  };

  return {
    standings,
    /** Casts a vote, a person's signed statement or that of a channel under their link. The same again is not counted again, and the answer says so. */
    vote: async (approval: string, { jws, link }: Pick<Vote, 'jws' | 'link'>): Promise<Voted> => {
      const { id, person } = speakerOf(jws, 'vote');
      const checked = verifyVote({ jws, ...(link !== undefined && { link }) }, person.keys, { now: now(), person: id, tenant });
      if (!checked.ok) throw invalid(`${checked.code}: ${checked.detail}`);
      const { statement, authority } = checked;
      if (statement.approval !== approval) throw invalid('the vote is signed for another approval');
      const state = await known(approval);
      const openedAt = await ballots.openedAt(id, approval);
      const worn = friction === 'report' || statement.vote !== 'approve' ? null : wornOut(habitOf(await ballots.of(id)));
      const missing = worn === null ? null : lacks({ openedAt, evidence: statement.evidence, reason: statement.reason, now: now() });
      if (missing !== null) throw new CodedError('slow_down', `${worn}: ${missing}`);
      const { speaker, standIn } = await standing(asSpeaker(id, person), state);
      const after = await saying(approval, {
        type: 'vote', vote: { person: id, vote: statement.vote, jws, ...(link !== undefined && { link }), ...(standIn !== undefined && { standIn }) }, speaker, digest: statement.digest, evidence: statement.evidence,
        reason: statement.reason.slice(0, 2_000), authority, ...(authority === null && { conditions: statement.conditions }), now: now(),
      }, id);
      await ballots.put(id, approval, { vote: statement.vote, at: now(), tookMs: Math.max(0, now() - (openedAt ?? state.requestedAt)), opened: openedAt !== null, seeded: state.question.seededBy !== undefined });
      return after;
    },
    ask: async (approval: string, jws: string): Promise<Known> => {
      const { id, person, statement } = signed('question', jws);
      if (statement.approval !== approval) throw invalid('the question is signed for another approval');
      return say(approval, { type: 'ask', speaker: asSpeaker(id, person), digest: statement.digest, text: statement.text.slice(0, 2_000), jws, now: now() }, id);
    },
    /** Wants something else instead: policy judges it anew. */
    edit: async (approval: string, jws: string, args: JsonObject): Promise<Known> => {
      const { id, person, statement } = signed('edit', jws);
      if (statement.approval !== approval || statement.arguments !== argumentsDigest(args)) throw invalid('the edit is signed for another approval or other arguments');
      if (Buffer.byteLength(JSON.stringify(args)) > mostBytes) throw new CodedError('too_large', `edited arguments are at most ${mostBytes} bytes of JSON`, { status: 413 });
      return say(approval, { type: 'edit', speaker: asSpeaker(id, person), digest: statement.digest, edit: { person: id, arguments: args, reason: statement.reason.slice(0, 2_000), jws }, now: now() }, id);
    },
    reviewGlass: async (approval: string, jws: string): Promise<Known> => {
      const { id, person, statement } = signed('glass-review', jws);
      if (statement.approval !== approval || statement.tenant !== tenant) throw invalid('the review is signed for another approval');
      return say(approval, { type: 'review_glass', person: id, roles: person.roles, verdict: statement.verdict, reason: statement.reason.slice(0, 2_000), jws, now: now() }, id);
    },
    /** What somebody agrees to beforehand, checked. Whether they may decide about it is seen when it is used. */
    preApproval: async (jws: string) => {
      const { id, statement: { terms, reason, iat } } = signed('pre-approval', jws);
      if (terms.tenant !== tenant) throw invalid('the terms are of another tenant');
      const worn = friction === 'report' ? null : wornOut(habitOf(await ballots.of(id)));
      if (worn !== null) throw new CodedError('slow_down', `${worn}: decide about what is asked, one by one, before you agree to anything beforehand`);
      return { person: id, terms, signer: { person: id, jws, reason: reason.slice(0, 2_000), at: now(), agreedAt: iat * 1_000 } };
    },
    /** Who stands in for the signer, checked: to somebody active who has one of the signer's roles. */
    standIn: (jws: string) => {
      const { id, person, statement } = signed('stand-in', jws);
      const to = people.person(statement.to);
      if (statement.tenant !== tenant || statement.to === id) throw invalid('somebody else of this tenant stands in');
      if (to?.status !== 'active' || !to.roles.some((role) => person.roles.includes(role))) throw new CodedError('not_eligible', 'only somebody active who has one of your roles can stand in for you');
      if (statement.until * 1_000 <= now()) throw invalid('its time is over');
      return { standIn: { person: id, to: statement.to, from: statement.from * 1_000, until: statement.until * 1_000, jws }, signedAt: statement.iat, reason: statement.reason.slice(0, 2_000) };
    },
    signed,
  };
};
export type Door = ReturnType<typeof createDoor>;
