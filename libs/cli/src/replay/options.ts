import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { CannotRun } from '../errors.ts';

export interface ReplayOptions {
  readonly file: string;
  readonly limit: number;
  readonly approver: 'none' | 'approve' | 'deny';
  /** Sessions at a time. */
  readonly parallel: number;
  readonly json: boolean;
  /** Where to keep the governed stream as JSON Lines, for backtests and as a frozen history. */
  readonly keep: string | undefined;
  /** Only whether all of this can be done is looked at; nothing is started for it. */
  readonly check: boolean;
}

/** The few sessions that come with the product, for those without the file. */
export const sampleFile = fileURLToPath(new URL('../../src/replay/sessions/sample.jsonl', import.meta.url));

/** Reads the command line; `--bus` is infra/local's and only checked here. */
export const readOptions = (args: readonly string[]): ReplayOptions => {
  const { values, positionals } = parse(args);
  if (positionals.length > 1) throw new CannotRun('Name one file of sessions at most.');
  const number = (name: 'limit' | 'parallel', fallback: number): number => {
    const given = values[name];
    if (given === undefined) return fallback;
    if (!/^[1-9]\d{0,8}$/.test(given)) throw new CannotRun(`--${name} is a whole number of at least 1, not "${given}".`);
    return Number(given);
  };
  const approver = values.approver ?? 'none';
  if (approver !== 'none' && approver !== 'approve' && approver !== 'deny') throw new CannotRun(`--approver is none, approve or deny, not "${approver}".`);
  if (values.bus !== undefined && values.bus !== 'kafka' && values.bus !== 'embedded') throw new CannotRun(`--bus is kafka or embedded, not "${values.bus}".`);
  const file = positionals[0] ?? sampleFile;
  if (!existsSync(file)) throw new CannotRun(`There is no file ${file}.`);
  if (values.keep !== undefined && !existsSync(dirname(resolve(values.keep)))) throw new CannotRun(`--keep ${values.keep}: there is no such folder.`);
  return { file, limit: number('limit', Number.POSITIVE_INFINITY), approver, parallel: number('parallel', 48), json: values.json === true, keep: values.keep, check: values.check === true };
};

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: { limit: { type: 'string' }, bus: { type: 'string' }, approver: { type: 'string' }, parallel: { type: 'string' }, keep: { type: 'string' }, check: { type: 'boolean' }, json: { type: 'boolean' } } });
  } catch (error) {
    throw new CannotRun(`${(error as Error).message} See \`npm run replay -- --help\`.`);
  }
};
