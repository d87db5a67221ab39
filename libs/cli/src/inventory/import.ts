import { writeFile } from 'node:fs/promises';
import type { ImportAgentsResponse } from '@countersign/contracts';
import { CannotRun } from '../errors.ts';
import { progress } from '../output.ts';
import type { Session } from '../people/command.ts';
import { id, inert } from '../people/inert.ts';
import { csvLine } from './csv-table.ts';
import { readExport } from './files.ts';
import { flagsOf } from './flags.ts';
import type { Fault, Found } from './found.ts';

/** Each draft is a transaction of its own: few enough that a busy registry answers in time. */
const atOnce = 25;
type Result = ImportAgentsResponse['results'][number];

/** A row that the registry refused, as a fault like those of the file. */
const refusedAs = ({ detail, code }: Result, { place }: Found): Fault => {
  const line = /^line (\d+)$/.exec(place)?.[1];
  const [why, remedy] = (detail ?? 'refused').split(/: (?!.*: )/);
  return { line: line === undefined ? null : Number(line), column: line === undefined ? place : null, why: `${why} (${code})`, remedy: remedy ?? 'See the code in contracts/errors.yaml.' };
};

const shown = ({ line, column, why, remedy }: Fault): string => `  ${line === null ? '' : `line ${line}, `}${column === null ? '' : `${inert(column, 60)}: `}${inert(why, 300).slice(1, -1)}. ${remedy}`;

/** `countersign inventory import`: drafts for what is fine, a line for each row that is not; exit 1 where there is one. */
export const importFile = async (session: Session, file: string): Promise<number> => {
  const text = (name: string): string | undefined => (typeof session.values[name] === 'string' ? session.values[name] : undefined);
  const { found, faults, notes } = await readExport(file, text('from'), text('map'));
  for (const note of notes) progress(note);
  const dryRun = session.values['dry-run'] === true;
  const { client } = session.as(['operator']);
  const results: Result[] = [];
  const refused: Fault[] = [];
  for (let start = 0; start < found.length; start += atOnce) {
    const batch = found.slice(start, start + atOnce);
    const answer = await client.request<ImportAgentsResponse>('registry', 'POST', '/inventory', { source: batch[0]!.source, agents: batch.map(({ row }) => row), ...(dryRun && { dryRun }) })
      .catch((error: unknown) => { progress(`Stopped at ${batch[0]!.place}: of what stands before it ${results.filter(({ status }) => status === 'imported').length} ${dryRun ? 'would be' : 'are'} drafts now. The same import again goes on from there.`); throw error; });
    answer.results.forEach((result, n) => { results.push(result); if (result.status === 'refused') refused.push(refusedAs(result, batch[n]!)); });
  }
  const broken = [...faults, ...refused].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  if (text('rejected') !== undefined) await writeFile(text('rejected')!, `${[csvLine(['line', 'column', 'why', 'remedy']), ...broken.map((fault) => csvLine([fault.line, fault.column, fault.why, fault.remedy]))].join('\r\n')}\r\n`).catch((error: Error) => { throw new CannotRun(error.message); });
  const count = (status: Result['status']): number => results.filter((one) => one.status === status).length;
  const ownerless = results.filter((one) => one.status !== 'refused' && one.ownerless).map(({ agent }) => agent);
  const report = flagsOf(found, { now: Date.now(), maxAgeDays: 90, unusedDays: 90 });
  const data = { dryRun, imported: count('imported'), unchanged: count('unchanged'), broken, ownerless, flagged: report.flagged, flags: report.counts };
  session.show(data, [
    `${dryRun ? 'Would import' : 'Imported'} ${data.imported} agents as drafts, ${data.unchanged} are here already, ${broken.length} rows are broken.`,
    ...broken.map(shown),
    ...(ownerless.length > 0 ? [`${ownerless.length} have no owner who is enrolled here: ${ownerless.slice(0, 10).map(id).join(', ')}${ownerless.length > 10 ? ', …' : ''}. Nobody activates them before they have one.`] : []),
    ...(report.flagged > 0 ? [`${report.flagged} sign in with something to mend: countersign inventory credentials ${file}`] : []),
    'Drafts do nothing. Next, for each: countersign agent complete AGENT --owner PERSON --permissions TOOL,… (its key, and what it is for), countersign agent review AGENT, countersign agent observe AGENT --reason TEXT (nothing is enforced at first), countersign agent activate AGENT --reason TEXT.',
  ]);
  return broken.length > 0 ? 1 : 0;
};
