import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CannotRun } from '../errors.ts';
import { printJson, progress } from '../output.ts';
import { SessionFileError } from '../replay/session.ts';
import { bySuite, evaluate, splits } from './evaluate.ts';
import type { Split } from './evaluate.ts';
import { poisoned } from './poison.ts';
import { forJson, table } from './report.ts';
import type { BySuite } from './report.ts';
import { readLabelled } from './sessions.ts';
import type { Labelled } from './sessions.ts';

/** `npm run eval:anomaly`: how well labelled sessions are told apart by the service's own detector, with baselines of sessions without attack only. */
export const evalAnomaly = async (args: readonly string[]): Promise<number> => {
  const { file, wanted, json, catalogue } = options(args);
  const sessions = await read(file, catalogue);
  if (!sessions.some((one) => one.hijacked) || !sessions.some((one) => one.benign)) throw new CannotRun(`${file} needs sessions without attack and hijacked ones (calls with injected 1): there is nothing to tell apart.`);
  progress(`${sessions.length} sessions, ${sessions.filter((one) => one.benign).length} without attack, ${sessions.filter((one) => one.hijacked).length} hijacked.`);
  const results: Record<string, BySuite> = {};
  for (const split of wanted) {
    const began = performance.now();
    results[split] = bySuite(evaluate(sessions, split));
    progress(`${table(split, results[split])}\n  in ${((performance.now() - began) / 1_000).toFixed(1)} s`);
  }
  const poison = wanted.includes('recurring') ? poisoned(sessions) : undefined;
  if (poison) progress(`poisoned     ${poison.sessions} hijacked sessions fed in unlabelled (10 a workplace, for each model), ${poison.learned} of them learned: caught at 5 % ${poison.at5.toFixed(3)}, without them ${poison.before5.toFixed(3)}`);
  if (json) printJson({ splits: Object.fromEntries(Object.entries(results).map(([split, of]) => [split, forJson(of)])), ...(poison && { poisoned: poison }) });
  return 0;
};

const read = async (file: string, catalogue: Catalogue): Promise<readonly Labelled[]> => {
  try {
    return await readLabelled(file, catalogue);
  } catch (error) {
    if (error instanceof SessionFileError) throw new CannotRun(error.message);
    throw error;
  }
};

type Catalogue = 'pack' | 'none';

const options = (args: readonly string[]): { readonly file: string; readonly wanted: readonly Split[]; readonly json: boolean; readonly catalogue: Catalogue } => {
  const { values, positionals: [name, ...more] } = parse(args);
  if (name === undefined || more.length > 0) throw new CannotRun('Name one file of labelled sessions: npm run eval:anomaly -- FILE [--split recurring|unseen] [--catalogue none] [--json]');
  const file = resolve(process.env['INIT_CWD'] ?? '.', name);
  if (!existsSync(file)) throw new CannotRun(`There is no file ${file}.`);
  const { split } = values;
  if (values.catalogue !== undefined && values.catalogue !== 'none' && values.catalogue !== 'pack') throw new CannotRun(`--catalogue is pack or none, not "${values.catalogue}".`);
  if (split !== undefined && !(splits as readonly string[]).includes(split)) throw new CannotRun(`--split is ${splits.join(' or ')}, not "${split}".`);
  return { file, wanted: split === undefined ? splits : [split as Split], json: values.json === true, catalogue: values.catalogue === 'none' ? 'none' : 'pack' };
};

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: { split: { type: 'string' }, catalogue: { type: 'string' }, json: { type: 'boolean' } } });
  } catch (error) {
    throw new CannotRun((error as Error).message);
  }
};
