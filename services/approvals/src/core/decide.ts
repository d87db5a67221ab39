import { accepted, assertNever, frozenAt, ineligible, moneyText, nothingNew, refused, rolesHeldAt, sameJson } from '@countersign/kernel';
import type { Outcome } from '@countersign/kernel';
import { reviewerRoles } from './review.ts';
import type { ApprovalCode, ApprovalCommand } from './commands.ts';
import type { ApprovalEvent, Conditions, Question, Speaker } from './events.ts';
import { evolve, progressOf } from './state.ts';
import type { Approval } from './state.ts';
import { channelRefusal } from './channel-votes.ts';

type Decided = Outcome<ApprovalEvent, ApprovalCode>;
type Open = Extract<Approval, { status: 'open' }>;
type Command<T extends ApprovalCommand['type']> = Extract<ApprovalCommand, { type: T }>;

const mostQuestions = 20;

/** One deny ends it; approvals count by distinct people until every factor has its own; at its deadline it expires, which is not the same as denied. */
export const decide = (command: ApprovalCommand, state: Approval): Decided => {
  if (command.type === 'request') return request(command, state);
  const says = command.type === 'vote' || command.type === 'ask' || command.type === 'edit' || command.type === 'review_glass';
  if (state.status === 'none') return says ? refused('not_found', 'there is no such approval') : nothingNew;
  if (command.type === 'reopen') return reopen(command, state);
  if (command.type === 'review_glass') return reviewGlass(command, state);
  if (state.status === 'closed') return command.type === 'vote' ? voteOnClosed(command, state) : says ? refused('approval_closed', `this approval is ${state.resolution}`) : nothingNew;
  switch (command.type) {
    case 'vote': return vote(command, state);
    case 'ask': return ask(command, state);
    case 'edit': return edit(command, state);
    case 'tick': return tick(command, state);
    case 'cancel': return accepted({ type: 'resolved', resolution: 'cancelled', at: command.now });
    default: return assertNever(command, 'approval command');
  }
};

const request = ({ question, overflow, agreed = [], now }: Command<'request'>, state: Approval): Decided => {
  if (state.status !== 'none') return state.question.digest === question.digest ? nothingNew : refused('conflict', 'an approval of this id asks something else');
  const { short } = question.ask;
  if (overflow === true) return accepted({ type: 'requested', question, at: now }, { type: 'resolved', resolution: 'overflow', at: now });
  const requested: ApprovalEvent = { type: 'requested', question, at: now };
  if (agreed.length > 0 && now < question.expiresAt && frozenAt(question.ask, now) === undefined) {
    const voted = agreed.map((one): ApprovalEvent => ({ type: 'voted', ...one, at: now }));
    if (progressOf([requested, ...voted].reduce(evolve, state) as Open, now).met) return accepted(requested, ...voted, { type: 'resolved', resolution: 'approved', at: now });
  }
  return accepted(requested, ...(short === undefined ? [] : [{ type: 'unfilled' as const, factors: short, at: now }]));
};

/** Only what policy was told is approved comes back, and only while people still have time. */
const reopen = ({ why, now }: Command<'reopen'>, state: Exclude<Approval, { status: 'none' }>): Decided =>
  (state.status === 'closed' && state.resolution === 'approved' && now < state.question.expiresAt ? accepted({ type: 'reopened', why, at: now }) : nothingNew);

/** Everything that is due, each once, in the order in which it was. What was missed while nobody looked is told late rather than never. */
const tick = ({ now }: Command<'tick'>, { question: { ask: asked, expiresAt }, reminded, escalated }: Open): Decided => {
  const due = [
    ...(asked.reminders ?? []).flatMap((at, reminder): ApprovalEvent[] => (reminder >= reminded && at <= now ? [{ type: 'reminded', reminder, due: at, at: now }] : [])),
    ...(asked.escalations ?? []).flatMap(({ at, roles, people }, escalation): ApprovalEvent[] => (escalation >= escalated && at <= now ? [{ type: 'escalated', escalation, roles, people, due: at, at: now }] : [])),
  ].sort((a, b) => ('due' in a ? a.due : 0) - ('due' in b ? b.due : 0));
  if (now >= expiresAt) return accepted(...due, { type: 'resolved', resolution: 'expired', at: now });
  return due.length === 0 ? nothingNew : accepted(...due);
};

/** A double click is idempotent; anything else comes too late. */
const voteOnClosed = (command: Command<'vote'>, state: Extract<Approval, { status: 'closed' }>): Decided =>
  (state.votes.some(({ vote: cast }) => cast.person === command.vote.person && cast.vote === command.vote.vote) ? nothingNew : refused('approval_closed', `this approval is ${state.resolution}`));

/** Why somebody may not speak on this at all, or not now. */
const fault = (question: Question, speaker: Speaker, digest: string, now: number): Decided | null => {
  if (now >= question.expiresAt) return refused('approval_expired', 'its deadline has passed', [{ type: 'resolved', resolution: 'expired', at: now }]);
  if (digest !== question.digest) return refused('vote_invalid', 'it is signed for another content than this approval shows: reload it');
  if (speaker.person === question.seededBy) return refused('self_approval', 'you put this there yourself, to see who looks');
  const why = ineligible({ ...speaker, vote: 'approve', why: null }, question.ask, now);
  return why === null ? null : refused(why.code, why.code === 'self_approval' ? 'whoever asked for an action, owns its agent, gave its instruction, edited it or wrote its rules cannot approve it' : why.why);
};

const vote = (command: Command<'vote'>, state: Open): Decided => {
  const { vote: cast, speaker, now } = command;
  const { question, votes } = state;
  const wrong = cast.vote === 'break_glass' ? glassFault(command, state) : fault(question, speaker, command.digest, now);
  if (wrong !== null) return wrong;
  if (command.evidence !== undefined && command.evidence !== question.evidenceDigest) return refused('vote_invalid', 'it is signed on other evidence than this approval shows: reload it');
  const earlier = votes.find((one) => one.vote.person === cast.person);
  if (earlier) return earlier.vote.vote === cast.vote ? nothingNew : refused('already_voted', 'a vote is final');
  const overreach = cast.vote === 'approve' ? channelRefusal(command.authority ?? null, question, votes.map(({ vote: one }) => one)) : null;
  if (overreach !== null) return refused(overreach, overreach === 'over_channel_cap' ? 'this is above what may be approved out of a channel: sign with your own key' : 'somebody approved out of a channel already: another factor takes an own key');
  const relaxed = question.ask.relaxed?.people.includes(cast.person) === true;
  if (relaxed && command.reason.trim() === '') return refused('reason_required', 'you would be one of those who asked for it: say why you decide all the same');
  const unmet = command.conditions === undefined ? null : conditionFault(command.conditions, question, now);
  if (unmet !== null) return refused('condition_unmet', unmet);
  const frozen = frozenAt(question.ask, now);
  if (cast.vote !== 'deny' && frozen !== undefined) return refused('frozen', `nothing is approved before ${new Date(frozen.to).toISOString()}: ${frozen.reason}`);
  const voted: ApprovalEvent = { type: 'voted', vote: cast, speaker: command.authority ? { ...speaker, channel: command.authority } : speaker, reason: command.reason, ...(relaxed && { relaxed }), at: now };
  if (cast.vote === 'deny') return accepted(voted, { type: 'resolved', resolution: 'denied', at: now });
  if (cast.vote === 'break_glass' && command.glassBrokenFor !== undefined) return refused('glass_unreviewed', `the glass broken for ${command.glassBrokenFor} was not reviewed yet: countersign review-glass ${command.glassBrokenFor}`);
  if (cast.vote === 'break_glass') return breakGlass(voted, state, now);
  return progressOf(evolve(state, voted) as Open, now).met ? accepted(voted, { type: 'resolved', resolution: 'approved', at: now }) : accepted(voted);
};

/** Who may go ahead without the quorum: named by the bundle, with no part in it, by their own key, and with a reason. */
const glassFault = ({ speaker, digest, reason, authority, now }: Command<'vote'>, { question }: Open): Decided | null => {
  const { ask: asked, expiresAt } = question;
  if (now >= expiresAt) return refused('approval_expired', 'its deadline has passed', [{ type: 'resolved', resolution: 'expired', at: now }]);
  if (digest !== question.digest) return refused('vote_invalid', 'it is signed for another content than this approval shows: reload it');
  if (asked.breakGlass === undefined) return refused('no_glass', 'the rules name nobody who may go ahead without the quorum');
  if (asked.requesters.includes(speaker.person) || speaker.person === question.seededBy) return refused('self_approval', 'whoever asked for an action cannot break the glass for it');
  if (authority) return refused('not_eligible', 'the glass is broken with an own key, not out of a channel');
  if (!rolesHeldAt(speaker, asked.askedAt ?? now).some((role) => asked.breakGlass!.roles.includes(role))) return refused('not_eligible', `this needs ${asked.breakGlass.roles.join(' or ')}`);
  return reason.trim() === '' ? refused('reason_required', 'say why nobody can be waited for') : null;
};

/** On the record before anything is granted: who went ahead, for everybody who was not heard. */
const breakGlass = (voted: Extract<ApprovalEvent, { type: 'voted' }>, { question, votes }: Open, now: number): Decided => {
  const people = [...votes.map(({ vote: cast }) => cast), voted.vote].filter((cast) => cast.vote === 'break_glass').map(({ person }) => person);
  return people.length < question.ask.breakGlass!.count ? accepted(voted) : accepted(voted, { type: 'glass_broken', people, at: now }, { type: 'resolved', resolution: 'approved', at: now });
};

/** One verdict, by somebody who neither broke the glass nor asked for what it was broken for. */
const reviewGlass = (command: Command<'review_glass'>, state: Exclude<Approval, { status: 'none' }>): Decided => {
  const { person, roles, verdict, reason, jws, now } = command;
  if (state.status !== 'closed' || state.glass === undefined) return refused('no_glass', 'no glass was broken for this');
  if (state.glass.people.includes(person) || state.question.ask.requesters.includes(person)) return refused('self_approval', 'whoever broke the glass, or asked for what it was broken for, does not review it');
  if (!roles.some((role) => reviewerRoles.includes(role))) return refused('not_eligible', `this needs one of the roles ${reviewerRoles.join(', ')}`);
  if (state.glass.reviewed !== null) return state.glass.reviewed.person === person && state.glass.reviewed.verdict === verdict ? nothingNew : refused('already_voted', 'there is a verdict, and it is final');
  return accepted({ type: 'glass_reviewed', person, verdict, reason, jws, at: now });
};

const conditionFault = ({ until, cap }: Conditions, { evidence: { cost } }: Question, now: number): string | null => {
  if (until !== undefined && until * 1_000 <= now) return 'the time that you set is over';
  return cap !== undefined && cost !== null && (cost.currency !== cap.currency || cost.minor > cap.minor) ? `this moves ${moneyText(cost)}, and the cap that you set is ${moneyText(cap)}` : null;
};

const edit = ({ speaker, digest, edit: made, now }: Command<'edit'>, { question }: Open): Decided => {
  const wrong = fault(question, speaker, digest, now);
  if (wrong !== null) return wrong;
  if (made.reason.trim() === '') return refused('reason_required', 'say why it should be something else');
  if (sameJson(made.arguments, question.evidence.arguments)) return refused('nothing_changed', 'these are the arguments that it has');
  return accepted({ type: 'edited', edit: made, at: now }, { type: 'resolved', resolution: 'edited', at: now });
};

const ask = ({ speaker, digest, text, jws, now }: Command<'ask'>, { question, questions }: Open): Decided => {
  const wrong = fault(question, speaker, digest, now);
  if (wrong !== null) return wrong;
  if (questions.some((one) => one.person === speaker.person && one.text === text)) return nothingNew;
  if (questions.length >= mostQuestions) return refused('too_many_questions', `${mostQuestions} questions were asked: decide, or deny`);
  return accepted({ type: 'asked', person: speaker.person, text, jws, at: now });
};
