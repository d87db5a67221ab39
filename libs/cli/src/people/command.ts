import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';
import { errors } from '@countersign/contracts';
import type { Command } from '../commands.ts';
import { CannotRun } from '../errors.ts';
import { readLocal } from '../local.ts';
import type { Local } from '../local.ts';
import { printJson, progress } from '../output.ts';
import { createClient, Refused } from './client.ts';
import type { Client } from './client.ts';
import { choose, keyOf } from './local-people.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/** What a command of a person gets to work with. */
export interface Session {
  readonly local: Local;
  readonly positionals: readonly string[];
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  /** The text of an option that must be there. */
  needed(name: string): string;
  /** Acts as the person of --as, else as a fitting local one, which it says on stderr. */
  as(fitting: readonly string[], excluded?: readonly string[]): { readonly person: string; readonly client: Client; readonly key: ReturnType<typeof keyOf> };
  /** It ran and found something wrong: exit code 1. */
  failed(): void;
  /** The result: one JSON object with --json, else the lines. */
  show(data: unknown, lines: readonly string[]): void;
}

/** A command as people type it: reads options, turns a refusal into exit code 1 and what cannot be run into 2. */
export const personCommand = (usage: string, options: Options, body: (session: Session) => Promise<void>): Command => async (args) => {
  const { values, positionals } = parsed(args, options, usage);
  const local = readLocal();
  const text = (name: string): string | undefined => (typeof values[name] === 'string' ? values[name] : undefined);
  let code = 0, said: string | undefined;
  const session: Session = {
    local, positionals, values, failed: () => { code = 1; },
    needed: (name) => {
      const value = text(name)?.trim();
      if (!value) throw new CannotRun(`--${name} is missing. Usage: ${usage}`);
      return value;
    },
    as: (fitting, excluded) => {
      const { person, chosen } = choose(local.dir, text('as'), fitting, excluded);
      const key = keyOf(local.dir, person);
      if (chosen && said !== person) progress(`(as ${person}, whose key lies on this machine; --as names another)`);
      if (chosen) said = person;
      return { person, key, client: createClient({ http: local.http, as: { person, key } }) };
    },
    show: (data, lines) => {
      if (values['json'] === true) printJson(data);
      else process.stdout.write(`${lines.join('\n')}\n`);
    },
  };
  try {
    await body(session);
    return code;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    progress(error.message);
    const remedy = Object.hasOwn(errors, error.code) ? (errors as Readonly<Record<string, { readonly remedy: string }>>)[error.code]!.remedy : 'Nothing to do.';
    if (remedy !== 'Nothing to do.') progress(`→ ${remedy}`);
    return error.retryable && error.status >= 500 ? 2 : 1;
  }
};

const parsed = (args: readonly string[], options: Options, usage: string) => {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: { ...options, as: { type: 'string' }, json: { type: 'boolean' } } }) as { values: Record<string, string | boolean | undefined>; positionals: string[] };
  } catch (error) {
    throw new CannotRun(`${(error as Error).message}\nUsage: ${usage}`);
  }
};

/** The one positional argument of a command. */
export const only = ({ positionals }: Session, what: string): string => {
  if (positionals.length !== 1) throw new CannotRun(`Say which ${what}: one id, and nothing else.`);
  const [value] = positionals;
  if (!/^[\w.:~-]{1,128}$/.test(value!)) throw new CannotRun(`"${value}" is no id of a ${what}.`);
  return value!;
};
