import type { Json } from '@countersign/contracts';
import { checkArguments } from '@countersign/tool-guard/arguments';
import { compileBundle, compileTool } from '../../core/rules/compile.ts';
import type { CompiledBundle, CompiledTool } from '../../core/rules/compile.ts';
import { withBuiltIns } from '../catalogue.ts';
import type { Catalogue, RuleCoverage, RunBundleTests, TestFailure, TestReport } from '../types.ts';
import { compare } from './expect.ts';
import { play } from './play.ts';
import type { KnownTools, Played } from './play.ts';
import { readTestFile } from './test-file.ts';

/** Runs a bundle's *.test.yaml. Throws only where the bundle itself does not compile, or the catalogue does not. */
export const runBundleTests: RunBundleTests = ({ spec, tests: files }, catalogue) => {
  const bundle = compileBundle(spec);
  const variants = new Map<string, CompiledBundle>();
  const tools = knownTools(catalogue);
  const failed: TestFailure[] = [];
  const played: Played[] = [];
  let passed = 0;
  for (const file of files) {
    const { tests, wrong } = readTestFile(file);
    for (const { line, why } of wrong) failed.push({ file: file.path, line, test: '(file)', expected: 'a test file', got: why, why: [] });
    for (const test of tests) {
      const unknown = Object.keys(test.parameters).filter((name) => spec.parameters?.[name] === undefined);
      const key = JSON.stringify(test.parameters);
      if (key !== '{}' && unknown.length === 0 && !variants.has(key)) variants.set(key, compileBundle({ ...spec, parameters: { ...spec.parameters, ...test.parameters } }));
      const inForce = variants.get(key) ?? bundle;
      const result = unknown.length > 0 ? `the bundle has no parameter ${unknown.join(', ')}` : play(test, inForce, tools);
      if (typeof result === 'string') {
        failed.push({ file: test.file, line: test.line, test: test.name, expected: 'a decision', got: result, why: [] });
        continue;
      }
      played.push(result);
      const failures = compare(test, result, inForce);
      if (failures.length === 0) passed++;
      failed.push(...failures);
    }
  }
  return { passed, failed, coverage: coverageOf(bundle, played) };
};

/** Tools as the registry would announce them. Throws where one does not compile. */
export const knownTools = (catalogue: Catalogue): KnownTools => {
  const known = new Map<string, { readonly tool: CompiledTool; readonly check: (args: Json) => string | null }>();
  for (const declared of withBuiltIns(catalogue)) {
    const tool = compileTool({ ...declared, tenant: 'acme', version: 1, definition: 'd'.repeat(43) });
    known.set(tool.name, { tool, check: checkArguments(declared.schema) });
  }
  return { get: (name) => known.get(name)?.tool, fault: (tool, args) => known.get(tool.name)!.check(args) };
};

const coverageOf = (bundle: CompiledBundle, played: readonly Played[]): TestReport['coverage'] => {
  const tiers: Record<string, number> = {}, decisions: Record<string, number> = {};
  for (const { record: { decision } } of played) {
    tiers[decision.tier] = (tiers[decision.tier] ?? 0) + 1;
    decisions[decision.decision] = (decisions[decision.decision] ?? 0) + 1;
  }
  const rules = bundle.rules.map((rule): RuleCoverage => {
    const tools = new Set<string>();
    let fired = 0, notFired = 0;
    for (const { record, judged } of played) {
      if (judged === null || !rule.matches(record.tool)) continue;
      // The record has what fired over the arguments as proposed and as rules changed them; the last judgement only the latter.
      const said = (record.modified === undefined ? judged.verdict.rules : record.decision.rules).find(({ id }) => id === rule.id);
      if (said === undefined) notFired++;
      // A rule that could not be evaluated says so instead of its rationale; it neither fired nor kept still.
      else if (said.reason === rule.rationale) { fired++; tools.add(record.tool); }
    }
    return { rule: rule.id, tier: rule.tier, fired, notFired, tools: [...tools].sort(), covered: fired > 0 && notFired > 0 };
  });
  return { rules, tiers, decisions };
};
