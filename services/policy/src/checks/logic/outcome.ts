import { parseCel } from '../../core/cel/parse.ts';
import type { Expression } from '../../core/cel/expression.ts';
import { standardFacts } from '../../core/facts/names.ts';
import type { CompiledBundle, CompiledRule } from '../../core/rules/compile.ts';
import { encode } from './encode.ts';
import type { Facts } from './facts.ts';
import { fails, is, known, owedIn, under, united, when } from './possible.ts';
import type { Case, Possible } from './possible.ts';
import { and, no, not, or } from './terms.ts';
import type { Script, Term } from './terms.ts';

/** What one rule does to a proposal: it fires, or cannot be evaluated (which denies, or raises), or keeps still. */
export interface Outcome {
  /** It reads a fact that somebody still owes. */
  readonly owes: Term;
  readonly rule: CompiledRule; readonly fires: Term; readonly failsByArguments: Term; readonly failsByUs: Term;
  readonly rewrites: readonly { readonly path: string; readonly source: string; readonly redact: string | null; readonly value: Possible }[];
}

/** How a tool's rules come out. `note` is told what of a rule is not modelled; `free` may give a parameter any value instead of its own. */
export const outcomesOf = (bundle: CompiledBundle, rules: readonly CompiledRule[], facts: Facts, script: Script, note: (rule: CompiledRule, why: string) => void, free: (name: string) => Possible | null = () => null): Outcome[] => {
  const valueOf = (expression: Expression, say: (why: string) => void): Possible => {
    const uses = new Set(expression.uses);
    const byArguments = (name: string): boolean => (Object.hasOwn(standardFacts, name) ? standardFacts[name]! : !Object.hasOwn(bundle.parameters, name) && !bundle.awaited.has(name) && !onDemand.test(name));
    const value = encode(parseCel(expression.source), {
      script, note: say, names: { has: (name) => uses.has(name), byArguments },
      value: (name) => (free(name) !== null ? { value: free(name)!, key: `free ${name}` } : Object.hasOwn(bundle.parameters, name) ? { value: known(bundle.parameters[name]), key: JSON.stringify(bundle.parameters[name]) } : { value: missing(facts.value(name), bundle.awaited.has(name), byArguments(name)), key: `fact ${name}` }),
    });
    return expression.interpreted === null ? value : interpreted(expression, value, expression.uses.some(byArguments), facts, bundle, script);
  };
  return rules.map((rule): Outcome => {
    const value = valueOf(rule.when, (why) => note(rule, why));
    const fires = script.named('Bool', is(value, true));
    const failsByArguments = script.named('Bool', fails(value, true));
    return {
      rule, fires, failsByArguments,
      // No truth value at all counts as a failure of ours.
      failsByUs: script.named('Bool', and(not(fires), not(failsByArguments), not(owedIn(value)), not(is(value, false)))), owes: owedIn(value),
      rewrites: rule.rewrites.map(({ path, value: to, redact }) => ({ path, source: to.source, redact: redact ?? null, value: valueOf(to, (why) => note(rule, why)) })),
    };
  });
};

/** Facts of the run's past, which no argument can make fail. */
const onDemand = /^(?:act\.distance$|run\.|tool\.sensitivity$|evidence\.|change\.|context\.)/;

/** A fact that nobody made: owed, or the rule fails. */
const missing = (value: Possible, owed: boolean, byArguments: boolean): Possible =>
  value.map((one) => (one.kind !== 'absent' ? one : owed ? { when: one.when, kind: 'fail', byArguments: false, owed: true } : { when: one.when, kind: 'fail', byArguments }));

/** The interpreter fails as soon as any fact it is handed failed, and blames the whole expression. */
const interpreted = (expression: Expression, value: Possible, blame: boolean, facts: Facts, bundle: CompiledBundle, script: Script): Possible => {
  const failed: Case[] = [];
  let before: Term = no;
  for (const name of expression.uses) {
    if (Object.hasOwn(bundle.parameters, name)) continue;
    for (const one of missing(facts.value(name), bundle.awaited.has(name), standardFacts[name] ?? true)) if (one.kind === 'fail') failed.push({ ...one, when: and(not(before), one.when) });
    before = or(before, fails(facts.value(name), true), fails(facts.value(name), false), when(facts.value(name), 'absent'));
  }
  return united(script, [...failed, ...under(not(before), value.map((one) => (one.kind === 'fail' && one.owed === undefined ? { ...one, byArguments: blame } : one)))]);
};
