import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';
import type { Command } from '../commands.ts';
import { CannotRun } from '../errors.ts';
import { usageAbout } from '../usage-about.ts';
import { readLocal } from '../local.ts';
import type { Local } from '../local.ts';
import { endTicks, printJson, progress } from '../output.ts';
import { createClient, Refused } from './client.ts';
import type { Client } from './client.ts';
import { choose, keyOf } from './local-people.ts';
import { remedyOf } from './remedy.ts';

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
  /** What is to be read before something is done; nothing with --json. */
  tell(lines: readonly string[]): void;
  /** The result: one JSON object with --json, else the lines. */
  show(data: unknown, lines: readonly string[]): void;
}

/** A command as people type it: reads options, turns a refusal into exit code 1 and what cannot be run into 2. */
export const personCommand = (usage: string, options: Options, body: (session: Session) => Promise<void>): Command => async (args) => {
  const { values, positionals } = parsed(args, options, usage);
  const about = usageAbout(usage, positionals[0]);
  // An empty variable of a shell, as a rule: never to be taken for "all" or for the list.
  if (positionals.some((word) => word.trim() === '')) throw new CannotRun(`An id is empty.\nUsage: ${about}`);
  const local = readLocal();
  const text = (name: string): string | undefined => (typeof values[name] === 'string' ? values[name] : undefined);
  let code = 0, said: string | undefined;
  const session: Session = {
    local, positionals, values, failed: () => { code = 1; },
    needed: (name) => {
      const value = text(name)?.trim();
      if (!value) throw new CannotRun(`--${name} is missing.\nUsage: ${about}`);
      return value;
    },
    as: (fitting, excluded) => {
      const { person, chosen } = choose(local.dir, text('as'), fitting, excluded);
      const key = keyOf(local.dir, person);
      if (said !== person) progress(`(as ${person}${chosen ? ', whose key lies on this machine; --as names another' : ''})`);
      said = person;
      return { person, key, client: createClient({ http: local.http, as: { person, key } }) };
    },
    tell: (lines) => {
      if (values['json'] === true) return;
      endTicks();
      process.stdout.write(`${lines.join('\n')}\n`);
    },
    show: (data, lines) => { if (values['json'] === true) printJson(data); else session.tell(lines); },
  };
  try {
    await body(session);
    return code;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    progress(error.message);
    const remedy = remedyOf(error);
    if (remedy !== undefined) progress(`→ ${remedy}`);
    return error.retryable && error.status >= 500 ? 2 : 1;
  }
};

const parsed = (args: readonly string[], options: Options, usage: string) => {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: { ...options, as: { type: 'string' }, json: { type: 'boolean' } } }) as { values: Record<string, string | boolean | undefined>; positionals: string[] };
  } catch (error) {
    throw new CannotRun(`${(error as Error).message}\nUsage: ${usageAbout(usage, args.find((word) => !word.startsWith('-')))}`);
  }
};

/** Which command lists what an id is of. */
const lists: Readonly<Record<string, string>> = { agent: 'countersign agents', approval: 'countersign approvals', run: 'countersign runs', halt: 'countersign halts', finding: 'countersign findings' };

/** The one positional argument of a command. */
export const only = ({ positionals }: Session, what: string): string => {
  const listed = lists[what] === undefined ? '' : ` ${lists[what]} lists them.`;
  if (positionals.length !== 1) throw new CannotRun(`Say which ${what}: one id, and nothing else.${listed}`);
  const [value] = positionals;
  if (!/^[\w.:~-]{1,128}$/.test(value!)) throw new CannotRun(`"${value}" is no id of ${/^[aeiou]/.test(what) ? 'an' : 'a'} ${what}.${listed}`);
  return value!;
};
