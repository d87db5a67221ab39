import { CannotRun } from '../errors.ts';
import { createTicker, progress } from '../output.ts';
import { personCommand } from '../people/command.ts';
import { inert } from '../people/inert.ts';
import { collect, policiesOf } from './evidence/collect.ts';
import { filesOf, holesOf, surroundings } from './evidence/export.ts';
import { writeFolder } from './evidence/folder.ts';
import { asked, conditions, readers } from './query-command.ts';
import { exportUsage } from './usage.ts';
import { fromUrl } from './verify.ts';

/** Halts of the same time: that people can stop it is part of their oversight. */
const haltsIn = (question: URLSearchParams): URLSearchParams => new URLSearchParams([['type', 'countersign.supervision.halt.v1'] as [string, string], ...['from', 'to'].flatMap((name) => { const at = question.get(name); return at === null ? [] : [[name, at] as [string, string]]; })]);

/** `countersign audit export … --out DIR`: what fits a question, with everything an auditor needs to check it at home. */
export const exportEvidence = personCommand(exportUsage, { ...conditions, out: { type: 'string' }, pack: { type: 'string' } }, async (session) => {
  const { after, limit, run, pack } = session.values;
  if (pack !== undefined && pack !== 'oversight') throw new CannotRun('There is one pack: --pack oversight.');
  if (session.positionals.length > 0 || after !== undefined || limit !== undefined) throw new CannotRun(`Usage: ${exportUsage}`);
  const dir = session.needed('out');
  const question = asked(session.values, Date.now());
  if (question.size === 0) throw new CannotRun('Say what to export: a run, a time, an agent, … The whole log: countersign audit export DIR');
  const { person, client } = session.as(readers);
  const read = fromUrl(session.local.http.audit);
  const tick = createTicker(Date.now);
  const collected = await collect(client, read, question, pack === undefined ? [] : [haltsIn(question)], tick);
  if (collected.entries.length === 0) throw new CannotRun(`Nothing on the record fits (the index has ${collected.indexed} entries).`);
  const around = await surroundings(client, policiesOf(collected.entries));
  const key = Buffer.from(await read('verifier-key')).toString().trim();
  const words = [...question].map(([name, value]) => `--${name} ${value}`).join(' ');
  const files = filesOf(collected, key, around, { by: person, made: new Date().toISOString(), question: words, run: typeof run === 'string' ? run : undefined, pack });
  await writeFolder(dir, files);
  progress('');
  const closed = collected.entries.filter(({ opened }) => opened === undefined).length;
  const holes = typeof run === 'string' ? holesOf(collected.entries, run) : [];
  session.show({ out: dir, entries: collected.entries.length, opened: collected.entries.length - closed, checkpointSize: collected.checkpoint.size, missing: [...around.missing, ...holes] }, [
    `${collected.entries.length} entries under a checkpoint of ${collected.checkpoint.size} are in ${inert(dir)}${closed > 0 ? `; ${closed} of them cannot be opened any more` : ''}`,
    ...[...around.missing, ...holes].map((what) => `missing: ${inert(what)}`),
    `verify with: countersign audit verify ${dir} --offline --key KEY`,
  ]);
});
