import type { Fact, FiredRule, Json, Tier } from '@countersign/contracts';
import { Failure } from '../cel/value.ts';
import type { Result, Scope, Value } from '../cel/value.ts';
import type { FailedFact } from '../facts/derive.ts';
import type { Approval, CompiledBundle, CompiledRule, CompiledTool } from './compile.ts';
import { mergeDemands, mergeRewrites } from './obligations.ts';
import type { Demand, Rewrite } from './obligations.ts';

export interface Verdict {
  readonly decision: 'allow' | 'modify' | 'step_up' | 'defer' | 'deny'; readonly tier: Tier;
  /** null, or a code of contracts/errors.yaml. */
  readonly code: string | null;
  readonly rules: readonly FiredRule[]; readonly approval: Approval | null; readonly claim: boolean;
  /** Arguments that must become something else before this may run, or before people are asked about it; null where none must. */
  readonly modify: readonly Rewrite[] | null;
  /** How long what runs must stay reversible; null where no rule says. */
  readonly reversalWindowMs: number | null;
}

interface Tally { tier: Tier; deny: string | null; defer: boolean; broken: boolean; rules: FiredRule[]; approvals: Demand[]; rewrites: Rewrite[]; reversalWindowMs: number | null }

/**
 * Decides by the table of DESIGN 7.4. Everything only raises: tier and strictness are maxima over all that matched, so the order
 * of rules does not matter and one more rule can only tighten. Strictness: deny > 4 > defer > 3 > 2 > 1.
 */
export const evaluateRules = (bundle: CompiledBundle, tool: CompiledTool, facts: Readonly<Record<string, Fact>>, failed: readonly FailedFact[]): Verdict => {
  const index = bundle.index(tool.name);
  const tally: Tally = { tier: 1, deny: null, defer: false, broken: false, rules: [], approvals: [], rewrites: [], reversalWindowMs: null };
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

const fire = (tally: Tally, id: string, tier: Tier | null, decision: FiredRule['decision'], reason: string, code = 'denied_by_rule'): void => {
  if (tier !== null) raise(tally, tier);
  if (decision === 'step_up') raise(tally, 3);
  if (decision === 'defer') tally.defer = true;
  if (decision === 'deny') tally.deny = stricterCode(tally.deny, code);
  tally.rules.push({ id, tier, decision, reason });
};

const codes = ['evaluation_failed', 'rewrite_conflict', 'denied_by_rule', 'not_permitted'];
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
      fire(tally, rule.id, rule.tier, rule.decision ?? (rule.rewrites.length > 0 ? 'modify' : null), rule.rationale);
      oblige(tally, rule, scope);
    } else if (result instanceof Failure && result.byArguments) {
      fire(tally, rule.id, null, 'deny', `could not be evaluated because of the arguments: ${result.why.slice(0, 300)}`, 'evaluation_failed');
    } else {
      tally.broken = true;
      tally.rules.push({ id: rule.id, tier: 3, decision: null, reason: `could not be evaluated: ${result instanceof Failure ? result.why.slice(0, 300) : 'no truth value'}` });
    }
  }
};

const oblige = (tally: Tally, rule: CompiledRule, scope: Scope): void => {
  if (rule.approval !== null) tally.approvals.push({ tier: rule.tier, approval: rule.approval });
  if (rule.reversalWindowMs !== null) tally.reversalWindowMs = Math.max(tally.reversalWindowMs ?? 0, rule.reversalWindowMs);
  for (const { path, value } of rule.rewrites) {
    const result = value.run(scope);
    // What must not run as it is cannot run at all when nobody can say what it should be.
    if (result instanceof Failure) fire(tally, rule.id, null, 'deny', `the new value of ${path} could not be computed: ${result.why.slice(0, 300)}`, 'evaluation_failed');
    else tally.rewrites.push({ path, value: result as Json, rule: rule.id });
  }
};

const maxTold = 256;
const weight = ({ decision, tier }: FiredRule): number => (decision === 'deny' ? 9 : decision === 'defer' ? 5 : tier ?? 0);
const byId = (a: FiredRule, b: FiredRule): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/** Sorted by id; of more than a record holds, the strictest. */
const told = (rules: FiredRule[]): FiredRule[] =>
  (rules.length <= maxTold ? rules : rules.sort((a, b) => weight(b) - weight(a) || byId(a, b)).slice(0, maxTold)).sort(byId);

const verdict = (tally: Tally, bundle: CompiledBundle, tool: CompiledTool, approval: Value | undefined): Verdict => {
  const { rewrites, conflict } = mergeRewrites(tally.rewrites);
  if (conflict !== null) fire(tally, 'builtin:rewrite-conflict', null, 'deny', conflict, 'rewrite_conflict');
  const { tier } = tally;
  const claim = tier >= 3 || (tool.snapshot.consequential && !tool.snapshot.reversible);
  const rules = told(tally.rules);
  const base = { tier, rules, claim, approval: null, modify: null, reversalWindowMs: tally.reversalWindowMs };
  if (tally.deny !== null) return { ...base, decision: 'deny', code: tally.deny };
  if (tier < 4 && tally.defer) return { ...base, decision: 'defer', code: 'deferred' };
  const changed = { ...base, modify: rewrites.length === 0 ? null : rewrites };
  if (tier <= 2 || approval === 'approved') return { ...changed, decision: changed.modify === null ? 'allow' : 'modify', code: null };
  return { ...changed, decision: 'step_up', code: 'approval_required', approval: mergeDemands(tier, bundle, tally.approvals) };
};
