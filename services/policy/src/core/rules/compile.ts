import type { Tier, ToolSnapshot } from '@countersign/contracts';
import { expression } from '../cel/expression.ts';
import { CelProblem } from '../cel/parse.ts';
import type { Expression } from '../cel/expression.ts';
import { createSlots } from '../cel/names.ts';
import type { Names } from '../cel/names.ts';
import { newScope } from '../cel/scope.ts';
import type { Scope } from '../cel/scope.ts';
import { Failure } from '../cel/value.ts';
import type { Value } from '../cel/value.ts';
import { extractorFaults } from '../facts/extractor-tests.ts';
import { contextFacts } from '../facts/history.ts';
import type { ContextFact } from '../facts/history.ts';
import { namesWith } from '../facts/names.ts';
import type { DeferralLimits, Rewrite } from '../world.ts';
import { readAwaited, readDeferral } from './awaited.ts';
import type { Awaited } from './awaited.ts';
import { readBundle } from './bundle.ts';
import type { ApprovalSpec, BundleSpec, RuleSpec } from './bundle.ts';
import type { WiderBudget } from '../budgets.ts';
import { readBudgets } from './budgets-spec.ts';
import { readEvidence } from './evidence-spec.ts';
import type { EvidencePolicy } from './evidence-spec.ts';
import { readContext, readSensitivity } from './context-spec.ts';
import type { Dimension } from './dimensions.ts';
import { duration } from './duration.ts';
import { readByRoutes, readPeople } from '../asking/people-spec.ts';
import type { PeoplePolicy } from '../asking/people-spec.ts';
import { compileMatrix } from './matrix.ts';
import type { MatrixRow } from './matrix.ts';
import { anyOf } from './patterns.ts';
import { BundleError, collectProblems } from './problem.ts';

export { BundleError };

export interface CompiledTool { readonly name: string; readonly snapshot: ToolSnapshot; readonly extractors: readonly (readonly [fact: string, expression: Expression])[] }
export interface Approval { readonly route: readonly string[]; readonly quorum: number; readonly expiresInMs: number }
export interface CompiledRule {
  readonly id: string; readonly owner: string; readonly rationale: string; readonly regulation: readonly string[]; readonly dimension: Dimension | null;
  readonly tier: Tier | null; readonly decision: 'deny' | 'defer' | 'step_up' | null; readonly when: Expression; readonly matches: (tool: string) => boolean;
  readonly approval: Approval | null; readonly reversalWindowMs: number | null; readonly rewrites: readonly { readonly path: string; readonly value: Expression; readonly redact?: NonNullable<Rewrite['redact']> }[];
}
/** A fact that rules read: where they look for it, and what they find there where nobody made it. */
export interface Load { readonly name: string; readonly slot: number; readonly missing: Failure }
export interface ToolIndex {
  /** Sorted by id, so that nothing depends on the order in the files. */
  readonly permitted: boolean; readonly never: boolean; readonly rules: readonly CompiledRule[];
  readonly loads: readonly Load[];
  readonly matrix: readonly MatrixRow[];
  /** Names of facts and parameters that rules, rewrites and matrix read. */
  readonly uses: ReadonlySet<string>;
  /** What they read of the run's past: hand it to deriveFacts. */
  readonly context: readonly ContextFact[];
  /** Facts that the rules read and that others owe. */
  readonly awaited: readonly Awaited[];
}
export interface CompiledBundle {
  readonly version: string;
  readonly parameters: Readonly<Record<string, Value>>;
  readonly approval: Approval; readonly senior: Approval;
  readonly budget: BundleSpec['budget'] | null;
  /** The share of changes made without a person that people review; 0 for none. */
  readonly reviewRate: number;
  readonly awaited: ReadonlyMap<string, Awaited>;
  readonly deferral: Partial<DeferralLimits> | null;
  readonly budgets: readonly WiderBudget[];
  readonly evidence: EvidencePolicy;
  readonly people: PeoplePolicy;
  readonly rules: readonly CompiledRule[];
  /** Where the rules of a tool read their facts; one evaluation uses it at a time. */
  readonly scope: Scope;
  /** Rules the interpreter runs, and why. */
  readonly interpreted: readonly { readonly rule: string; readonly why: string }[];
  index(tool: string): ToolIndex;
}

const fallback: ApprovalSpec = { route: ['approver'], quorum: 1, expiresIn: '1h' };
const seniorFallback: ApprovalSpec = { route: ['senior'], quorum: 1, expiresIn: '1h' };
const maxIndexed = 10_000;

/** Compiles a bundle. Throws one BundleError with all problems: one bad rule refuses the whole. */
export const compileBundle = (parsed: unknown): CompiledBundle => {
  const steps = compileSteps(parsed);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
};

/** The same, one rule per step: a thousand of them take a quarter of a second, in which whoever decides has something else to do as well. */
export function* compileSteps(parsed: unknown): Generator<undefined, CompiledBundle, undefined> {
  const { problems, complain } = collectProblems();
  const spec = readBundle(parsed, complain);
  if (spec === undefined) throw new BundleError(problems);
  const parameters: Record<string, Value> = {};
  for (const name in spec.parameters) parameters[`parameters.${name}`] = spec.parameters[name]!;
  const budgets = readBudgets(spec.budgets, complain);
  const evidence = readEvidence(spec.evidence, complain);
  const onDemand = contextFacts({ context: readContext(spec.context, complain), sensitivity: readSensitivity(spec.sensitivity, complain) });
  const facts = namesWith(Array.isArray(spec.facts) ? spec.facts : [], onDemand);
  const awaited = readAwaited(spec.awaited, facts.has, complain);
  const deferral = readDeferral(spec.deferral, complain);
  const names: Names = {
    has: (name) => Object.hasOwn(parameters, name) || facts.has(name) || awaited.has(name),
    byArguments: (name) => !Object.hasOwn(parameters, name) && !awaited.has(name) && facts.byArguments(name),
    constant: (name) => (Object.hasOwn(parameters, name) ? parameters[name] : undefined),
  };
  const slots = createSlots();
  const asked = createSlots();
  const people = readPeople(spec.people, asked, (source, path) => {
    try {
      return expression(String(source), names, asked);
    } catch (error) {
      return void complain(path, (error as Error).message);
    }
  }, complain);
  const rules: CompiledRule[] = [];
  for (const [i, rule] of (spec.rules as readonly (RuleSpec | null)[]).entries()) {
    yield;
    const compile = (source: unknown, path: string): Expression | undefined => {
      if (typeof source !== 'string') return undefined;
      try {
        return expression(source, names, slots);
      } catch (error) {
        complain(`rules[${i}].${path}`, (error as Error).message, { rule: rule?.id, offset: error instanceof CelProblem ? error.offset : undefined });
        return undefined;
      }
    };
    const when = compile(rule?.when, 'when');
    const values = Array.isArray(rule?.obligations?.rewrite) ? rule.obligations.rewrite.map((one, n) => compile(one?.value, `obligations.rewrite[${n}].value`)) : [];
    if (problems.length === 0) rules.push(compileRule(rule!, when!, values as Expression[]));
  }
  const shapely = problems.length === 0;
  const matrix = compileMatrix(shapely ? spec.matrix ?? {} : {}, names, complain);
  if (problems.length > 0) throw new BundleError(problems);
  const permit = anyOf(spec.permit);
  const never = anyOf(spec.neverAutomate ?? []);
  const sorted = rules.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const indexed = new Map<string, ToolIndex>();
  return {
    version: spec.version, parameters, rules, scope: newScope([]), budget: spec.budget ?? null, reviewRate: spec.review?.rate ?? 0, awaited, deferral, budgets, evidence, people,
    approval: approvalOf(spec.approval ?? fallback), senior: approvalOf(spec.senior ?? seniorFallback),
    interpreted: rules.flatMap((rule) => expressionsOf(rule).flatMap(({ interpreted }) => (interpreted === null ? [] : [{ rule: rule.id, why: interpreted }]))),
    index: (tool) => {
      let found = indexed.get(tool);
      if (found === undefined) {
        const matching = sorted.filter((rule) => rule.matches(tool));
        const loadsOf = (of: readonly CompiledRule[]): Load[] => [...new Set(of.flatMap(expressionsOf).flatMap((one) => one.uses))].filter((name) => names.constant?.(name) === undefined)
          .map((name) => ({ name, slot: slots.of(name), missing: new Failure(`${name} is not known`, names.byArguments(name)) }));
        const rows = matrix.rows(tool);
        const uses = new Set([
          ...matching.flatMap(expressionsOf).flatMap((one) => one.uses),
          ...rows.flatMap(({ lines }) => lines.map(({ fact }) => fact)),
          ...readByRoutes(people, tool),
        ]);
        // People who are asked see how far a change reaches, whichever of its facts the rules read.
        if ([...uses].some((name) => name.startsWith('change.'))) for (const name of ['change.marks', 'change.blastRadius']) uses.add(name);
        found = { permitted: permit(tool), never: never(tool), rules: matching, loads: loadsOf(matching), matrix: rows, uses, context: [...onDemand.values()].filter(({ name }) => uses.has(name)), awaited: [...awaited.values()].filter(({ fact }) => uses.has(fact)) };
        if (indexed.size < maxIndexed) indexed.set(tool, found);
      }
      return found;
    },
  };
}

const expressionsOf = (rule: CompiledRule): Expression[] => [rule.when, ...rule.rewrites.map(({ value }) => value)];

const redacted = expression("'[redacted]'", { has: () => false, byArguments: () => false });

const compileRule = ({ obligations = {}, ...rule }: RuleSpec, when: Expression, values: readonly Expression[]): CompiledRule => ({
  id: rule.id, owner: rule.owner, rationale: rule.rationale, regulation: rule.regulation ?? [], dimension: rule.dimension ?? null,
  tier: rule.tier ?? null, decision: rule.decision ?? null, when, matches: anyOf(rule.tools),
  approval: obligations.approval === undefined ? null : approvalOf(obligations.approval),
  reversalWindowMs: obligations.reversalWindow === undefined ? null : duration(obligations.reversalWindow)!,
  rewrites: [...(obligations.redact ?? []).map((one) => (typeof one === 'string' ? { path: one, value: redacted, redact: 'all' as const } : { path: one.path, value: redacted, redact: one.what })), ...(obligations.rewrite ?? []).map(({ path }, i) => ({ path, value: values[i]! }))],
});

const approvalOf = (spec: ApprovalSpec): Approval => ({ route: spec.route, quorum: spec.quorum, expiresInMs: duration(spec.expiresIn)! });

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
  const tool = { name: snapshot.tool, snapshot, extractors };
  for (const fault of extractorFaults(tool)) complain(`tool ${snapshot.tool}`, fault);
  if (problems.length > 0) throw new BundleError(problems);
  return tool;
};
