import type { Json, ToolSnapshot } from '@countersign/contracts';
import type { BundleSpec } from '../core/rules/bundle.ts';
import type { Solver } from './solver/solver.ts';

/** A tool as packs declare it (tools.json); a snapshot of the registry fits as well. */
export type CatalogueTool = Omit<ToolSnapshot, 'tenant' | 'version' | 'definition'>;
export type Catalogue = readonly CatalogueTool[];

/** What `parseBundle` makes of a bundle folder, as far as the tests need it. */
export interface TestedBundle { readonly spec: BundleSpec; readonly tests: readonly { readonly path: string; readonly text: string }[] }

// ---------- tests as files ----------

/** One expectation that was not met, or a test that could not run (`got` says why). `line` counts from 1. */
export interface TestFailure { readonly file: string; readonly line: number; readonly test: string; readonly expected: string; readonly got: string; readonly why: readonly string[] }

/** Per rule: whether some test fired it and some test evaluated it without firing; on which tools it fired. `covered` = both. */
export interface RuleCoverage { readonly rule: string; readonly tier: number | null; readonly fired: number; readonly notFired: number; readonly tools: readonly string[]; readonly covered: boolean }
export interface Coverage {
  readonly rules: readonly RuleCoverage[];
  /** How many tests ended in each tier and each decision. */
  readonly tiers: Readonly<Record<string, number>>; readonly decisions: Readonly<Record<string, number>>;
}
export interface TestReport { readonly passed: number; readonly failed: readonly TestFailure[]; readonly coverage: Coverage }

/** Runs a bundle's own tests through the real derivation of facts and the real rules. Pure: never throws because of a test file. */
export type RunBundleTests = (bundle: TestedBundle, catalogue: Catalogue) => TestReport;

// ---------- lint ----------

export type ProblemKind =
  /** Its condition is true for no facts of any tool it applies to. */
  | 'dead'
  /** Wherever it fires, others that are at least as strict fire too. */
  | 'shadowed'
  /** Fires together with a rule that says something that cannot be done at the same time. */
  | 'contradictory'
  /** On some tool it can only fail, which denies or raises every call. */
  | 'always_fails'
  | 'no_tool' | 'unused_parameter' | 'unused_fact' | 'underived_fact';

/** `error`: a bundle with it must not be published. `example`: facts by name. */
export interface Problem { readonly kind: ProblemKind; readonly severity: 'error' | 'warning'; readonly rule: string | null; readonly why: string; readonly tools: readonly string[]; readonly example?: Readonly<Record<string, Json>> }

/** What the solver could not say: never silently passed. `rule` null where it is about the whole bundle. */
export interface NotChecked { readonly rule: string | null; readonly why: string }
export interface LintReport { readonly problems: readonly Problem[]; readonly notChecked: readonly NotChecked[] }

/** Runs z3 in a child process of its own, or asks a solver that runs already. Rejects only where none could be started. */
export type LintBundle = (spec: BundleSpec, catalogue: Catalogue, solver?: Solver) => Promise<LintReport>;

// ---------- what changed between two versions ----------

/** What both versions say to the same facts; `facts` null where the change is no matter of facts (a budget, a default route). */
export interface Counterexample {
  readonly tool: string | null; readonly facts: Readonly<Record<string, Json>> | null;
  /** As a person would say it: `release.deploy with deploy.environment = 'staging' was tier 3, is tier 1`. */
  readonly says: string;
  readonly old: Said | null; readonly new: Said | null;
}
export interface Said { readonly decision: string; readonly tier: number; readonly rules: readonly string[]; readonly route: readonly string[] | null; readonly quorum: number | null }

/** `undecided` must be treated like `loosened`: there may be facts for which the new version is looser. */
export interface DiffReport { readonly loosened: readonly Counterexample[]; readonly tightened: readonly Counterexample[]; readonly undecided: readonly string[] }

/** Whether anything is looser in the new version. Each counterexample with facts was run through both versions' real evaluation. */
export type DiffBundles = (old: BundleSpec, next: BundleSpec, catalogue: Catalogue, solver?: Solver) => Promise<DiffReport>;
