import { diffBundles } from '@countersign/policy/checks/diff/diff';
import type { Command } from '../commands.ts';
import { CannotRun } from '../errors.ts';
import { printJson } from '../output.ts';
import { inertLine } from '../people/inert.ts';
import { bundleIn, catalogueFor, policyArgs } from './bundle-folder.ts';

/** `countersign policy diff OLD NEW`: 0 nothing is looser, 1 something is or may be, 2 could not run. The tools are those of NEW. */
export const diff: Command = async (args) => {
  const { values, positionals: [before, after, ...more] } = policyArgs(args, { catalogue: { type: 'string' } });
  if (before === undefined || after === undefined || more.length > 0) throw new CannotRun('Say which two versions: countersign policy diff OLD NEW');
  const [old, next] = [await bundleIn(before), await bundleIn(after)];
  const { loosened, tightened, undecided } = await diffBundles(old.spec, next.spec, await catalogueFor(after, values.catalogue as string | undefined));
  const ok = loosened.length === 0 && undecided.length === 0;
  if (values.json === true) printJson({ ok, old: old.spec.version, new: next.spec.version, loosened, tightened, undecided });
  else {
    process.stdout.write(`${[
      ...section('Looser', loosened.map(({ says }) => says)), ...section('May be looser, and counts as such', undecided), ...section('Stricter', tightened.map(({ says }) => says)),
      `${old.spec.version} → ${next.spec.version}: ${ok ? 'nothing is looser' : `${loosened.length} looser, ${undecided.length} undecided: a second person must agree`}, ${tightened.length} stricter.`,
    ].map(inertLine).join('\n')}\n`);
  }
  return ok ? 0 : 1;
};

const section = (title: string, lines: readonly string[]): string[] => (lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`), '']);
