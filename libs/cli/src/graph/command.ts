import { readFile } from 'node:fs/promises';
import type { GraphList, GraphNode, PutGraphRequest } from '@countersign/contracts';
import { validatePutGraphRequest } from '@countersign/contracts';
import { CannotRun } from '../errors.ts';
import { personCommand } from '../people/command.ts';
import { id, inert } from '../people/inert.ts';
import { nodesIn } from './catalog.ts';

const line = (node: GraphNode): string => `${id(node.node).padEnd(32)} ${id(node.kind).padEnd(12)} ${node.marks.map(id).join(' ').padEnd(28)} needs ${node.dependsOn.map(id).join(', ') || 'nothing'}  ${inert(node.paths.join(' '), 80)}`;

export const graph = personCommand('countersign graph [--json] | graph import FILE [--prune] [--as PERSON] [--json]', { prune: { type: 'boolean' } }, async (session) => {
  const [what, file, ...more] = session.positionals;
  if (what === undefined) {
    const found = await session.as(['operator', 'supervisor']).client.request<GraphList>('registry', 'GET', '/graph');
    session.show(found, found.nodes.map(line));
    return;
  }
  if (what !== 'import' || file === undefined || more.length > 0) throw new CannotRun('Say what to import: countersign graph import FILE.');
  const text = await readFile(file, 'utf8').catch((error: Error) => { throw new CannotRun(error.message); });
  const request: PutGraphRequest = { nodes: nodesIn(text, file), prune: session.values['prune'] === true };
  if (!validatePutGraphRequest(request)) throw new CannotRun(`${file}: ${validatePutGraphRequest.errors?.[0]?.instancePath ?? ''} ${validatePutGraphRequest.errors?.[0]?.message ?? 'does not fit'}`);
  const found = await session.as(['operator']).client.request<GraphList>('registry', 'POST', '/graph', request);
  session.show(found, [`${request.nodes.length} nodes imported, ${found.nodes.length} in the graph`, ...found.nodes.map(line)]);
});
