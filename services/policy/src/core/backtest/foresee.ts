import type { Decision, Fact, FiredRule, GovernedDecided, Tier } from '@countersign/contracts';
import { codeOfDeny } from '../judge-action.ts';
import type { Approval, CompiledBundle } from '../rules/compile.ts';
import type { Verdict } from '../rules/evaluate.ts';
import { judgeAgain, inquiryOf } from './inquiry.ts';
import type { Inquiry } from './inquiry.ts';

/** A draft's answer to a recorded proposal. `approval`: whom it would have asked. */
export interface Answer {
  readonly decision: Decision['decision']; readonly tier: Tier; readonly code: string | null; readonly rules: readonly FiredRule[];
  readonly approval: Approval | null;
}

/**
 * `carried`: no rule made the recorded decision, so no draft changes it. `unknown`: it hangs on something the record does not hold;
 * `because` names it (`fact x`, `budget`, `approval`), and `rules` those of the draft that read it. Never a guess.
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
  let { verdict, hangsOn } = judgeWithout(bundle, inquiry, missing);
  // As the live service does: people who were asked about a lower tier have not answered this.
  if (atTier !== null && verdict.tier > atTier && inquiry.facts['approval']?.value === 'approved') ({ verdict, hangsOn } = judgeWithout(bundle, { ...inquiry, facts: { ...inquiry.facts, approval: notAsked } }, missing));
  const denied = verdict.decision === 'deny' && verdict.rules.some((fired) => fired.decision === 'deny' && !hangsOn.includes(fired));
  if (hangsOn.length > 0 && !denied) {
    return { status: 'unknown', because: missing.filter((fact) => hangsOn.some((fired) => fired.reason.includes(mark(fact)))).map((fact) => `fact ${fact}`), rules: hangsOn.map(({ id }) => id) };
  }
  // Denied whatever the missing facts are: what hangs on them is no reason.
  if (verdict.decision === 'deny') return known({ ...verdict, rules: hangsOn.length === 0 ? verdict.rules : verdict.rules.filter((fired) => !hangsOn.includes(fired)) }, codeOfDeny(verdict));
  const over = overBudget(record, inquiry, bundle, recorded);
  if (typeof over === 'object') return { status: 'unknown', because: [over.unknown], rules: [] };
  if (over === 'recorded') return { status: 'carried', code: 'budget_exceeded' };
  return over === 'over' ? known({ ...verdict, decision: 'deny', approval: null }, 'budget_exceeded') : known(verdict, verdict.code);
};

const known = ({ decision, tier, rules, approval }: Verdict, code: string | null): Foreseen => ({ status: 'known', answer: { decision, tier, code, rules, approval } });

const notAsked: Fact = { value: 'none', origin: 'derived' };
const mark = (fact: string): string => `~${fact} is not on the record~`;

const judgeWithout = (bundle: CompiledBundle, inquiry: Inquiry, missing: readonly string[]): { readonly verdict: Verdict; readonly hangsOn: readonly FiredRule[] } => {
  if (missing.length === 0) return { verdict: judgeAgain(bundle, inquiry), hangsOn: [] };
  const verdict = judgeAgain(bundle, { ...inquiry, failed: [...inquiry.failed, ...missing.map((fact) => ({ fact, why: mark(fact), byArguments: false }))] });
  return { verdict, hangsOn: verdict.rules.filter(({ reason }) => missing.some((fact) => reason.includes(mark(fact)))) };
};

/** Facts that rules of a bundle for a tool read; parameters aside. */
const readsOf = (bundle: CompiledBundle, tool: string): ReadonlySet<string> => {
  let byTool = reads.get(bundle);
  if (byTool === undefined) reads.set(bundle, byTool = new Map());
  let found = byTool.get(tool);
  if (found === undefined) {
    found = new Set(bundle.index(tool).rules.flatMap((rule) => [rule.when, ...rule.rewrites.map(({ value }) => value)]).flatMap(({ uses }) => uses).filter((name) => !Object.hasOwn(bundle.parameters, name)));
    if (byTool.size < 20_000) byTool.set(tool, found);
  }
  return found;
};
const reads = new WeakMap<CompiledBundle, Map<string, ReadonlySet<string>>>();

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
  return missing ?? [];
};

type Budget = NonNullable<CompiledBundle['budget']>;

/**
 * The draft's budget of a run, against what the run had used by the record's own facts. Where the recorded budget denied, it is `recorded`
 * while both bundles have the same; else the agent's own limits, which are not on the record, may be to blame: unknown, like a limit on
 * what the record does not hold.
 */
const overBudget = (record: GovernedDecided, inquiry: Inquiry, bundle: CompiledBundle, recorded: CompiledBundle | undefined): 'within' | 'over' | 'recorded' | { readonly unknown: string } => {
  const denied = record.decision.code === 'budget_exceeded';
  if (recorded !== undefined && JSON.stringify(bundle.budget) === JSON.stringify(recorded.budget)) return denied ? 'recorded' : 'within';
  const found = used(record, inquiry, bundle.budget ?? {}, recorded?.budget ?? {});
  if (denied) return found === 'over' ? 'recorded' : { unknown: 'budget' };
  return found;
};

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
