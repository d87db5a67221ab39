import type { Approval, CompiledBundle } from '../../core/rules/compile.ts';
import type { Facts } from './facts.ts';
import { same } from './operators.ts';
import type { RowOutcome } from './matrix.ts';
import type { Outcome } from './outcome.ts';
import { fails, is, owedIn } from './possible.ts';
import type { Possible } from './possible.ts';
import { and, equal, ite, no, not, or, yes } from './terms.ts';
import type { Script, Term } from './terms.ts';

/** Strictness as a number: deny 6, tier 4 5, defer 4, then the tier itself. */
export type Strength = 2 | 3 | 4 | 5 | 6;
export const strengths: readonly Strength[] = [2, 3, 4, 5, 6];

/** What `evaluateRules` says, for all facts at once; make it when every fact has been asked for. A test holds the two together (verdict.spec.ts). */
export interface Verdicts {
  readonly atLeast: Readonly<Record<Strength, Term>>;
  /** People are asked. */
  readonly asks: Term;
  quorumAtLeast(count: number): Term;
  mayApprove(role: string): Term;
  waitAtMost(ms: number): Term;
  readonly roles: readonly string[]; readonly quorums: readonly number[]; readonly waits: readonly number[];
  /** The argument at `path` is changed; what to, where it is. */
  readonly rewrites: readonly { readonly path: string; readonly applies: Term; readonly value: Possible; /** What is taken out instead, if not everything. */ readonly redact: string | null; readonly rule: string }[];
  windowAtLeast(ms: number): Term;
  readonly windows: readonly number[];
}

const isTrue = (value: Possible): Term => is(value, true);

export const verdictsOf = (bundle: CompiledBundle, tool: string, outcomes: readonly Outcome[], rows: readonly RowOutcome[], facts: Facts, script: Script): Verdicts => {
  const { permitted, never } = bundle.index(tool);
  const fired = (test: (outcome: Outcome) => boolean): Term => or(...outcomes.filter(test).map(({ fires }) => fires));
  const authorised = and(isTrue(facts.value('instruction.attested')), isTrue(facts.value('target.named')), isTrue(facts.value('amount.named')));
  const irreversible = and(facts.consequential, not(facts.reversible), not(authorised));
  // A fact that the arguments hide from every rule: that alone denies.
  const hidden = or(...[...facts.asked.values()].map((value) => fails(value, true)));
  const deny = script.named('Bool', or(permitted ? no : yes, hidden, ...[...outcomes, ...rows].map(({ failsByArguments }) => failsByArguments), fired(({ rule }) => rule.decision === 'deny'), wrongRewrites(outcomes, script)));
  const broken = or(...[...outcomes, ...rows].map(({ failsByUs }) => failsByUs));
  const called = (tier: 2 | 3 | 4): Term => or(...rows.map(({ atLeast }) => atLeast[tier]));
  const four = or(fired(({ rule }) => rule.tier === 4), called(4));
  const three = script.named('Bool', or(four, called(3), fired(({ rule }) => rule.tier === 3 || rule.decision === 'step_up'), never ? yes : no, irreversible));
  const two = or(three, called(2), fired(({ rule }) => rule.tier === 2), facts.consequential);
  const tier4 = script.named('Bool', or(four, and(broken, three)));
  const ceiling = facts.value('agent.ceiling').find(({ kind }) => kind === 'int') as { readonly term: Term };
  const tier3 = script.named('Bool', or(three, broken, and(two, not(equal(ceiling.term, '2'))), equal(ceiling.term, '0')));
  const defer = or(fired(({ rule }) => rule.decision === 'defer'), ...outcomes.map(({ owes }) => owes), ...outcomes.flatMap(({ fires, rewrites }) => rewrites.map(({ value }) => and(fires, owedIn(value)))));
  const asks = script.named('Bool', and(not(deny), tier3, or(tier4, not(defer))));
  const strict = or(deny, tier4), waiting = or(strict, defer), asked = or(waiting, tier3);
  return {
    atLeast: { 6: deny, 5: script.named('Bool', strict), 4: script.named('Bool', waiting), 3: script.named('Bool', asked), 2: script.named('Bool', or(asked, two, broken)) },
    asks, ...demanded(bundle, outcomes, tier4, script),
    rewrites: outcomes.flatMap(({ rule, fires, rewrites }) => rewrites.map(({ path, value, redact }) => ({ path, value, redact: redact === null || redact === 'all' ? null : redact, rule: rule.id, applies: fires }))),
    windows: [...new Set(outcomes.flatMap(({ rule }) => rule.reversalWindowMs ?? []))],
    windowAtLeast: (ms) => fired(({ rule }) => (rule.reversalWindowMs ?? 0) >= ms),
  };
};

/** A value that cannot be computed, and two rules that want different things of one argument, deny. */
const wrongRewrites = (outcomes: readonly Outcome[], script: Script): Term => {
  const all = outcomes.flatMap((outcome) => outcome.rewrites.filter(({ redact }) => redact === null || redact === 'all').map((one) => ({ ...one, outcome })));
  const parts = all.map(({ outcome, value }) => and(outcome.fires, or(fails(value, true), and(fails(value, false), not(owedIn(value))))));
  all.forEach((a, i) => all.slice(i + 1).forEach((b) => {
    const both = and(a.outcome.fires, b.outcome.fires);
    if (a.path === b.path) parts.push(and(both, not(same(a.value, b.value, { script, key: `${a.outcome.rule.id}/${b.outcome.rule.id} ${a.path}`, blame: false, note: () => undefined }))));
    else if (a.path.startsWith(`${b.path}.`) || b.path.startsWith(`${a.path}.`)) parts.push(both);
  }));
  return or(...parts);
};

/** Whom the demands of all rules that fired come to (core/rules/obligations.ts). */
const demanded = (bundle: CompiledBundle, outcomes: readonly Outcome[], tier4: Term, script: Script): Pick<Verdicts, 'quorumAtLeast' | 'mayApprove' | 'waitAtMost' | 'roles' | 'quorums' | 'waits'> => {
  const asking = outcomes.filter(({ rule }) => rule.approval !== null);
  const approvals = [bundle.approval, bundle.senior, ...asking.map(({ rule }) => rule.approval!)];
  const roles = [...new Set(approvals.flatMap(({ route }) => route))].sort();
  const accept = (role: string, those: readonly Outcome[], base: readonly string[]): Term =>
    ite(or(...those.map(({ fires }) => fires)), and(...those.map(({ rule, fires }) => (rule.approval!.route.includes(role) ? yes : not(fires)))), base.includes(role) ? yes : no);
  const common = new Map(roles.map((role) => [role, script.named('Bool', ite(tier4, accept(role, asking.filter(({ rule }) => rule.tier === 4), bundle.senior.route), accept(role, asking, bundle.approval.route)))]));
  const nobody = script.named('Bool', not(or(...common.values())));
  const some = (test: (approval: Approval) => boolean): Term => or(
    ite(tier4, test(bundle.senior) ? yes : no, test(bundle.approval) ? yes : no), and(nobody, test(bundle.senior) ? yes : no),
    ...asking.filter(({ rule }) => test(rule.approval!)).map(({ fires }) => fires),
  );
  return {
    roles, quorums: [...new Set(approvals.map(({ quorum }) => quorum))], waits: [...new Set(approvals.map(({ expiresInMs }) => expiresInMs))],
    mayApprove: (role) => or(common.get(role) ?? no, and(nobody, bundle.senior.route.includes(role) ? yes : no)),
    quorumAtLeast: (count) => some(({ quorum }) => quorum >= count), waitAtMost: (ms) => some(({ expiresInMs }) => expiresInMs <= ms),
  };
};
