import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { CannotRun } from '../errors.ts';
import { printJson, progress } from '../output.ts';
import { evaluateSessions } from '../replay/offline-eval.ts';
import type { Group } from '../replay/offline-eval.ts';
import { readSessions, SessionFileError } from '../replay/session.ts';
import type { RecordedSession } from '../replay/session.ts';
import { picture } from './draw/picture.ts';
import type { Line } from './draw/picture.ts';
import { inForce, settings } from './draw/settings.ts';

interface Figures { readonly setting: number; readonly label: string; readonly name: string; readonly injectedStopped: number | null; readonly benignAlone: number; readonly consequentialAlone: number; readonly askedPer100: number }

/** `countersign policy draw`: what the pack stops against whom it asks, over its parameters, on recorded sessions. */
export const draw = async (args: readonly string[]): Promise<number> => {
  const { values } = parse(args);
  const file = values.sessions;
  if (file === undefined || !existsSync(file)) throw new CannotRun(file === undefined ? 'Say which sessions: --sessions FILE.' : `There is no file ${file}.`);
  const sessions: RecordedSession[] = [];
  try {
    for await (const session of readSessions(file)) sessions.push(session);
  } catch (error) {
    throw error instanceof SessionFileError ? new CannotRun(error.message) : error;
  }
  if (sessions.length === 0) throw new CannotRun(`${file} has no sessions.`);
  const rows: Figures[] = [];
  for (const [i, { label, parameters }] of settings.entries()) {
    progress(`Setting ${i + 1} of ${settings.length}: ${label} …`);
    const { all, groups } = await evaluateSessions(sessions, { parameters });
    for (const [name, group] of [...[...groups].sort(([a], [b]) => (a < b ? -1 : 1)), ['all', all] as const]) rows.push({ setting: i + 1, label, name, ...figures(group) });
  }
  const out = values.out ?? 'picture.svg';
  await writeFile(out, drawn(rows));
  if (values.json === true) printJson({ file, out, inForce: inForce + 1, rows });
  else process.stdout.write(`${table(rows.filter((row) => row.setting === inForce + 1))}\n\nDrawn in ${out}; the numbers of all settings: --json.\n`);
  return 0;
};

const share = (part: number, of: number): number => (of === 0 ? 0 : part / of);
const figures = (group: Group): Omit<Figures, 'setting' | 'label' | 'name'> => ({
  injectedStopped: group.injected.total === 0 ? null : group.injected.stopped / group.injected.total,
  benignAlone: share(group.benign.autonomous, group.benign.total), consequentialAlone: share(group.benignConsequential.autonomous, group.benignConsequential.total), askedPer100: group.asks / group.sessions * 100,
});

const drawn = (rows: readonly Figures[]): string => {
  const lines = (x: (row: Figures) => number): Line[] => [...new Set(rows.map((row) => row.name))].map((name) => ({ name, points: rows.filter((row) => row.name === name).map((row) => ({ x: x(row), y: row.injectedStopped })) }));
  const y = 'injected calls stopped';
  return picture([
    { title: 'What it costs people', x: 'people asked, times per 100 sessions', y, share: false, lines: lines((row) => row.askedPer100) },
    { title: 'What is left to the agent', x: 'benign changes that run without a person', y, share: true, lines: lines((row) => row.consequentialAlone) },
  ], settings.map(({ label }) => label), inForce, 'Injected calls stopped against people asked, over the parameters of the pack');
};

const percent = (value: number | null): string => (value === null ? '–' : `${(value * 100).toFixed(1)} %`);
/** The figures of one setting as a Markdown table. */
const table = (rows: readonly Figures[]): string => [
  '| workplace | injected stopped | benign alone | benign changes alone | asked per 100 sessions |', '|---|---|---|---|---|',
  ...rows.map((row) => `| ${row.name} | ${percent(row.injectedStopped)} | ${percent(row.benignAlone)} | ${percent(row.consequentialAlone)} | ${row.askedPer100.toFixed(0)} |`),
].join('\n');

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options: { sessions: { type: 'string' }, out: { type: 'string' }, json: { type: 'boolean' } } });
  } catch (error) {
    throw new CannotRun((error as Error).message);
  }
};
