import type { CompiledBundle, CompiledRule } from '../../core/rules/compile.ts';
import type { Verdict } from '../../core/rules/evaluate.ts';
import type { RowOutcome } from '../logic/matrix.ts';
import type { Outcome } from '../logic/outcome.ts';
import { and, no, not, or } from '../logic/terms.ts';
import type { Script, Term } from '../logic/terms.ts';
import type { Facts } from '../logic/facts.ts';
import { verdictsOf } from '../logic/verdict.ts';
import type { Verdicts } from '../logic/verdict.ts';

/** When one rule makes a decision stricter than the others leave it, or adds an obligation that no other adds. */
export const neededWhen = (bundle: CompiledBundle, tool: string, own: Outcome, others: readonly Outcome[], rows: readonly RowOutcome[], facts: Facts, script: Script): Term => {
  const { rule } = own;
  const rest = verdictsOf(bundle, tool, others, rows, facts, script);
  const parts: Term[] = [];
  if (rule.decision === 'deny') parts.push(not(rest.atLeast[6]));
  if (rule.decision === 'defer') parts.push(not(rest.atLeast[4]));
  if (rule.tier === 4) parts.push(not(rest.atLeast[5]));
  if (rule.tier === 3 || rule.decision === 'step_up') parts.push(not(rest.atLeast[3]));
  if (rule.tier === 2) parts.push(not(rest.atLeast[2]));
  const covered = (covers: (other: CompiledRule) => boolean): Term => or(rest.atLeast[6], ...others.filter((other) => covers(other.rule)).map(({ fires }) => fires));
  if (rule.approval !== null) parts.push(asksOthers(verdictsOf(bundle, tool, [...others, own], rows, facts, script), rest));
  for (const rewrite of rule.rewrites) parts.push(not(covered((other) => other.rewrites.some(({ path, value, redact }) => path === rewrite.path && value.source === rewrite.value.source && redact === rewrite.redact))));
  if (rule.reversalWindowMs !== null) parts.push(not(covered((other) => (other.reversalWindowMs ?? 0) >= rule.reversalWindowMs!)));
  return script.named('Bool', and(own.fires, or(...parts, no)));
};

/** When the same people would not do. */
const asksOthers = (all: Verdicts, rest: Verdicts): Term => and(all.asks, or(
  ...all.quorums.map((count) => and(all.quorumAtLeast(count), not(rest.quorumAtLeast(count)))),
  ...all.waits.map((ms) => and(all.waitAtMost(ms), not(rest.waitAtMost(ms)))),
  ...all.roles.flatMap((role) => [and(all.mayApprove(role), not(rest.mayApprove(role))), and(rest.mayApprove(role), not(all.mayApprove(role)))]),
));

/** Whether two verdicts differ in anything but the list of rules. */
export const differs = (a: Verdict, b: Verdict): boolean => {
  const bare = ({ decision, tier, approval, modify, reversalWindowMs }: Verdict): string => JSON.stringify([decision, tier, decision === 'step_up' ? approval : null, modify?.map(({ path, value, redact }) => [path, value, redact]) ?? null, decision === 'deny' ? null : reversalWindowMs]);
  return bare(a) !== bare(b);
};
