import type { BundleChecks, BundleFile, Checked } from '../app/bundles/ports.ts';
import type { Loosened } from '../core/bundles/events.ts';
import type { BundleSpec } from '../core/rules/bundle.ts';
import { BundleError, parseBundle } from '../inbound/bundle-files.ts';
import { runBundleTests } from './tests/run.ts';
import type { Catalogue, Counterexample, DiffBundles, LintBundle, Said, TestFailure } from './types.ts';

/** null where it is not to be had. */
export interface Solver { readonly lint: LintBundle | null; readonly diff: DiffBundles | null }

/**
 * What is found out about a bundle before people sign for it. Where the solver cannot say, that is said: as a note by lint, and as a
 * loosening by the comparison, so that a second person looks.
 */
export const createBundleChecks = (catalogue: () => Catalogue, solver: Solver, onError: (error: Error) => void): BundleChecks => ({
  check: async (files) => {
    let parsed: ReturnType<typeof parseBundle>;
    try {
      parsed = parseBundle(files);
    } catch (error) {
      if (error instanceof BundleError) return { version: null, problems: error.message.split('\n'), notes: [] };
      throw error;
    }
    const tools = catalogue();
    const report = runBundleTests(parsed, tools);
    const failed = report.failed.map(sayFailure);
    const uncovered = report.coverage.rules.filter(({ covered }) => !covered).map(({ rule }) => `no test covers ${rule}`);
    const linted = await lint(parsed.spec, tools, solver, onError);
    return { version: parsed.spec.version, problems: [...failed, ...linted.problems], notes: [...linted.notes, ...uncovered] };
  },
  test: async (files) => {
    const { passed, failed } = runBundleTests(parseBundle(files), catalogue());
    return { passed, failed: failed.length, first: failed[0] === undefined ? null : sayFailure(failed[0]) };
  },
  compare: async (old, next) => {
    const [before, after] = [parseBundle(old).spec, parseBundle(next).spec];
    if (JSON.stringify(same(before)) === JSON.stringify(same(after))) return [];
    const unknown = (why: string): Loosened => ({ what: `may ask less: ${why}`.slice(0, 500), rule: null, tool: null, before: '?', after: '?', facts: null });
    if (solver.diff === null) return [unknown('nothing here can compare the versions')];
    try {
      const { loosened, undecided } = await solver.diff(before, after, catalogue());
      return [...loosened.map(loosenedOf), ...undecided.map(unknown)];
    } catch (error) {
      onError(error as Error);
      return [unknown('the versions could not be compared')];
    }
  },
});

/** Its name and words change nothing of what a version decides. */
const same = ({ version: _version, ...spec }: BundleSpec): unknown => ({ ...spec, description: undefined });

const lint = async (spec: BundleSpec, tools: Catalogue, solver: Solver, onError: (error: Error) => void): Promise<Pick<Checked, 'problems' | 'notes'>> => {
  if (solver.lint === null) return { problems: [], notes: ['lint did not run here'] };
  try {
    const { problems, notChecked } = await solver.lint(spec, tools);
    const line = ({ kind, rule, why }: (typeof problems)[number]): string => `lint: ${kind}${rule === null ? '' : ` ${rule}`}: ${why}`;
    return {
      problems: problems.filter(({ severity }) => severity === 'error').map(line),
      notes: [...problems.filter(({ severity }) => severity !== 'error').map(line), ...notChecked.map(({ rule, why }) => `lint could not check ${rule ?? 'the bundle'}: ${why}`)],
    };
  } catch (error) {
    onError(error as Error);
    return { problems: [], notes: ['lint could not run'] };
  }
};

const sayFailure = ({ file, line, test, expected, got }: TestFailure): string => `${file}:${line}: test ${test}: expected ${expected}, got ${got}`;
const said = (one: Said | null): string => (one === null ? '–' : `${one.decision}, tier ${one.tier}${one.route === null ? '' : `, ${one.quorum ?? 1} of ${one.route.join(' or ')}`}`).slice(0, 500);
const loosenedOf = (one: Counterexample): Loosened => ({
  what: one.says.slice(0, 500), tool: one.tool, facts: one.facts, before: said(one.old), after: said(one.new),
  rule: one.old?.rules.find((rule) => !(one.new?.rules ?? []).includes(rule)) ?? null,
});

export type { BundleFile };
