import type { Decision, Fact, FiredRule, GovernedDecided, Tier } from '@countersign/contracts';
import { codeOfDeny } from '../judge-action.ts';
import type { CompiledBundle, ToolIndex } from '../rules/compile.ts';
import type { Verdict } from '../world.ts';
import { inquiryOf, judgeBy, ruleOn, standingDecision } from './inquiry.ts';
import type { Inquiry, Ruled } from './inquiry.ts';

/** A draft's answer to a recorded proposal. `approval`: whom it would have asked. */
export interface Answer {
  readonly decision: Decision['decision']; readonly tier: Tier; readonly code: string | null; readonly rules: readonly FiredRule[];
  readonly approval: Verdict['approval'];
}

/**
 * `carried`: no rule made the recorded decision, so no draft changes it. `unknown`: it hangs on something the record does not hold;
 * `because` names it (`fact x`, `changed arguments`, `budget`, `approval`), and `rules` those of the draft that read it. Never a guess.
 */
export type Foreseen =
  | { readonly status: 'known'; readonly answer: Answer }
  | { readonly status: 'carried'; readonly code: string }
  | { readonly status: 'unknown'; readonly because: readonly string[]; readonly rules: readonly string[] };

/** What is asked about: the draft, and the version that made the recorded decision, if it is known. */
export interface Draft { readonly bundle: CompiledBundle; readonly recorded: CompiledBundle | undefined }

/** The draft's answer on the recorded facts. `atTier`: in a later round, the tier at which the draft had people asked. */
export const foresee = (record: GovernedDecided, { bundle, recorded }: Draft, atTier: Tier | null = null): Foreseen => {
  const inquiry = inquiryOf(record);
  if (inquiry === null) return { status: 'carried', code: record.decision.code ?? 'deny' };
  const missing = missingFacts(inquiry, bundle, recorded);
  let ruled = ruleWithout(record, inquiry, bundle, missing);
  // As the live service does: people who were asked about a lower tier have not answered this.
  if (atTier !== null && ruled.verdict.tier > atTier && inquiry.facts['approval']?.value === 'approved') ruled = ruleWithout(record, { ...inquiry, facts: { ...inquiry.facts, approval: notAsked } }, bundle, missing);
  const { verdict } = ruled;
  const hangsOn = missing.length === 0 ? noRules : verdict.rules.filter(({ reason }) => missing.some((fact) => reason.includes(mark(fact))));
  // Denied whatever the missing facts are: what hangs on them is no reason.
  const denied = verdict.decision === 'deny' && verdict.rules.some((fired) => fired.decision === 'deny' && !hangsOn.includes(fired));
  if (hangsOn.length > 0 && !denied) {
    return { status: 'unknown', because: missing.filter((fact) => hangsOn.some((fired) => fired.reason.includes(mark(fact)))).map((fact) => `fact ${fact}`), rules: hangsOn.map(({ id }) => id) };
  }
  if (ruled.status === 'otherArguments') return { status: 'unknown', because: ['changed arguments'], rules: [...new Set((verdict.modify ?? []).map(({ rule }) => rule))] };
  if (ruled.fault !== null) return known({ ...verdict, decision: 'deny', approval: null }, ruled.fault);
  if (verdict.decision === 'deny') return known({ ...verdict, rules: hangsOn.length === 0 ? verdict.rules : verdict.rules.filter((fired) => !hangsOn.includes(fired)) }, codeOfDeny(verdict));
  const over = overBudget(record, inquiry, bundle, recorded);
  // It waited for others, or too many waited; which of them is not on the record.
  if (record.decision.code === 'defer_limit') return verdict.decision === 'defer' ? { status: 'carried', code: 'defer_limit' } : { status: 'unknown', because: ['what it waited for'], rules: [] };
  if (typeof over === 'object') return { status: 'unknown', because: [over.unknown], rules: [] };
  if (over === 'recorded') return { status: 'carried', code: record.decision.code! };
  if (over === 'over') return known({ ...verdict, decision: 'deny', approval: null }, 'budget_exceeded');
  const decision = standingDecision(record, verdict);
  return known({ ...verdict, decision, approval: decision === 'step_up' ? verdict.approval : null }, decision === 'defer' ? 'deferred' : verdict.code);
};

const known = ({ decision, tier, rules, approval }: Verdict, code: string | null): Foreseen => ({ status: 'known', answer: { decision, tier, code, rules, approval } });

const noRules: readonly FiredRule[] = [];
const notAsked: Fact = { value: 'none', origin: 'derived' };
const mark = (fact: string): string => `~${fact} is not on the record~`;

const ruleWithout = (record: GovernedDecided, inquiry: Inquiry, bundle: CompiledBundle, missing: readonly string[]): Ruled =>
  ruleOn(record, missing.length === 0 ? inquiry : { ...inquiry, missing: missing.map((fact) => ({ fact, why: mark(fact), byArguments: false })) }, judgeBy(bundle));

/** Facts that a bundle reads for a tool and that are not its own to give: neither parameters nor what it says others owe. */
const readsOf = (bundle: CompiledBundle, tool: string): ReadonlySet<string> => {
  const index = bundle.index(tool);
  let found = reads.get(index);
  if (found === undefined) reads.set(index, found = new Set([...index.uses].filter((name) => !Object.hasOwn(bundle.parameters, name) && !index.awaited.some(({ fact }) => fact === name))));
  return found;
};
const reads = new WeakMap<ToolIndex, ReadonlySet<string>>();

/**
 * Facts that the draft reads and the record does not hold. One that the recorded version's rules read as well, and did not find,
 * is no gap: rules saw that it is not there, and the draft would see the same.
 */
const missingFacts = ({ tool, facts, failed }: Inquiry, bundle: CompiledBundle, recorded: CompiledBundle | undefined): readonly string[] => {
  let missing: string[] | undefined;
  for (const name of readsOf(bundle, tool.name)) {
    if (Object.hasOwn(facts, name) || (failed.length > 0 && failed.some(({ fact }) => fact === name))) continue;
    if (recorded !== undefined && readsOf(recorded, tool.name).has(name)) continue;
    (missing ??= []).push(name);
  }
  return missing ?? nothing;
};
const nothing: readonly string[] = [];

type Budget = NonNullable<CompiledBundle['budget']>;

/**
 * The draft's budget of a run, against what the run had used by the record's own facts. Where the recorded budget denied, it is `recorded`
 * while both bundles have the same; else the agent's own limits, which are not on the record, may be to blame: unknown, like a limit on
 * what the record does not hold.
 */
const overBudget = (record: GovernedDecided, inquiry: Inquiry, bundle: CompiledBundle, recorded: CompiledBundle | undefined): 'within' | 'over' | 'recorded' | { readonly unknown: string } => {
  const denied = record.decision.code === 'budget_exceeded';
  if (recorded !== undefined && sameBudgets(bundle, recorded)) return denied ? 'recorded' : 'within';
  const found = used(record, inquiry, bundle.budget ?? {}, recorded?.budget ?? {});
  if (denied) return found === 'over' ? 'recorded' : { unknown: 'budget' };
  return found;
};

/** Those of a run and the wider ones (what these would newly deny is not played out, and the report says so). */
const sameBudgets = (a: CompiledBundle, b: CompiledBundle): boolean => budgetsOf(a) === budgetsOf(b);
const budgetsOf = (bundle: CompiledBundle): string => {
  let text = budgetTexts.get(bundle);
  if (text === undefined) budgetTexts.set(bundle, text = JSON.stringify([bundle.budget, bundle.budgets]));
  return text;
};
const budgetTexts = new WeakMap<CompiledBundle, string>();

const used = ({ round, reserved }: GovernedDecided, { facts }: Inquiry, budget: Budget, before: Budget): 'within' | 'over' | { readonly unknown: string } => {
  const value = (name: string): number | undefined => { const found = facts[name]?.value; return typeof found === 'number' ? found : undefined; };
  // What this action itself reserved in an earlier round is in what the run has used.
  if (budget.calls !== undefined && (value('run.calls') ?? 0) - (round > 1 ? 1 : 0) + 1 > budget.calls) return 'over';
  const { money } = reserved;
  if (budget.money !== undefined && money !== null && (money.currency !== budget.money.currency || (value('run.spend') ?? 0) + (round > 1 ? 0 : money.minor) > budget.money.minor)) return 'over';
  for (const [limit, name, over] of [['tokens', 'run.tokens', 0], ['depth', 'run.depth', -1], ['fanOut', 'run.open', 0]] as const) {
    const most = budget[limit];
    if (most === undefined || most >= (before[limit] ?? Infinity)) continue;
    const now = value(name);
    if (now === undefined) return { unknown: `fact ${name}` };
    if (now + over >= most) return 'over';
  }
  return 'within';
};
