import { lintBundle } from '@countersign/policy/checks/lint/lint';
import type { Problem } from '@countersign/policy/checks/types';
import type { ParsedBundle } from '@countersign/policy/inbound/bundle-files';
import type { Command } from '../commands.ts';
import { CannotRun } from '../errors.ts';
import { printJson } from '../output.ts';
import { inertLine } from '../people/inert.ts';
import { bundleIn, catalogueFor, policyArgs } from './bundle-folder.ts';

/** `countersign policy lint DIR`: 0 nothing that must not be published, 1 something, 2 could not run. */
export const lint: Command = async (args) => {
  const { values, positionals: [dir, ...more] } = policyArgs(args, { catalogue: { type: 'string' }, strict: { type: 'boolean' } });
  if (dir === undefined || more.length > 0) throw new CannotRun('Say which bundle: countersign policy lint DIR');
  const bundle = await bundleIn(dir);
  const began = performance.now();
  const { problems, notChecked } = await lintBundle(bundle.spec, await catalogueFor(dir, values.catalogue as string | undefined));
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const ok = !problems.some(({ severity }) => severity === 'error' || values.strict === true);
  if (values.json === true) printJson({ ok, version: bundle.spec.version, rules: bundle.spec.rules.length, seconds, problems, notChecked });
  else {
    process.stdout.write(`${[
      ...problems.flatMap((problem) => told(problem, bundle)),
      ...notChecked.map(({ rule, why }) => `${placeOf(rule, bundle)}not checked: ${why}`),
      `${bundle.spec.rules.length} rules in ${seconds} s: ${counted(problems, 'error')}, ${counted(problems, 'warning')}, ${notChecked.length} not checked.`,
    ].map(inertLine).join('\n')}\n`);
  }
  return ok ? 0 : 1;
};

const placeOf = (rule: string | null, { spec, where }: ParsedBundle): string => {
  const place = rule === null ? undefined : where(`rules[${spec.rules.findIndex(({ id }) => id === rule)}]`);
  return `${place === undefined ? '' : `${place.file}:${place.line}: `}${rule === null ? '' : `${rule} `}`;
};

const told = ({ kind, severity, rule, why, example }: Problem, bundle: ParsedBundle): string[] => [
  `${placeOf(rule, bundle)}${severity}: ${kind.replaceAll('_', ' ')}: ${why}`,
  ...(example === undefined ? [] : [`  for example with ${Object.entries(example).map(([name, value]) => `${name} = ${JSON.stringify(value)}`).join(', ')}`]),
];

const counted = (problems: readonly Problem[], severity: Problem['severity']): string => {
  const count = problems.filter((problem) => problem.severity === severity).length;
  return `${count} ${severity}${count === 1 ? '' : 's'}`;
};
