import type { ApprovalView } from '@countersign/contracts';
import { factorsOf } from '@countersign/kernel';
import { bindingFor } from '../core/events.ts';
import { glassReviewMs, progressOf, skipped } from '../core/state.ts';
import type { Standing } from '../core/viewer.ts';
import type { Known } from './approvals.ts';

/** Members of a view that are not ours: the agent's own words, or what it was given by others. Every channel shows them as text. */
const untrusted = ['arguments', 'changes', 'reason', 'target', 'instruction', 'evidence.instruction', 'evidence.arguments', 'evidence.proposed', 'evidence.changes', 'evidence.reason', 'evidence.facts', 'evidence.current', 'binding'];

/** An approval as its approvers see it, in a list; `now` decides to whom it is escalated. */
export const shown = (state: Known, now: number): ApprovalView => {
  const { evidence, ask, round: _, seededBy: __, ...question } = state.question;
  const progress = progressOf(state, now);
  const factors = factorsOf(ask, now).map(({ name, roles, people }, i) => ({ name, roles, people, have: progress.factors[i]!.have, need: progress.factors[i]!.need }));
  return {
    ...question, route: ask.route, quorum: ask.quorum, requesters: ask.requesters, ask, progress: { have: progress.have, need: progress.need, factors },
    status: state.status, resolution: state.status === 'closed' ? state.resolution : null, requestedAt: state.requestedAt,
    votes: state.votes.map(({ vote: { person, vote, preApproval }, reason, at, speaker }) => ({ person, vote, reason, at, ...(preApproval !== undefined && { preApproval }), ...(speaker.standsFor !== undefined && { standsFor: speaker.standsFor }) })),
    ...(state.edit !== undefined && { edit: { person: state.edit.person, reason: state.edit.reason } }), ...(state.glass !== undefined && { glass: glassView(state, state.glass) }), ...(state.status === 'closed' && state.question.seededBy !== undefined && { seeded: true as const }),
    questions: state.questions, reminded: state.reminded, escalated: state.escalated, untrusted,
    ...(Array.isArray(evidence.facts['target']?.value) && { target: evidence.facts['target'].value.map(String).slice(0, 64) }), cost: evidence.cost,
    ...(evidence.instruction !== undefined && { instruction: { ...evidence.instruction, text: evidence.instruction.text.length <= mostInList ? evidence.instruction.text : null } }),
    arguments: evidence.arguments, ...(evidence.changes !== undefined && { changes: evidence.changes }), reason: evidence.reason, rules: evidence.rules,
  };
};

const glassView = (state: Known, glass: NonNullable<Known['glass']>): NonNullable<ApprovalView['glass']> => ({ ...glass, skipped: [...skipped(state)], ...(glass.at !== undefined && { reviewDue: glass.at + glassReviewMs }) });

/** Longer instructions stand whole in one approval, and not at all in a list of 500. */
const mostInList = 1_000;

/** An approval in answer to a vote. */
export const shownTo = (state: Known, you: Standing & { readonly counted?: 'now' | 'before' }, now: number): ApprovalView => ({ ...shown(state, now), you });

/** One approval with all that its digests commit to. */
export const shownWhole = (state: Known, now: number): ApprovalView => ({ ...shown(state, now), ...(state.question.evidence.instruction !== undefined && { instruction: state.question.evidence.instruction }), binding: bindingFor(state.question), evidence: state.question.evidence });
