import type { Tier, ToolSnapshot } from '@countersign/contracts';
import { expression } from '../cel/expression.ts';
import { CelProblem } from '../cel/parse.ts';
import type { Expression } from '../cel/expression.ts';
import type { Value } from '../cel/value.ts';
import { contextFacts } from '../facts/history.ts';
import type { ContextFact } from '../facts/history.ts';
import { namesWith } from '../facts/names.ts';
import { duration, readBundle } from './bundle.ts';
import type { ApprovalSpec, BundleSpec, RuleSpec } from './bundle.ts';
import type { WiderBudget } from '../budgets.ts';
import { readBudgets } from './budgets-spec.ts';
import { readContext, readSensitivity } from './context-spec.ts';
import { BundleError, collectProblems } from './problem.ts';

export { BundleError };

export interface CompiledTool { readonly name: string; readonly snapshot: ToolSnapshot; readonly extractors: readonly (readonly [fact: string, expression: Expression])[] }
export interface Approval { readonly route: readonly string[]; readonly quorum: number; readonly expiresInMs: number }
export interface CompiledRule { readonly id: string; readonly rationale: string; readonly tier: Tier | null; readonly decision: 'deny' | 'defer' | 'step_up' | null; readonly when: Expression; readonly approval: Approval | null; readonly matches: (tool: string) => boolean }
export interface ToolIndex {
  readonly permitted: boolean; readonly never: boolean; readonly rules: readonly CompiledRule[];
  /** What the rules read of the run's past: hand it to deriveFacts. */
  readonly context: readonly ContextFact[];
}
export interface CompiledBundle {
  readonly version: string;
  readonly parameters: Readonly<Record<string, Value>>;
  readonly approval: Approval; readonly senior: Approval;
  readonly budget: BundleSpec['budget'] | null;
  readonly budgets: readonly WiderBudget[];
  readonly rules: readonly CompiledRule[];
  /** Rules the interpreter runs, and why. */
  readonly interpreted: readonly { readonly rule: string; readonly why: string }[];
  index(tool: string): ToolIndex;
}

const fallback: ApprovalSpec = { route: ['approver'], quorum: 1, expiresIn: '1h' };
const seniorFallback: ApprovalSpec = { route: ['senior'], quorum: 1, expiresIn: '1h' };
const maxIndexed = 10_000;

/** Compiles a bundle. Throws one BundleError with all problems: one bad rule refuses the whole. */
export const compileBundle = (parsed: unknown): CompiledBundle => {
  const { problems, complain } = collectProblems();
  const spec = readBundle(parsed, complain);
  if (spec === undefined) throw new BundleError(problems);
  const parameters: Record<string, Value> = {};
  for (const name in spec.parameters) parameters[`parameters.${name}`] = spec.parameters[name]!;
  const budgets = readBudgets(spec.budgets, complain);
  const onDemand = contextFacts({ context: readContext(spec.context, complain), sensitivity: readSensitivity(spec.sensitivity, complain) });
  const facts = namesWith(Array.isArray(spec.facts) ? spec.facts : [], onDemand);
  const names = { has: (name: string) => Object.hasOwn(parameters, name) || facts.has(name), byArguments: (name: string) => !Object.hasOwn(parameters, name) && facts.byArguments(name) };
  const conditions = spec.rules.map((rule: Partial<RuleSpec> | null, i) => {
    if (typeof rule?.when !== 'string') return undefined;
    try {
      return expression(rule.when, names);
    } catch (error) {
      complain(`rules[${i}].when`, (error as Error).message, { rule: rule.id, offset: error instanceof CelProblem ? error.offset : undefined });
      return undefined;
    }
  });
  if (problems.length > 0) throw new BundleError(problems);
  const rules = spec.rules.map((rule, i) => compileRule(rule, conditions[i]!));
  const permit = anyOf(spec.permit);
  const never = anyOf(spec.neverAutomate ?? []);
  const indexed = new Map<string, ToolIndex>();
  return {
    version: spec.version, parameters, rules, budget: spec.budget ?? null, budgets,
    approval: approvalOf(spec.approval ?? fallback), senior: approvalOf(spec.senior ?? seniorFallback),
    interpreted: rules.filter((rule) => rule.when.interpreted !== null).map((rule) => ({ rule: rule.id, why: rule.when.interpreted! })),
    index: (tool) => {
      let found = indexed.get(tool);
      if (found === undefined) {
        const matching = rules.filter((rule) => rule.matches(tool));
        const read = new Set(matching.flatMap((rule) => rule.when.uses));
        found = { permitted: permit(tool), never: never(tool), rules: matching, context: [...onDemand.values()].filter(({ name }) => read.has(name)) };
        if (indexed.size < maxIndexed) indexed.set(tool, found);
      }
      return found;
    },
  };
};

const compileRule = (rule: RuleSpec, when: Expression): CompiledRule => ({
  id: rule.id, rationale: rule.rationale, tier: rule.tier ?? null, decision: rule.decision ?? null, when,
  approval: rule.approval === undefined ? null : approvalOf(rule.approval), matches: anyOf(rule.tools),
});

const approvalOf = (spec: ApprovalSpec): Approval => ({ route: spec.route, quorum: spec.quorum, expiresInMs: duration(spec.expiresIn)! });

/** Patterns: `payments.transfer` itself, or a prefix that ends in `*`. */
const anyOf = (patterns: readonly string[]): ((tool: string) => boolean) => {
  const exact = new Set(patterns.filter((pattern) => !pattern.endsWith('*')));
  const prefixes = patterns.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1));
  return (tool) => exact.has(tool) || prefixes.some((prefix) => tool.startsWith(prefix));
};

const argumentNames = { has: (name: string): boolean => name === 'args', byArguments: (): boolean => true };

/** Compiles a tool's extractors. Throws one BundleError that names tool and fact. */
export const compileTool = (snapshot: ToolSnapshot): CompiledTool => {
  const { problems, complain } = collectProblems();
  const extractors: (readonly [string, Expression])[] = [];
  for (const [fact, source] of Object.entries(snapshot.facts)) {
    try {
      extractors.push([fact, expression(source, argumentNames)]);
    } catch (error) {
      complain(`tool ${snapshot.tool} fact ${fact}`, (error as Error).message);
    }
  }
  if (problems.length > 0) throw new BundleError(problems);
  return { name: snapshot.tool, snapshot, extractors };
};
