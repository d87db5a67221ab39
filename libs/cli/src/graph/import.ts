import type { GraphList, PutGraphRequest } from '@countersign/contracts';
import { CannotRun } from '../errors.ts';
import { progress } from '../output.ts';
import { Refused } from '../people/client.ts';
import type { Session } from '../people/command.ts';
import { inertLine } from '../people/inert.ts';
import { readCatalogue } from './catalog.ts';
import { change } from './change.ts';
import { catalogueFiles } from './files.ts';

const mostNodes = 20_000, shown = 50;

const bound = (text: string | boolean | undefined): number => {
  if (text === undefined) return mostNodes;
  if (typeof text !== 'string' || !/^\d{1,5}$/.test(text) || Number(text) < 1 || Number(text) > mostNodes) throw new CannotRun(`--max is a whole number from 1 to ${mostNodes}.`);
  return Number(text);
};

/** `countersign graph import`: reads, checks and says everything that is wrong before anything is sent; then one request, all or nothing. */
export const importGraph = async (session: Session, named: string): Promise<void> => {
  const { values } = session;
  const partial = values['partial'] === true, prune = values['prune'] === true;
  if (partial && prune) throw new CannotRun('--partial and --prune do not go together: what could not be read would be let go of.');
  const most = bound(values['max']);
  const files = await catalogueFiles(named);
  // What is pruned is no longer there for anything to depend on; of an unknown node nobody knows more than its name.
  const { nodes: there } = prune ? { nodes: [] } : await session.as(['operator', 'supervisor']).client.request<GraphList>('registry', 'GET', '/graph');
  const known = new Set(there.filter(({ kind }) => kind !== 'unknown').map(({ node }) => node));
  const { nodes, problems, notes, entities } = await readCatalogue(files, { known, allowDangling: partial || values['allow-dangling'] === true });
  const about = { files: files.length, entities, problems, notes };
  for (const note of notes) progress(inertLine(note));
  for (const { file, line, code, message } of problems.slice(0, shown)) progress(inertLine(`${file}:${line}: ${code}: ${message}`));
  if (problems.length > shown) progress(`… and ${problems.length - shown} more`);
  const refuse = (code: string, detail: string, status: number): never => {
    if (values['json'] === true) session.show({ ...about, change: null }, []);
    throw new Refused(code, detail, status, false);
  };
  if (problems[0]?.code === 'graph_too_large') refuse('graph_too_large', `${problems[0].message}; nothing was imported`, 413);
  if (nodes.length > most) refuse('graph_too_large', `${nodes.length} nodes, at most ${most} are taken; nothing was imported`, 413);
  if (problems.length > 0 && !partial) refuse(problems[0]!.code, `${problems.length} problem${problems.length === 1 ? '' : 's'} in ${files.length} file${files.length === 1 ? '' : 's'}; nothing was imported`, 422);
  if (nodes.length === 0) refuse('catalog_invalid', 'nothing in it is part of the system graph; nothing was imported', 422);
  const request: PutGraphRequest = { nodes: [...nodes], ...(prune && { prune }) };
  await change(session, '/graph', request, about);
  if (problems.length > 0) throw new Refused('catalog_invalid', `${problems.length} were left out, the rest is imported`, 422, false);
};
