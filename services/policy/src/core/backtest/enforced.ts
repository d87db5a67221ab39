import type { GovernedDecided } from '@countersign/contracts';

/** What stands behind the rules, or changed what they were asked about: not made again from the record of an observed action. */
const notAgain: ReadonlySet<string | null> = new Set(['not_permitted', 'outside_permission', 'rewrite_invalid', 'rewrite_unstable']);

/** A decision as it would have been enforced: of an observed action what enforcement would have done, of every other the record itself. One that cannot be made again from what was let through becomes a deny that no rule made, `observed`. */
export const enforcedOf = (record: GovernedDecided): GovernedDecided => {
  const { observed, decision: { mode, ...decision } } = record;
  if (observed === undefined || mode === undefined) return record;
  const { code, tier, approval } = observed;
  if (observed.decision === 'modify' || observed.decision === 'defer' || notAgain.has(code)) return { ...record, facts: {}, decision: { ...decision, decision: 'deny', code: 'observed', rules: [], claim: false } };
  return {
    ...record,
    decision: { ...decision, decision: observed.decision, tier, code, claim: observed.decision !== 'deny' && decision.claim, approval: approval && { route: approval.route, quorum: approval.quorum, requesters: approval.requesters, digest: '', expiresAt: record.now + approval.expiresInMs } },
  };
};
