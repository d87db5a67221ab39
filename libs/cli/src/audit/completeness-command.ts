import type { CompletenessView } from '@countersign/contracts';
import { CannotRun } from '../errors.ts';
import { personCommand } from '../people/command.ts';
import { id, inertLine } from '../people/inert.ts';
import { readers } from './query-command.ts';
import { completenessUsage } from './usage.ts';

export const completenessLines = ({ completeUntil, runs, faulty, streams, noticed = [] }: CompletenessView): string[] => [
  completeUntil === null ? 'nobody has said yet up to when the record is complete' : `everything appended before ${new Date(completeUntil).toISOString()} is on the record`,
  `${runs.all} runs: ${runs.closed} closed by their runtime, ${runs.open} still going on`,
  ...faulty.map(({ run, agent, faults, messages, recorded, attested }) => `run ${id(run)}  ${agent === null ? '' : id(agent)}  ${faults.join(', ')}: ${messages} messages, ${recorded} recorded, ${attested} signed for`),
  ...streams.map(({ topic, stream, last, missing }) => `${id(topic)}  ${id(stream)}  ${missing} of ${last} events never came`),
  ...noticed.map(({ index, at, kind, what }) => `entry ${index}  ${new Date(at).toISOString()}  ${kind}: ${inertLine(what)}`),
];

/** Unclosed runs are for people to look at; only what is missing fails. */
export const completeness = personCommand(completenessUsage, {}, async (session) => {
  if (session.positionals.length > 0) throw new CannotRun(`Usage: ${completenessUsage}`);
  const view = await session.as(readers).client.request<CompletenessView>('audit', 'GET', '/completeness');
  session.show(view, completenessLines(view));
  if (view.streams.length > 0 || view.noticed?.some(({ kind }) => kind === 'gap') || view.faulty.some(({ faults }) => faults.includes('short'))) session.failed();
});
