import { writeFile } from 'node:fs/promises';
import type { GraphList, GraphNode, GraphNodeView } from '@countersign/contracts';
import { neighbourhoodPicture } from '@countersign/registry/views/neighbourhood-picture';
import { CannotRun } from '../errors.ts';
import type { Session } from '../people/command.ts';
import { id, inert } from '../people/inert.ts';

const ref = (text: string): string => (/^[\w.:/-]{1,200}$/.test(text) ? text : inert(text, 200));
const line = (node: GraphNode): string => `${ref(node.node).padEnd(40)} ${id(node.kind).padEnd(12)} ${node.marks.map(id).join(' ').padEnd(28)} needs ${node.dependsOn.map(ref).join(', ') || 'nothing'}  ${inert(node.paths.join(' '), 80)}`;

export const listGraph = async (session: Session): Promise<void> => {
  const found = await session.as(['operator', 'supervisor']).client.request<GraphList>('registry', 'GET', '/graph');
  session.show(found, found.nodes.map(line));
};

const number = (session: Session, name: string, fallback: number, most: number): number => {
  const text = session.values[name];
  if (text === undefined) return fallback;
  if (typeof text !== 'string' || !/^\d{1,4}$/.test(text) || Number(text) < 1 || Number(text) > most) throw new CannotRun(`--${name} is a whole number from 1 to ${most}.`);
  return Number(text);
};
const around = (session: Session, node: string, depth: number, most: number): Promise<GraphNodeView> =>
  session.as(['operator', 'supervisor']).client.request<GraphNodeView>('registry', 'GET', `/graph/${encodeURIComponent(node)}?depth=${depth}&most=${most}`);

const neighbours = (title: string, list: GraphNodeView['dependants'], more: number): string[] => [
  `${title}: ${list.length === 0 ? 'nothing' : list.length + more}`,
  ...list.map((one) => `  ${' '.repeat(2 * (one.depth - 1))}${ref(one.node)}  ${id(one.kind)}  ${one.marks.map(id).join(' ')}${one.owner === null ? '' : `  owned by ${ref(one.owner)}`}`), ...(more > 0 ? [`  and ${more} more`] : []),
];

export const showNode = async (session: Session, node: string): Promise<void> => {
  const view = await around(session, node, number(session, 'depth', 1, 50), 200);
  session.show(view, [
    line(view.node), `owner ${view.node.owner === null ? 'nobody' : ref(view.node.owner)}`,
    `blast radius: ${view.radius.count} nodes depend on it, weight ${view.radius.weight}; marks reached: ${view.marks.map(id).join(' ') || 'none'}; owners reached: ${view.owners.map(ref).join(', ') || 'none'}`,
    ...neighbours('depends on it', view.dependants, view.more.dependants), ...neighbours('it depends on', view.dependencies, view.more.dependencies),
  ]);
};

export const drawNode = async (session: Session, node: string): Promise<void> => {
  const out = session.needed('out');
  const view = await around(session, node, number(session, 'depth', 2, 50), number(session, 'most', 24, 100));
  await writeFile(out, await neighbourhoodPicture(view));
  session.show({ node, out, shown: view.dependants.length + view.dependencies.length + 1, more: view.more }, [`Drawn in ${out}.`]);
};
