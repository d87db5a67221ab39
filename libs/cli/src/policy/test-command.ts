import { join } from 'node:path';
import { runBundleTests } from '@countersign/policy/checks/tests/run';
import type { TestReport } from '@countersign/policy/checks/types';
import type { Command } from '../commands.ts';
import { CannotRun } from '../errors.ts';
import { printJson } from '../output.ts';
import { inertLine } from '../people/inert.ts';
import { bundleIn, catalogueFor, policyArgs } from './bundle-folder.ts';

/** `countersign policy test DIR`: 0 all as expected, 1 not, 2 could not run. */
export const test: Command = async (args) => {
  const { values, positionals: [dir, ...more] } = policyArgs(args, { catalogue: { type: 'string' }, coverage: { type: 'boolean' } });
  if (dir === undefined || more.length > 0) throw new CannotRun('Say which bundle: countersign policy test DIR');
  const bundle = await bundleIn(dir);
  if (bundle.tests.length === 0) throw new CannotRun(`${dir} has no tests/*.test.yaml.`);
  const report = runBundleTests(bundle, await catalogueFor(dir, values.catalogue as string | undefined));
  const uncovered = values.coverage === true ? report.coverage.rules.filter(({ covered }) => !covered) : [];
  if (values.json === true) printJson({ ok: report.failed.length === 0 && uncovered.length === 0, version: bundle.spec.version, ...report });
  else process.stdout.write(`${[...failures(dir, report), ...(values.coverage === true ? coverage(report) : []), summary(report)].map(inertLine).join('\n')}\n`);
  return report.failed.length === 0 && uncovered.length === 0 ? 0 : 1;
};

const failures = (dir: string, { failed }: TestReport): string[] =>
  failed.flatMap(({ file, line, test: name, expected, got, why }) => [`${join(dir, file)}:${line}: ${name}`, `  expected ${expected}`, `  got      ${got}`, ...why.map((text) => `    ${text}`), '']);

const coverage = ({ coverage: { rules, tiers, decisions } }: TestReport): string[] => {
  const width = Math.max(4, ...rules.map(({ rule }) => rule.length));
  const counts = (of: Readonly<Record<string, number>>): string => Object.entries(of).map(([name, count]) => `${name}: ${count}`).join(', ') || 'none';
  return [
    `${'rule'.padEnd(width)}  fired  not  on`,
    ...rules.map(({ rule, fired, notFired, tools, covered }) => `${rule.padEnd(width)}  ${String(fired).padStart(5)}  ${String(notFired).padStart(3)}  ${tools.join(', ') || '-'}${covered ? '' : fired === 0 ? '  NEVER FIRED' : '  NEVER SEEN NOT TO FIRE'}`),
    `tiers: ${counts(tiers)}; decisions: ${counts(decisions)}`, '',
  ];
};

const summary = ({ passed, failed, coverage: { rules } }: TestReport): string => {
  const tests = new Set(failed.map(({ file, line, test: name }) => `${file} ${name} ${name === '(file)' ? line : ''}`)).size;
  return `${passed} passed, ${tests} failed; ${rules.filter(({ covered }) => covered).length} of ${rules.length} rules seen to fire and not to fire.`;
};
