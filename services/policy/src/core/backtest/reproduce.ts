import type { FiredRule, GovernedDecided } from '@countersign/contracts';
import { codeOfDeny } from '../judge-action.ts';
import type { CompiledBundle } from '../rules/compile.ts';
import type { Verdict } from '../world.ts';
import { inquiryOf, judgeBy, ruleOn, standingDecision } from './inquiry.ts';
import type { Inquiry, Ruled } from './inquiry.ts';

/** One field in which the record and the decision made again differ; short texts for people. */
export interface Difference { readonly field: string; readonly recorded: string; readonly reproduced: string }

/**
 * `reproduced`: the rules give the same again. `carried`: no rule made this decision (halt, unknown tool, budget, people said no, …),
 * so there is none to make again; what rules had said before a budget denied is compared all the same. `unproven`: a canary made it stricter,
 * and its version is not known; this version's own part is right. `different`: the record is not what this version decides on these facts.
 */
export type Reproduction =
  | { readonly status: 'reproduced' }
  | { readonly status: 'carried'; readonly code: string }
  | { readonly status: 'unproven'; readonly version: string }
  | { readonly status: 'different'; readonly differences: readonly Difference[] };

const same: Reproduction = { status: 'reproduced' };

/** Codes that only rules give: such a deny without facts and rules has lost them. */
const ofRules: ReadonlySet<string | null> = new Set([null, 'rule_denied', 'denied_by_rule', 'deferred', 'approval_required', 'budget_exceeded', 'defer_limit', 'rewrite_invalid', 'rewrite_unstable', 'rewrite_conflict']);
/** What stands behind the rules and denies where they would not have: taken as recorded, once the rules come out the same. */
const behindRules: ReadonlySet<string | null> = new Set(['budget_exceeded', 'defer_limit', 'rewrite_invalid']);

/**
 * Decides a recorded proposal again from the record alone, with the bundle of the version that the record names, and compares
 * decision, tier, code, rules with their reasons, claim, changed arguments, and who was to approve. Pure; throws nothing.
 * @param canary the bundle of the version beside it, if it is known
 */
export const reproduce = (record: GovernedDecided, bundle: CompiledBundle, canary?: CompiledBundle): Reproduction => {
  const { decision } = record;
  const inquiry = inquiryOf(record);
  if (inquiry === null) return ofRules.has(decision.code) ? differing('facts', 'none', `rules decide ${decision.code ?? 'this'}, from facts`) : { status: 'carried', code: decision.code! };
  const { beside } = decision;
  if (beside?.mode === 'canary' && canary === undefined) {
    // Changed arguments may be the canary's doing, whatever it said of them afterwards.
    if (record.modified !== undefined) return { status: 'unproven', version: beside.version };
    if (beside.overruled !== undefined) return ownPart(beside.overruled, beside.version, judgeBy(bundle)(inquiry));
  }
  const ruled = ruleOn(record, inquiry, judgeBy(bundle, beside?.mode === 'canary' ? canary : undefined));
  const { verdict } = ruled;
  const differences: Difference[] = [];
  const compare = (field: string, recorded: unknown, reproduced: unknown): void => {
    if (recorded !== reproduced) differences.push({ field, recorded: String(recorded), reproduced: String(reproduced) });
  };
  const expected = expectedOf(record, ruled);
  compare('decision', decision.decision, expected.decision);
  compare('tier', decision.tier, verdict.tier);
  compare('code', decision.code, expected.code);
  compare('claim', decision.claim, expected.decision !== 'deny' && claimed(verdict, inquiry));
  if (ruled.status === 'otherArguments' && expected.code !== 'rewrite_invalid') compare('arguments', record.modified === undefined ? 'as proposed' : JSON.stringify(record.modified.arguments), JSON.stringify(ruled.arguments));
  if (!sameRules(decision.rules, verdict.rules)) compare('rules', rulesText(decision.rules), rulesText(verdict.rules));
  compare('approval', approvalText(decision.approval && { ...decision.approval, expiresInMs: decision.approval.within ?? decision.approval.expiresAt - record.now }), approvalText(expected.decision === 'step_up' ? verdict.approval : null));
  if (expected.decision === 'defer' && expected.code !== 'paused') compare('awaits', awaitsText(decision.deferral?.awaits), awaitsText(verdict.awaits));
  if (differences.length > 0) return { status: 'different', differences };
  return decision.code === 'paused' || behindRules.has(decision.code) ? { status: 'carried', code: decision.code! } : same;
};

/** Of a decision that a canary made stricter: what this version alone had said. */
const ownPart = (said: NonNullable<NonNullable<GovernedDecided['decision']['beside']>['overruled']>, version: string, verdict: Verdict): Reproduction => {
  const differences = ([['decision', said.decision, verdict.decision], ['tier', said.tier, verdict.tier], ['code', said.code, verdict.code], ['rules', said.rules.join(', '), verdict.rules.map(({ id }) => id).join(', ')]] as const)
    .filter(([, recorded, reproduced]) => recorded !== reproduced).map(([field, recorded, reproduced]) => ({ field: `overruled ${field}`, recorded: String(recorded), reproduced: String(reproduced) }));
  return differences.length > 0 ? { status: 'different', differences } : { status: 'unproven', version };
};

const differing = (field: string, recorded: string, reproduced: string): Reproduction => ({ status: 'different', differences: [{ field, recorded, reproduced }] });

const expectedOf = (record: GovernedDecided, { verdict, ...ruled }: Ruled): { readonly decision: string; readonly code: string | null } => {
  const recorded = record.decision.code;
  if ('fault' in ruled && ruled.fault !== null) return { decision: 'deny', code: ruled.fault };
  if (verdict.decision === 'deny') return { decision: 'deny', code: codeOfDeny(verdict) };
  // Changed arguments that do not fit the tool's schema, which is not on the record.
  if (recorded === 'rewrite_invalid') return ruled.status === 'otherArguments' ? { decision: 'deny', code: recorded } : verdict;
  // It waited whatever rules said, short of a deny.
  if (recorded === 'paused') return { decision: 'defer', code: recorded };
  if (behindRules.has(recorded)) return { decision: 'deny', code: recorded };
  const decision = standingDecision(record, verdict);
  return { decision, code: decision === 'defer' ? 'deferred' : verdict.code };
};

const claimed = ({ tier }: Verdict, { tool: { snapshot } }: Inquiry): boolean => tier >= 3 || (snapshot.consequential && !snapshot.reversible);

const sameRules = (a: readonly FiredRule[], b: readonly FiredRule[]): boolean =>
  a.length === b.length && a.every((one, i) => { const other = b[i]!; return one.id === other.id && one.tier === other.tier && one.decision === other.decision && one.reason === other.reason; });

const rulesText = (rules: readonly FiredRule[]): string => rules.map(({ id, tier, decision, reason }) => `${id} (${[tier, decision].filter((part) => part !== null).join(', ')}: ${reason})`).join('; ') || 'none';

const approvalText = (approval: { readonly route: readonly string[]; readonly quorum: number; readonly expiresInMs: number } | null): string =>
  (approval === null ? 'nobody' : `${approval.quorum} of ${approval.route.join(' or ')} within ${approval.expiresInMs} ms`);

const awaitsText = (awaits: Verdict['awaits']): string => (awaits ?? []).map(({ fact, from }) => `${fact} from ${from.join(' or ')}`).join('; ') || 'nothing';
