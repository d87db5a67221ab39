import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Command } from '../commands.ts';
import { CannotRun } from '../errors.ts';
import { printJson } from '../output.ts';
import { readSessions, SessionFileError } from '../replay/session.ts';
import { packTools } from '../replay/setup.ts';
import { usageAbout } from '../usage-about.ts';
import { toolsUsage } from './usage.ts';
import { inferredLines, inferTools } from './infer.ts';
import { createUses } from './uses.ts';

/** What to do with tools; what speaks MCP is loaded when it is asked for. */
const acts: Readonly<Record<string, () => Promise<Command>>> = {
  list: async () => (await import('./mcp/review-command.ts')).listTools,
  infer: async () => infer,
  import: async () => (await import('./mcp/import-command.ts')).importTools,
  check: async () => (await import('./mcp/import-command.ts')).checkTools,
  diff: async () => (await import('./mcp/review-command.ts')).diffTools,
  review: async () => (await import('./mcp/review-command.ts')).reviewTool,
};

export const tools: Command = async ([what = '', ...args]) => {
  const act = Object.hasOwn(acts, what) ? acts[what] : undefined;
  if (act === undefined) throw new CannotRun(`Say what to do with tools: ${Object.keys(acts).join(', ')}.\n${usageAbout(toolsUsage, what)}`);
  return (await act())(args);
};

/** `countersign tools infer`: what the replay would register for a workplace that nobody catalogued. */
const infer: Command = async (args) => {
  const { values } = parse(args);
  const file = values.sessions;
  if (file === undefined || !existsSync(file)) throw new CannotRun(file === undefined ? 'Say which sessions: --sessions FILE.' : `There is no file ${file}.`);
  const known = values.all === true ? [] : (await packTools()).map((tool) => tool.tool);
  const uses = createUses(new Set(known));
  try {
    for await (const session of readSessions(file)) uses.see(session);
  } catch (error) {
    throw error instanceof SessionFileError ? new CannotRun(error.message) : error;
  }
  const inferred = inferTools(uses.uses(), known);
  if (values.json === true) printJson({ tools: inferred });
  else process.stdout.write(`${inferredLines(inferred)}\n`);
  return 0;
};

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options: { sessions: { type: 'string' }, all: { type: 'boolean' }, json: { type: 'boolean' } } });
  } catch (error) {
    throw new CannotRun((error as Error).message);
  }
};
