import type { Step } from './action-approval-run.model.ts';
import { action, limits } from './action-approval-run.services.ts';
import type { Model } from './action-approval-run.services.ts';

/** Everything that must hold of what a step did, in words of its own: nothing here asks the code under test. Answers what is wrong. */
export const fault = (before: Model, after: Model, what: Step): string | null => claimFault(before, after) ?? approvalFault(before, after) ?? preApprovalFault(before, after) ?? breakerFault(before, after, what) ?? grantFault(before, after);

const claimFault = (before: Model, after: Model): string | null => {
  const claims = after.claims.slice(before.claims.length);
  if (new Set(after.claims.map((one) => one.action)).size !== after.claims.length) return 'two claims of one action: two executions';
  if (before.cancelWon && claims.some((one) => one.action === action)) return 'claimed after a cancel had won';
  if (claims.length > 0 && before.supervision.halts.length > 0) return 'claimed under a halt';
  if (after.cancelWon && after.claims.some((one) => one.action === action)) return 'a cancel and a claim both won';
  const ended = ['cancelled', 'denied', 'finished'];
  for (const [one, { status: was }] of Object.entries(before.supervision.rows)) {
    const is = after.supervision.rows[one]?.status;
    if (ended.includes(was) && is !== was) return `an action that was ${was} became ${String(is)}`;
  }
  return null;
};

const approvalFault = (before: Model, after: Model): string | null => {
  for (const [approval, stream] of Object.entries(after.approvals.streams)) {
    if (stream === before.approvals.streams[approval]) continue;
    const people = stream.flatMap((event) => (event.type === 'voted' ? [event.vote.person] : []));
    if (new Set(people).size !== people.length) return `${approval}: a vote counted twice`;
    if (stream.filter(({ type }) => type === 'resolved').length > 1) return `${approval}: resolved twice`;
  }
  return null;
};

/** Approvals that people gave beforehand. */
const beforehand = (m: Model): readonly string[] => Object.entries(m.approvals.streams).flatMap(([approval, stream]) => (stream.some((event) => event.type === 'voted' && event.vote.preApproval !== undefined) ? [approval] : []));
const isOver = ({ approvals: { terms }, now }: Model): boolean => now >= terms.until * 1_000;

const preApprovalFault = (before: Model, after: Model): string | null => {
  const { agreed, terms } = after.approvals;
  const used = agreed.flatMap((event) => (event.type === 'pre_approval_used' ? [event] : []));
  const through = beforehand(after), news = through.length > beforehand(before).length;
  if (through.length !== used.length) return 'a use of a pre-approval that nobody counted';
  if (used.length > terms.uses) return 'a pre-approval was used more often than it is good for';
  if (used.reduce((sum, { money }) => sum + (money?.minor ?? 0), 0) > terms.sum!.minor) return 'more was moved beforehand than was agreed to';
  if (new Set(used.map((one) => one.action)).size !== used.length) return 'one action used a pre-approval twice';
  if (news && before.approvals.agreed.some(({ type }) => type === 'pre_approval_revoked')) return 'a pre-approval was used after it was revoked';
  // As of when it was looked at; whoever writes that down later meets policy, which grants nothing by what is over.
  if (used.some(({ at }) => at >= terms.until * 1_000)) return 'a pre-approval was used after its end';
  if (news && agreed.filter(({ type }) => type === 'pre_approved').length < 2) return 'a pre-approval was used that one of two signed';
  return null;
};

/** After a look at the breaker its halt stands as it does; and a trial that a look leaves open has let through less than it takes, and nothing failed in it. */
const breakerFault = (before: Model, after: Model, what: Step): string | null => {
  if (what !== 'supervision sweeps') return null;
  const { breaker, halts, cursor } = after.supervision;
  const last = breaker.at(-1), stands = halts.some((halt) => halt.startsWith('breaker'));
  const must = last?.type === 'breaker_opened' || last?.type === 'breaker_trial_full';
  if (must !== stands) return must ? 'a breaker is open, or its trial full, and nothing stops' : 'a breaker lets through again, and its halt stands';
  if (last?.type !== 'breaker_half_opened' || before.supervision.breaker.length !== breaker.length) return null;
  const since = after.log.slice(0, cursor).filter(({ now }) => now >= last.at);
  if (since.some((record) => record.kind === 'action.outcome' && record.message.status === 'failed')) return 'a trial goes on that has failed';
  return since.filter((record) => record.kind === 'action.decided' && record.decision.decision === 'allow').length >= limits.trial ? 'a trial lets more through than it takes' : null;
};

/** Of every record that lets an action run: two people had approved exactly what runs, in time, and nothing had ended it before. */
const grantFault = (before: Model, after: Model): string | null => {
  for (const record of after.log.slice(before.log.length)) {
    if (record.kind !== 'action.decided' || (record.decision.decision !== 'allow' && record.decision.decision !== 'modify')) continue;
    const earlier = after.log.filter((one) => one.position < record.position && 'action' in one && one.action === record.action);
    if (before.policyHalts.length > 0) return 'granted under a halt that policy knew of';
    if (earlier.some((one) => one.kind === 'action.cancelled' || one.kind === 'action.outcome' || (one.kind === 'action.decided' && ['allow', 'modify', 'deny'].includes(one.decision.decision)))) return 'granted after it had ended';
    if (after.rules === 'forbid') return 'granted what the rules forbid by now';
    if (after.rules === 'allow') continue;
    const asked = earlier.findLast((one) => one.kind === 'action.decided');
    if (asked?.kind !== 'action.decided' || asked.decision.approval === null) return 'granted without a question';
    if (record.resolved?.digest !== asked.decision.approval.digest) return 'granted on a stale digest';
    const executable = JSON.stringify(record.modified?.arguments ?? record.message.arguments);
    if (executable !== JSON.stringify(asked.modified?.arguments ?? asked.message.arguments)) return 'granted other arguments than people saw';
    if (after.now > asked.decision.approval.expiresAt) return 'granted after its time';
    const [approval, stream] = Object.entries(after.approvals.streams).find(([, events]) => events.some((event) => event.type === 'requested' && event.question.answers === asked.position)) ?? ['', []];
    const people = new Set(stream.flatMap((event) => (event.type === 'voted' && event.vote.vote === 'approve' ? [event.vote.person] : [])));
    const editors = Object.values(after.approvals.streams).flatMap((events) => (events.some((event) => event.type === 'requested' && event.question.action === record.action) ? events.flatMap((event) => (event.type === 'edited' ? [event.edit.person] : [])) : []));
    if (editors.some((person) => people.has(person))) return 'granted with the vote of who edited it';
    if (people.size < 2) return `granted with ${people.size} of 2 approvals`;
    if (isOver(after) && beforehand(after).includes(approval)) return 'granted by a pre-approval that is over';
  }
  return null;
};
