import type { AwaitedFact, Fact, FiredRule, Json, Tier } from '@countersign/contracts';
import { Failure } from '../cel/value.ts';
import { fuelPerAction } from '../cel/scope.ts';
import type { Scope } from '../cel/scope.ts';
import type { Result, Value } from '../cel/value.ts';
import type { FailedFact } from '../facts/derive.ts';
import { Owed } from './awaited.ts';
import type { Awaited } from './awaited.ts';
import type { Approval, CompiledBundle, CompiledRule, CompiledTool, ToolIndex } from './compile.ts';
import { readRow } from './matrix.ts';
import type { MatrixRow } from './matrix.ts';
import { mergeDemands, mergeRewrites } from './obligations.ts';
import type { Demand, Rewrite } from './obligations.ts';

export interface Verdict {
  readonly decision: 'allow' | 'modify' | 'step_up' | 'defer' | 'deny'; readonly tier: Tier;
  /** null, or a code of contracts/errors.yaml. */
  readonly code: string | null;
  readonly rules: readonly FiredRule[]; readonly approval: Approval | null; readonly claim: boolean;
  /** Arguments that must become something else before this may run, or before people are asked about it; null where none must. */
  readonly modify: readonly Rewrite[] | null;
  /** Facts that rules read and that are still owed, and the shortest time they may take. */
  readonly awaits?: readonly AwaitedFact[]; readonly withinMs?: number;
  /** How long what runs must stay reversible; null where no rule says. */
  readonly reversalWindowMs: number | null;
}

interface Tally { tier: Tier; deny: string | null; defer: boolean; broken: boolean; rules: FiredRule[]; approvals: Demand[]; rewrites: Rewrite[]; reversalWindowMs: number | null; owed: Map<string, Awaited> | null }

/**
 * Decides by the table of DESIGN 7.4. Everything only raises: tier and strictness are maxima over all that matched, so the order
 * of rules does not matter and one more rule can only tighten. Strictness: deny > 4 > defer > 3 > 2 > 1.
 */
export const evaluateRules = (bundle: CompiledBundle, tool: CompiledTool, facts: Readonly<Record<string, Fact>>, failed: readonly FailedFact[]): Verdict => {
  const index = bundle.index(tool.name);
  const tally: Tally = { tier: 1, deny: null, defer: false, broken: false, rules: [], approvals: [], rewrites: [], reversalWindowMs: null, owed: null };
  const read = (name: string): Value | undefined => (Object.hasOwn(facts, name) ? (facts[name]!.value as Value) : undefined);
  if (!index.permitted) fire(tally, 'builtin:permit', null, 'deny', 'nothing permits this tool', 'not_permitted');
  if (tool.snapshot.consequential) fire(tally, 'builtin:consequential', 2, null, 'the tool changes something or sends something out');
  if (index.never) fire(tally, 'builtin:never-automate', 3, null, 'on the list of what is never automated');
  if (tool.snapshot.consequential && !tool.snapshot.reversible) irreversible(tally, read);
  if (tool.snapshot.consequential && read('record') === 'behind') fire(tally, 'builtin:record-behind', 3, null, 'the audit log is behind, so people look at what has consequences');
  outOfScope(tally, failed);
  applyMatrix(tally, index.matrix, tool.snapshot.consequential, facts, failed);
  if (index.rules.length > 0) applyRules(tally, loaded(bundle, index, facts, failed), index);
  // A rule that failed for a reason of ours raises what all others came to: once, and last, so that order does not matter.
  if (tally.broken) raise(tally, Math.max(3, tally.tier + 1));
  const ceiling = read('agent.ceiling');
  // 0: nothing without a person. A ceiling that is not known lets nothing through that a ceiling of 1 would not.
  if (ceiling === 0 ? tally.tier < 3 : tally.tier === 2 && ceiling !== 2) fire(tally, 'builtin:ceiling', 3, null, 'above the tier up to which this agent acts without a person');
  return verdict(tally, bundle, tool, read('approval'));
};

/** An attested instruction that names target and amount is authority for doing it, once. */
const irreversible = (tally: Tally, read: (name: string) => Value | undefined): void => {
  const named = read('instruction.attested') === true && read('target.named') === true && read('amount.named') === true;
  if (!named) fire(tally, 'builtin:irreversible', 3, null, 'cannot be undone, and no attested instruction names its target and amount');
  else if (read('act.repeated') === true) fire(tally, 'builtin:irreversible', 3, null, 'cannot be undone, and the run has done it already: an instruction that names target and amount is carried out once');
};

const raise = (tally: Tally, tier: number): void => { if (tier > tally.tier) tally.tier = Math.min(4, tier) as Tier; };

const fire = (tally: Tally, id: string, tier: Tier | null, decision: FiredRule['decision'], reason: string, code = 'denied_by_rule'): void => {
  if (tier !== null) raise(tally, tier);
  if (decision === 'step_up') raise(tally, 3);
  if (decision === 'defer') tally.defer = true;
  if (decision === 'deny') tally.deny = stricterCode(tally.deny, code);
  tally.rules.push({ id, tier, decision, reason });
};

const codes = ['evaluation_failed', 'out_of_scope', 'rewrite_conflict', 'denied_by_rule', 'not_permitted'];
const stricterCode = (a: string | null, b: string): string => (a === null || codes.indexOf(b) > codes.indexOf(a) ? b : a);

/** What the arguments hide from every rule is no rule's to allow: an extractor that failed on them, an amount that is none, more targets than can be looked at. */
const outOfScope = (tally: Tally, failed: readonly FailedFact[]): void => {
  let first: FailedFact | undefined;
  for (const one of failed) if (one.byArguments && (first === undefined || one.fact < first.fact)) first = one;
  if (first !== undefined) fire(tally, 'builtin:arguments', null, 'deny', `${first.fact} cannot be derived from the arguments: ${first.why.slice(0, 300)}`, 'out_of_scope');
};

const applyMatrix = (tally: Tally, rows: readonly MatrixRow[], consequential: boolean, facts: Readonly<Record<string, Fact>>, failed: readonly FailedFact[]): void => {
  if (rows.length === 0) return;
  const read = (name: string): Result | undefined => {
    const broken = failed.find(({ fact }) => fact === name);
    if (broken !== undefined) return new Failure(`${name}: ${broken.why}`, broken.byArguments);
    return Object.hasOwn(facts, name) ? (facts[name]!.value as Value) : undefined;
  };
  for (const row of rows) {
    const said = readRow(row, consequential, read);
    if (said === null) continue;
    if ('tier' in said) fire(tally, row.id, said.tier, null, said.reason);
    else if (said.byArguments) fire(tally, row.id, null, 'deny', `could not be read because of the arguments: ${said.unknown.slice(0, 300)}`, 'evaluation_failed');
    else if (consequential) broken(tally, row.id, said.unknown);
  }
};

/** Raises, after everything else has been heard: once, whatever the number of failures. */
const broken = (tally: Tally, id: string, why: string): void => {
  tally.broken = true;
  tally.rules.push({ id, tier: 3, decision: null, reason: `could not be evaluated: ${why.slice(0, 300)}` });
};

const applyRules = (tally: Tally, scope: Scope, { rules }: ToolIndex): void => {
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i]!;
    const { fuel } = scope;
    const quick = rule.when.quick(scope);
    if (quick === false && scope.fuel >= 0) continue;
    const result = typeof quick === 'boolean' && scope.fuel >= 0 ? quick : rule.when.settle(scope, quick, fuel);
    if (result === false) continue;
    if (result === true) {
      fire(tally, rule.id, rule.tier, rule.decision ?? (rule.rewrites.length > 0 ? 'modify' : null), rule.rationale);
      oblige(tally, rule, scope);
    } else if (result instanceof Owed) {
      owe(tally, rule.id, result);
    } else if (result instanceof Failure && result.byArguments) {
      fire(tally, rule.id, null, 'deny', `could not be evaluated because of the arguments: ${result.why.slice(0, 300)}`, 'evaluation_failed');
    } else {
      broken(tally, rule.id, result instanceof Failure ? result.why : 'no truth value');
    }
    // Denied by now, whatever the others would say.
    if (scope.fuel < 0) return;
  }
};

/** Puts the facts where the rules of this tool look for them. */
const loaded = ({ scope }: CompiledBundle, { loads, awaited }: ToolIndex, facts: Readonly<Record<string, Fact>>, failed: readonly FailedFact[]): Scope => {
  const { slots } = scope;
  for (const { name, slot, missing } of loads) {
    const fact = facts[name];
    slots[slot] = fact === undefined ? missing : fact.value as Value;
  }
  for (const { fact, why, byArguments } of failed) {
    const load = loads.find(({ name }) => name === fact);
    if (load !== undefined) slots[load.slot] = new Failure(`${fact}: ${why}`, byArguments);
  }
  for (const one of awaited) if (!Object.hasOwn(facts, one.fact)) for (const { name, slot } of loads) if (name === one.fact) slots[slot] = new Owed(one);
  scope.fuel = fuelPerAction;
  scope.beyond = false;
  return scope;
};

/** A rule that reads a fact before it is there: the action waits for it (AARM R3: an unpopulated field defers). */
const owe = (tally: Tally, rule: string, { awaited, why }: Owed): void => {
  (tally.owed ??= new Map()).set(awaited.fact, awaited);
  fire(tally, rule, null, 'defer', why);
};

const oblige = (tally: Tally, rule: CompiledRule, scope: Scope): void => {
  if (rule.approval !== null) tally.approvals.push({ tier: rule.tier, approval: rule.approval });
  if (rule.reversalWindowMs !== null) tally.reversalWindowMs = Math.max(tally.reversalWindowMs ?? 0, rule.reversalWindowMs);
  for (const { path, value, redact } of rule.rewrites) {
    const result = value.run(scope);
    if (result instanceof Owed) {
      owe(tally, rule.id, result);
      continue;
    }
    // What must not run as it is cannot run at all when nobody can say what it should be.
    if (result instanceof Failure) fire(tally, rule.id, null, 'deny', `the new value of ${path} could not be computed: ${result.why.slice(0, 300)}`, 'evaluation_failed');
    else tally.rewrites.push({ path, value: result as Json, rule: rule.id, ...(redact !== undefined && { redact }) });
  }
};

const owedOf = ({ owed }: Tally): Pick<Verdict, 'awaits' | 'withinMs'> => {
  if (owed === null) return {};
  const all = [...owed.values()].sort((a, b) => (a.fact < b.fact ? -1 : 1));
  const times = all.flatMap(({ withinMs }) => withinMs ?? []);
  return { awaits: all.map(({ fact, from }) => ({ fact, from })), ...(times.length > 0 && { withinMs: Math.min(...times) }) };
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
  if (tier < 4 && tally.defer) return { ...base, decision: 'defer', code: 'deferred', ...owedOf(tally) };
  const changed = { ...base, modify: rewrites.length === 0 ? null : rewrites };
  if (tier <= 2 || approval === 'approved') return { ...changed, decision: changed.modify === null ? 'allow' : 'modify', code: null };
  return { ...changed, decision: 'step_up', code: 'approval_required', approval: mergeDemands(tier, bundle, tally.approvals) };
};
