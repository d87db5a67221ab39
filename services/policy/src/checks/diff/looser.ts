import type { Verdict } from '../../core/rules/evaluate.ts';
import { same } from '../logic/operators.ts';
import { and, not, or } from '../logic/terms.ts';
import type { Script, Term } from '../logic/terms.ts';
import { strengths } from '../logic/verdict.ts';
import type { Strength, Verdicts } from '../logic/verdict.ts';

/** When `after` lets through what `before` would have stopped (`weaker`); or lets it through just so, but with other people, unchanged, or reversible for less long (`easier`). */
export const looserWhen = (before: Verdicts, after: Verdicts, script: Script): { readonly weaker: Term; readonly easier: Term } => {
  const weaker = strengths.map((strength) => and(before.atLeast[strength], not(after.atLeast[strength])));
  // A higher tier asks other people by nature: that is stricter (deny > 4 > 3), whoever they are.
  const raised = or(...strengths.map((strength) => and(after.atLeast[strength], not(before.atLeast[strength]))));
  const people = and(before.asks, after.asks, not(raised), or(
    ...both(before.quorums, after.quorums).map((count) => and(before.quorumAtLeast(count), not(after.quorumAtLeast(count)))),
    ...both(before.waits, after.waits).map((ms) => and(before.waitAtMost(ms), not(after.waitAtMost(ms)))),
    ...both(before.roles, after.roles).map((role) => and(after.mayApprove(role), not(before.mayApprove(role)))),
  ));
  const kept = before.rewrites.map((rewrite, i) => and(rewrite.applies, not(or(...after.rewrites.filter(({ path, redact }) => path === rewrite.path && redact === rewrite.redact)
    .map((other, j) => and(other.applies, same(rewrite.value, other.value, { script, key: `rewrite ${i} ${j} ${rewrite.path}`, blame: false, note: () => undefined })))))));
  const windows = both(before.windows, after.windows).map((ms) => and(before.windowAtLeast(ms), not(after.windowAtLeast(ms))));
  return { weaker: script.named('Bool', or(...weaker)), easier: script.named('Bool', or(people, and(not(before.atLeast[6]), not(after.atLeast[6]), or(...kept, ...windows)))) };
};

const both = <T>(a: readonly T[], b: readonly T[]): T[] => [...new Set([...a, ...b])];

export const strengthOf = ({ decision, tier }: Verdict): Strength | 1 => (decision === 'deny' ? 6 : tier === 4 ? 5 : decision === 'defer' ? 4 : tier);

/** How one verdict is looser than another, as a person would say it; null where it is not. The same as `looserWhen`, for one case. */
export const loosening = (before: Verdict, after: Verdict): string | null => {
  if (strengthOf(after) < strengthOf(before)) return `was ${saying(before)}, is ${saying(after)}`;
  if (after.decision === 'deny' || before.decision === 'deny') return null;
  if (before.approval !== null && after.approval !== null && strengthOf(after) === strengthOf(before)) {
    const gained = after.approval.route.filter((role) => !before.approval!.route.includes(role));
    if (after.approval.quorum < before.approval.quorum) return `needed ${before.approval.quorum} approvals, needs ${after.approval.quorum}`;
    if (gained.length > 0) return `was approved by ${before.approval.route.join(' or ')}, may be by ${gained.join(' or ')}`;
    if (after.approval.expiresInMs > before.approval.expiresInMs) return `had to be approved within ${minutes(before.approval.expiresInMs)}, has ${minutes(after.approval.expiresInMs)}`;
  }
  for (const { path, value, redact } of before.modify ?? []) {
    const other = after.modify?.find((one) => one.path === path && (one.redact ?? 'all') === (redact ?? 'all'));
    if (other === undefined) return `had ${path} changed, keeps it as proposed`;
    if (JSON.stringify(other.value) !== JSON.stringify(value)) return `had ${path} changed to ${JSON.stringify(value)}, has it changed to ${JSON.stringify(other.value)}`;
  }
  if ((after.reversalWindowMs ?? 0) < (before.reversalWindowMs ?? 0)) return `could be reversed for ${before.reversalWindowMs! / 60_000} minutes, can be for ${(after.reversalWindowMs ?? 0) / 60_000}`;
  return null;
};

const saying = ({ decision, tier }: Verdict): string => (decision === 'deny' ? 'denied' : decision === 'defer' ? 'deferred' : `tier ${tier}`);

/** How one verdict is stricter than the one before it, put into words. */
export const tightening = (was: Verdict, is: Verdict): string => {
  if (strengthOf(is) > strengthOf(was)) return `was ${saying(was)}, is ${saying(is)}`;
  if (was.approval !== null && is.approval !== null && loosening({ ...is, modify: null, reversalWindowMs: null }, { ...was, modify: null, reversalWindowMs: null }) !== null) return `needed ${people(was.approval)}, needs ${people(is.approval)}`;
  return (is.reversalWindowMs ?? 0) > (was.reversalWindowMs ?? 0) ? 'can be reversed for longer' : `has more of its arguments changed (${(is.modify ?? []).map(({ path }) => path).join(', ')})`;
};

const minutes = (ms: number): string => `${ms / 60_000} minutes`;
const people = ({ quorum, route, expiresInMs }: NonNullable<Verdict['approval']>): string => `${quorum} of ${route.join(' or ')} within ${minutes(expiresInMs)}`;
