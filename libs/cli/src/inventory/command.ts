import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { Command } from '../commands.ts';
import { CannotRun } from '../errors.ts';
import { printJson, progress } from '../output.ts';
import { personCommand } from '../people/command.ts';
import { id, inert } from '../people/inert.ts';
import { credentialsPage, flagNames } from './credentials-page.ts';
import { readExport } from './files.ts';
import { flagsOf } from './flags.ts';
import { importFile } from './import.ts';
import { uncared } from './uncared-command.ts';
import { usage } from './usage.ts';

const importing = (args: readonly string[]): Promise<number> => {
  let code = 0;
  return personCommand(usage, { from: { type: 'string' }, map: { type: 'string' }, rejected: { type: 'string' }, 'dry-run': { type: 'boolean' } }, async (session) => {
    const [file, ...more] = session.positionals;
    if (file === undefined || more.length > 0) throw new CannotRun(`Say which file.\n${usage}`);
    code = await importFile(session, file);
  })(args).then((answered) => answered || code);
};

const wholeDays = (text: string | undefined, otherwise: number): number => {
  if (text === undefined) return otherwise;
  if (!/^\d{1,4}$/.test(text) || Number(text) === 0) throw new CannotRun(`${JSON.stringify(text)} is no number of days.`);
  return Number(text);
};

/** Needs nothing that runs: exports in, flags out. Exit 1 where something is flagged. */
const credentials: Command = async (args) => {
  const { values, positionals } = parsed(args);
  if (positionals.length === 0) throw new CannotRun(`Say which exports.\n${usage}`);
  const readings = [];
  for (const file of positionals) readings.push(await readExport(file, values.from, values.map));
  const report = flagsOf(readings.flatMap(({ found }) => found), { now: Date.now(), maxAgeDays: wholeDays(values['max-age'], 90), unusedDays: wholeDays(values.unused, 90) });
  const faults = readings.reduce((sum, one) => sum + one.faults.length, 0);
  if (faults > 0) progress(`${faults} entries could not be read; \`inventory import --dry-run\` names them.`);
  if (values.html !== undefined) {
    await writeFile(values.html, credentialsPage(report, new Date().toISOString()));
    progress(`The report is in ${values.html}.`);
  }
  if (values.json === true) printJson(report);
  else process.stdout.write(`${[`${report.flagged} of ${report.found} have something to mend.`, ...report.flags.map((flag) => `${flagNames[flag.kind].padEnd(20)} ${inert(flag.name, 40).padEnd(42)} ${id(flag.source).padEnd(9)} ${inert(flag.evidence, 160)}`), ...report.notes].join('\n')}\n`);
  return report.flagged > 0 ? 1 : 0;
};

const parsed = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: { from: { type: 'string' }, map: { type: 'string' }, html: { type: 'string' }, 'max-age': { type: 'string' }, unused: { type: 'string' }, json: { type: 'boolean' } } });
  } catch (error) {
    throw new CannotRun(`${(error as Error).message}\n${usage}`);
  }
};

export const inventory: Command = async ([what, ...args]) => {
  switch (what) {
    case 'import': return importing(args);
    case 'credentials': return credentials(args);
    case 'orphans': case 'abandoned': case 'shadow': return uncared(what)(args);
    case 'report': return (await import('./report/command.ts')).report(args);
    default: throw new CannotRun(usage);
  }
};
