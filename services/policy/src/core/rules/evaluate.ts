import type { Fact, FiredRule, Tier } from '@countersign/contracts';
import { Failure } from '../cel/value.ts';
import type { Result, Value } from '../cel/value.ts';
import type { FailedFact } from '../facts/derive.ts';
import type { Approval, CompiledBundle, CompiledTool } from './compile.ts';

export interface Verdict {
  readonly decision: 'allow' | 'step_up' | 'defer' | 'deny'; readonly tier: Tier;
  /** null, or a code of contracts/errors.yaml. */
  readonly code: string | null;
  readonly rules: readonly FiredRule[]; readonly approval: Approval | null; readonly claim: boolean;
}

interface Tally { tier: Tier; deny: string | null; defer: boolean; broken: boolean; rules: FiredRule[]; approvals: { readonly tier: Tier | null; readonly approval: Approval }[] }

/**
 * Decides by the table of DESIGN 7.4. Everything only raises: tier and strictness are maxima over all that matched, so the order
 * of rules does not matter and one more rule can only tighten. Strictness: deny > 4 > defer > 3 > 2 > 1.
 */
export const evaluateRules = (bundle: CompiledBundle, tool: CompiledTool, facts: Readonly<Record<string, Fact>>, failed: readonly FailedFact[]): Verdict => {
  const index = bundle.index(tool.name);
  const tally: Tally = { tier: 1, deny: null, defer: false, broken: false, rules: [], approvals: [] };
  const read = (name: string): Value | undefined => (Object.hasOwn(facts, name) ? (facts[name]!.value as Value) : undefined);
  if (!index.permitted) fire(tally, 'builtin:permit', null, 'deny', 'nothing permits this tool', 'not_permitted');
  if (tool.snapshot.consequential) fire(tally, 'builtin:consequential', 2, null, 'the tool changes something or sends something out');
  if (index.never) fire(tally, 'builtin:never-automate', 3, null, 'on the list of what is never automated');
  if (tool.snapshot.consequential && !tool.snapshot.reversible && !authorised(read)) fire(tally, 'builtin:irreversible', 3, null, 'cannot be undone, and no attested instruction names its target and amount');
  applyRules(tally, bundle, index.rules, facts, failed);
  // A rule that failed for a reason of ours raises what all others came to: once, and last, so that order does not matter.
  if (tally.broken) raise(tally, Math.max(3, tally.tier + 1));
  const ceiling = read('agent.ceiling');
  if (tally.tier === 2 && ceiling !== 2) fire(tally, 'builtin:ceiling', 3, null, 'above the tier up to which this agent acts without a person');
  return verdict(tally, bundle, tool, read('approval'));
};

const authorised = (read: (name: string) => Value | undefined): boolean =>
  read('instruction.attested') === true && read('target.named') === true && read('amount.named') === true;

const raise = (tally: Tally, tier: number): void => { if (tier > tally.tier) tally.tier = Math.min(4, tier) as Tier; };

const fire = (tally: Tally, id: string, tier: Tier | null, decision: 'deny' | 'defer' | 'step_up' | null, reason: string, code = 'denied_by_rule'): void => {
  if (tier !== null) raise(tally, tier);
  if (decision === 'step_up') raise(tally, 3);
  if (decision === 'defer') tally.defer = true;
  if (decision === 'deny') tally.deny = stricterCode(tally.deny, code);
  tally.rules.push({ id, tier, decision, reason });
};

const codes = ['evaluation_failed', 'denied_by_rule', 'not_permitted'];
const stricterCode = (a: string | null, b: string): string => (a === null || codes.indexOf(b) > codes.indexOf(a) ? b : a);

const applyRules = (tally: Tally, bundle: CompiledBundle, rules: CompiledBundle['rules'], facts: Readonly<Record<string, Fact>>, failed: readonly FailedFact[]): void => {
  if (rules.length === 0) return;
  const names: Record<string, Result> = { ...bundle.parameters };
  for (const name in facts) names[name] = facts[name]!.value as Value;
  for (const { fact, why, byArguments } of failed) names[fact] = new Failure(`${fact}: ${why}`, byArguments);
  const scope = { names, locals: [] };
  for (const rule of rules) {
    const result = rule.when.run(scope);
    if (result === false) continue;
    if (result === true) {
      fire(tally, rule.id, rule.tier, rule.decision, rule.rationale);
      if (rule.approval !== null) tally.approvals.push({ tier: rule.tier, approval: rule.approval });
    } else if (result instanceof Failure && result.byArguments) {
      fire(tally, rule.id, null, 'deny', `could not be evaluated because of the arguments: ${result.why}`, 'evaluation_failed');
    } else {
      tally.broken = true;
      tally.rules.push({ id: rule.id, tier: 3, decision: null, reason: `could not be evaluated: ${result instanceof Failure ? result.why : 'no truth value'}` });
    }
  }
};

const verdict = (tally: Tally, bundle: CompiledBundle, tool: CompiledTool, approval: Value | undefined): Verdict => {
  const { tier } = tally;
  const claim = tier >= 3 || (tool.snapshot.consequential && !tool.snapshot.reversible);
  const rules = tally.rules.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const base = { tier, rules, claim, approval: null };
  if (tally.deny !== null) return { ...base, decision: 'deny', code: tally.deny };
  if (tier < 4 && tally.defer) return { ...base, decision: 'defer', code: 'deferred' };
  if (tier <= 2) return { ...base, decision: 'allow', code: null };
  if (approval === 'approved') return { ...base, decision: 'allow', code: null };
  return { ...base, decision: 'step_up', code: 'approval_required', approval: demanded(tier, bundle, tally.approvals) };
};

/**
 * All matching demands at once: roles that every rule accepts, the largest quorum, the shortest wait. At tier 4 the senior route, unless a
 * tier 4 rule names its own: what a lower rule asks for must not replace it. Demands that no single role meets go to the senior route as
 * well: either rule's people alone would be too few.
 */
const demanded = (tier: Tier, bundle: CompiledBundle, all: Tally['approvals']): Approval => {
  const base = tier === 4 ? bundle.senior : bundle.approval;
  const own = all.filter((one) => tier < 4 || one.tier === 4).map((one) => one.approval);
  const common = own.slice(1).reduce((roles, approval) => roles.filter((role) => approval.route.includes(role)), own[0]?.route ?? base.route);
  const everyone = [base, ...all.map((one) => one.approval), ...(common.length === 0 ? [bundle.senior] : [])];
  return {
    route: [...(common.length > 0 ? common : bundle.senior.route)].sort(),
    quorum: Math.max(...everyone.map((approval) => approval.quorum)),
    expiresInMs: Math.min(...everyone.map((approval) => approval.expiresInMs)),
  };
};
