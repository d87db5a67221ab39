import type { Json } from '@countersign/contracts';
import type { CompiledBundle, CompiledRule, CompiledTool } from '../../core/rules/compile.ts';
import { compileTool } from '../../core/rules/compile.ts';
import { evaluateRules } from '../../core/rules/evaluate.ts';
import type { Verdict } from '../../core/rules/evaluate.ts';
import type { Solver } from '../solver/solver.ts';
import type { Catalogue, CatalogueTool } from '../types.ts';
import { createFacts } from './facts.ts';
import type { Facts } from './facts.ts';
import { termsOf, witnessOf } from './model.ts';
import type { Witness } from './model.ts';
import { and, createScript, no } from './terms.ts';
import type { Script, Term } from './terms.ts';

/** What was asked: impossible, not to be said, or a case of it. */
export type Found = 'none' | 'unknown' | Witness;

/** One tool and everything its proposals may be. */
export interface ToolWorld {
  readonly name: string; readonly script: Script; readonly facts: Facts;
  /** Facts under which a condition holds, by the solver's word alone: whoever takes them tries them. */
  find(condition: Term, also?: readonly Term[]): Promise<Found>;
  /** What a bundle's real rules say to such facts. */
  decide(bundle: CompiledBundle, witness: Witness): Verdict;
}

export const derivableFacts = (catalogue: Catalogue): ReadonlySet<string> => new Set(catalogue.flatMap((tool) => Object.keys(tool.facts)));

/** Facts the verdict itself reads, whatever the rules. */
const always = ['agent.ceiling', 'instruction.attested', 'target.named', 'amount.named', 'approval'];

/** `tool` null: one that nobody declared yet, under this name. */
export const createToolWorld = (solver: Solver, name: string, tool: CatalogueTool | null, derivable: ReadonlySet<string>, note: (why: string) => void): ToolWorld => {
  const script = createScript();
  const facts = createFacts({ script, tool, derivable, note });
  for (const fact of always) facts.value(fact);
  // What people answered is no matter of the rules' strictness: every question is about a first round.
  script.assume(approvalIs(facts, 'none'));
  const world = solver.world(script);
  const declared = tool === null ? null : compiled(tool);
  return {
    name, script, facts,
    find: async (condition, also = []) => {
      if (condition === no) return 'none';
      const wanted = [...[...facts.asked.values()].flatMap(termsOf), facts.consequential, facts.reversible, ...also];
      // Short lists first: what holds beyond the elements that are looked at is a guess.
      const short = script.preferred.length === 0 ? null : await world.find(and(condition, ...script.preferred), wanted);
      const found = short?.status === 'sat' ? short : await world.find(condition, wanted);
      if (found.status !== 'sat') return found.status === 'unsat' ? 'none' : 'unknown';
      const witness: Witness = { ...witnessOf(facts.asked, found.answer), ...(also.length > 0 && { says: (term: Term) => found.answer(term) === 'true' }) };
      return tool !== null ? witness : { ...witness, facts: { ...witness.facts, 'tool.consequential': truth(found.answer(facts.consequential)), 'tool.reversible': truth(found.answer(facts.reversible)) } };
    },
    decide: (bundle, { facts: given, failed }) => evaluateRules(bundle, declared ?? undeclared(name, given), given, failed),
  };
};

const truth = (said: string) => ({ value: said === 'true', origin: 'derived' as const });
const approvalIs = (facts: Facts, what: string): Term => `(= ${(facts.value('approval')[0] as { readonly term: Term }).term} "${what}")`;

const compiled = (tool: CatalogueTool): CompiledTool => compileTool({ ...tool, tenant: '', version: 1, definition: '' });

const undeclared = (name: string, given: Witness['facts']): CompiledTool => ({
  name, extractors: [],
  snapshot: {
    tool: name, tenant: '', version: 1, system: '', title: '', schema: {}, consequential: given['tool.consequential']?.value === true, reversible: given['tool.reversible']?.value === true,
    compensator: null, dataClasses: [], enforcement: 'cooperative', audience: '', facts: {}, resultTrust: 'third_party', resultFields: {}, definition: '',
  },
});

/** Whether a rule fired, as the verdict tells it: one that could not be evaluated says so instead of its rationale. */
export const firedIn = (verdict: Verdict, rule: CompiledRule): boolean => verdict.rules.some(({ id, reason }) => id === rule.id && reason === rule.rationale);

/** The bundle with some of a tool's rules left out. */
export const without = (bundle: CompiledBundle, left: (rule: CompiledRule) => boolean): CompiledBundle => ({ ...bundle, index: (tool) => { const index = bundle.index(tool); return { ...index, rules: index.rules.filter((rule) => !left(rule)) }; } });

/** Facts by name, as reports show them; null where one could not be derived. */
export const shown = ({ facts, failed }: Witness, names: readonly string[]): Readonly<Record<string, Json>> =>
  Object.fromEntries(names.filter((name) => Object.hasOwn(facts, name) || failed.some(({ fact }) => fact === name)).map((name) => [name, failed.some(({ fact }) => fact === name) ? null : facts[name]!.value]));

/** Names a rule reads that are facts. */
export const factsOf = (bundle: CompiledBundle, rules: readonly CompiledRule[]): string[] =>
  [...new Set(rules.flatMap(({ when, rewrites }) => [...when.uses, ...rewrites.flatMap(({ value }) => value.uses)]))].filter((name) => !Object.hasOwn(bundle.parameters, name)).sort();
