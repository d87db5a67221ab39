import type { ApprovalAttention } from '@countersign/contracts';
import { missingFor } from '../core/dead-end.ts';
import type { Speaker } from '../core/events.ts';
import { glassReviewMs } from '../core/state.ts';
import type { Known } from './approvals.ts';

/** One question: what cannot go on without somebody doing something about it? @param everybody who is active; null where nobody can tell */
export const attentionOf = (open: readonly Known[], broken: readonly Known[], everybody: readonly Speaker[] | null): ApprovalAttention => ({
  deadEnds: everybody === null ? [] : open.flatMap(({ question }) => {
    const missing = missingFor(question, everybody);
    if (missing.length === 0) return [];
    const { approval, run, agent, tool, expiresAt, ask } = question;
    return [{ approval, run, agent, tool, expiresAt, missing: missing.map((one) => ({ ...one, roles: [...one.roles], people: [...one.people] })), requesters: ask.requesters, ...(ask.breakGlass !== undefined && { breakGlass: ask.breakGlass.roles }) }];
  }),
  glasses: broken.flatMap(({ question: { approval, agent, tool }, glass }) => (glass === undefined ? [] : [{ approval, agent, tool, people: [...glass.people], ...(glass.at !== undefined && { reviewDue: glass.at + glassReviewMs }) }])),
});
