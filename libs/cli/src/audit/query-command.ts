import type { LogQueryResponse } from '@countersign/contracts';
import { CannotRun } from '../errors.ts';
import { personCommand } from '../people/command.ts';
import { id, inert } from '../people/inert.ts';
import { timeOf } from './time.ts';
import { queryUsage } from './usage.ts';

/** Who may read what was said (services/audit). */
export const readers = ['auditor', 'operator', 'supervisor'] as const;

const plain = ['run', 'agent', 'action', 'tool', 'person', 'tier', 'rule', 'decision', 'outcome', 'trace', 'type', 'text', 'after', 'limit'] as const;
const times = ['from', 'to'] as const;
/** The conditions of a question, as options. */
export const conditions = Object.fromEntries([...plain, ...times].map((name) => [name, { type: 'string' as const }]));

/** The query string that asks what the options ask. */
export const asked = (values: Readonly<Record<string, string | boolean | undefined>>, now: number): URLSearchParams => new URLSearchParams([
  ...plain.flatMap((name) => (typeof values[name] === 'string' ? [[name, values[name]] as [string, string]] : [])),
  ...times.flatMap((name) => (typeof values[name] === 'string' ? [[name, String(timeOf(values[name], name, now))] as [string, string]] : [])),
]);

type Entry = LogQueryResponse['entries'][number];

const line = (entry: Entry): string => [
  String(entry.index).padStart(8), new Date(entry.at).toISOString(), id(entry.type.replace(/^countersign\.(?:governed\.)?/, '').replace(/\.v\d+$/, '')).padEnd(18),
  entry.agent === null ? '' : id(entry.agent), entry.tool === null ? '' : id(entry.tool),
  entry.decision === null ? '' : `${id(entry.decision)} tier ${entry.tier}${entry.code === null ? '' : ` ${id(entry.code)}`}`, entry.outcome === null ? '' : id(entry.outcome),
  entry.rules.length === 0 ? '' : `by ${entry.rules.map(id).join(' ')}`, entry.people.length === 0 ? '' : `people ${entry.people.map((person) => inert(person, 40)).join(' ')}`, entry.run === null ? '' : `run ${id(entry.run)}`,
].filter((part) => part !== '').join('  ');

export const query = personCommand(queryUsage, conditions, async (session) => {
  if (session.positionals.length > 0) throw new CannotRun(`Usage: ${queryUsage}`);
  const found = await session.as(readers).client.request<LogQueryResponse>('audit', 'GET', `/query?${asked(session.values, Date.now()).toString()}`);
  session.show(found, [
    ...found.entries.map(line),
    ...(found.entries.length === 0 && typeof found.checked === 'number' ? [`every line of the index was held against the log since ${new Date(found.checked).toISOString()}`] : []),
    found.next === null ? `${found.entries.length} entries${found.entries.length === 0 ? ` among the first ${found.indexed} of the log` : ''}` : `more: --after ${found.next}`,
  ]);
});
