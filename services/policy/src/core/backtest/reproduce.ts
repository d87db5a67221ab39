import type { FiredRule, GovernedDecided } from '@countersign/contracts';
import type { Verdict } from '../rules/evaluate.ts';
import type { CompiledBundle } from '../rules/compile.ts';
import { codeOfDeny } from '../judge-action.ts';
import { judgeAgain, inquiryOf } from './inquiry.ts';

/** One field in which the record and the decision made again differ; short texts for people. */
export interface Difference { readonly field: string; readonly recorded: string; readonly reproduced: string }

/**
 * `reproduced`: the rules give the same again. `carried`: no rule made this decision (halt, unknown tool, budget, people said no, …),
 * so there is none to make again; what rules had said before a budget denied is compared all the same. `different`: the record is not
 * what this version decides on these facts.
 */
export type Reproduction =
  | { readonly status: 'reproduced' }
  | { readonly status: 'carried'; readonly code: string }
  | { readonly status: 'different'; readonly differences: readonly Difference[] };

const same: Reproduction = { status: 'reproduced' };

/**
 * Decides a recorded proposal again from the record alone, with the bundle of the version that the record names, and compares
 * decision, tier, code, rules with their reasons, claim, and who was to approve. Pure; throws nothing.
 */
export const reproduce = (record: GovernedDecided, bundle: CompiledBundle): Reproduction => {
  const { decision } = record;
  const inquiry = inquiryOf(record);
  if (inquiry === null) return carriable(decision.code) ? { status: 'carried', code: decision.code! } : differing('facts', 'none', `rules decide ${decision.code ?? 'this'}, from facts`);
  const verdict = judgeAgain(bundle, inquiry);
  const expected = expectedOf(verdict, record);
  const differences: Difference[] = [];
  const compare = (field: string, recorded: unknown, reproduced: unknown): void => {
    if (recorded !== reproduced) differences.push({ field, recorded: String(recorded), reproduced: String(reproduced) });
  };
  const overruled = decision.beside?.overruled;
  if (overruled !== undefined) {
    // A canary was stricter than this version: what this version alone said stands on the record beside it.
    for (const field of ['decision', 'tier', 'code'] as const) compare(field, overruled[field], verdict[field]);
    compare('rules', overruled.rules.join(', '), verdict.rules.map(({ id }) => id).join(', '));
    return differences.length > 0 ? { status: 'different', differences } : same;
  }
  compare('decision', decision.decision, expected.decision);
  compare('tier', decision.tier, verdict.tier);
  compare('code', decision.code, expected.code);
  compare('claim', decision.claim, expected.decision === 'deny' ? false : verdict.claim);
  if (!sameRules(decision.rules, verdict.rules)) compare('rules', rulesText(decision.rules), rulesText(verdict.rules));
  compare('approval', approvalText(decision.approval && { ...decision.approval, expiresInMs: decision.approval.expiresAt - record.now }), approvalText(expected.decision === 'step_up' ? verdict.approval : null));
  if (differences.length > 0) return { status: 'different', differences };
  return decision.decision === 'deny' && decision.code !== null && afterRules.has(decision.code) ? { status: 'carried', code: decision.code } : same;
};

const differing = (field: string, recorded: string, reproduced: string): Reproduction => ({ status: 'different', differences: [{ field, recorded, reproduced }] });

/** Codes that only rules give: such a deny without facts and rules has lost them. */
const ofRules: ReadonlySet<string | null> = new Set([null, 'rule_denied', 'denied_by_rule', 'deferred', 'approval_required', 'budget_exceeded']);
const carriable = (code: string | null): boolean => !ofRules.has(code);

/** These stand after the rules and deny what they would have let pass: what they say is taken as recorded. */
const afterRules: ReadonlySet<string> = new Set(['budget_exceeded', 'rewrite_invalid', 'rewrite_unstable', 'defer_limit']);

const expectedOf = (verdict: Verdict, { decision: { code: recorded, deferral }, modified }: GovernedDecided): { readonly decision: string; readonly code: string | null } => {
  if (verdict.decision === 'deny') return { decision: 'deny', code: codeOfDeny(verdict) };
  if (recorded !== null && afterRules.has(recorded)) return { decision: 'deny', code: recorded };
  // What it waits for are other actions: no rule says so.
  if (deferral !== undefined && deferral.dependsOn.length > 0) return { decision: 'defer', code: 'deferred' };
  // What rules demand was there already.
  return verdict.decision === 'modify' && modified === undefined ? { decision: 'allow', code: verdict.code } : verdict;
};

const sameRules = (a: readonly FiredRule[], b: readonly FiredRule[]): boolean =>
  a.length === b.length && a.every((one, i) => { const other = b[i]!; return one.id === other.id && one.tier === other.tier && one.decision === other.decision && one.reason === other.reason; });

const rulesText = (rules: readonly FiredRule[]): string => rules.map(({ id, tier, decision, reason }) => `${id} (${[tier, decision].filter((part) => part !== null).join(', ')}: ${reason})`).join('; ') || 'none';

const approvalText = (approval: { readonly route: readonly string[]; readonly quorum: number; readonly expiresInMs: number } | null): string =>
  (approval === null ? 'nobody' : `${approval.quorum} of ${approval.route.join(' or ')} within ${approval.expiresInMs} ms`);
