import type { GraphNodeView } from '@countersign/contracts';
import { markup as html, rendered } from '@countersign/kernel';
import type { Markup as Html } from '@countersign/kernel';

interface Drawn { readonly id: string; readonly title: string; readonly kind: string; readonly owner: string | null; readonly marks: readonly string[]; readonly weight: number; readonly role: 'self' | 'above' | 'below' | 'both' }
interface Place { readonly x: number; readonly y: number }
type Layout = { readonly width: number; readonly height: number; readonly places: ReadonlyMap<string, Place>; readonly lines: readonly (readonly Place[])[] };

const width = 210, plain = 58, marked = 76, legend = 84, longest = 27;
const colours: Readonly<Record<string, string>> = { critical_path: '#c62828', revenue_path: '#2e7d32', regulated_data: '#6a1b9a', unknown: '#616161' };
const heightOf = ({ marks }: Drawn): number => (marks.length > 0 ? marked : plain);
const short = (text: string, most = longest): string => ([...text].length > most ? `${[...text].slice(0, most - 1).join('')}…` : text);
const round = (value: number): string => String(Math.round(value * 10) / 10);

/** Layered, dependants left of what they depend on; cycles are turned where that crosses least (dagre). */
const layoutOf = async (nodes: readonly Drawn[], edges: GraphNodeView['edges']): Promise<Layout> => {
  const { graphlib, layout } = (await import('@dagrejs/dagre')).default;
  const graph = new graphlib.Graph().setGraph({ rankdir: 'LR', nodesep: 16, ranksep: 84, marginx: 24, marginy: 24 }).setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) graph.setNode(node.id, { width, height: heightOf(node) });
  for (const { from, to } of edges) graph.setEdge(from, to);
  layout(graph);
  const about = graph.graph();
  return {
    width: Math.ceil(about.width ?? 0), height: Math.ceil(about.height ?? 0),
    places: new Map(nodes.map(({ id }) => { const { x, y } = graph.node(id) as Place; return [id, { x, y }]; })),
    lines: graph.edges().map((edge: Parameters<typeof graph.edge>[0]) => (graph.edge(edge) as unknown as { points: Place[] }).points),
  };
};

const markBadges = (marks: readonly string[], left: number, top: number): Html[] => {
  let x = left;
  return marks.flatMap((mark, i) => {
    const text = short(mark.replaceAll('_', ' '), 15);
    const long = Math.ceil([...text].length * 5.4) + 10;
    const at = x;
    x += long + 4;
    if (x > left + width - 20) {
      const first = at <= left + width - 20;
      return first ? [html`<text class="soft" x="${round(at)}" y="${round(top + 11)}">+${marks.length - i}</text>`] : [];
    }
    return html`<rect x="${round(at)}" y="${round(top)}" width="${long}" height="15" rx="7.5" fill="${colours[mark] ?? '#1565c0'}"/><text class="badge" x="${round(at + long / 2)}" y="${round(top + 11)}">${text}</text>`;
  });
};

const box = (node: Drawn, { x, y }: Place): Html => {
  const height = heightOf(node), left = x - width / 2, top = y - height / 2;
  const accent = node.marks.map((mark) => colours[mark] ?? '#1565c0')[0];
  return html`<g><title>${node.id}${node.owner === null ? '' : `, owned by ${node.owner}`}${node.marks.length > 0 && `, ${node.marks.join(', ')}`}; weight of what depends on it: ${node.weight}</title>
<rect class="node ${node.role}" x="${round(left)}" y="${round(top)}" width="${width}" height="${height}" rx="8"/>${accent !== undefined && html`<rect x="${round(left)}" y="${round(top + 8)}" width="5" height="${height - 16}" fill="${accent}"/>`}
<text class="name" x="${round(left + 14)}" y="${round(top + 21)}">${short(node.title)}</text><text class="soft" x="${round(left + 14)}" y="${round(top + 37)}">${short(node.kind, 16)} · weight ${node.weight}</text><text class="soft" x="${round(left + 14)}" y="${round(top + 51)}">${short(node.owner ?? 'no owner', 32)}</text>${markBadges(node.marks, left + 12, top + 56)}</g>`;
};

const at = ({ x, y }: Place): string => `${round(x)} ${round(y)}`;
const middle = (a: Place, b: Place): Place => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
/** Rounded at the points between its ends. */
const line = (points: readonly Place[]): Html => {
  const bends = points.slice(1, -1).map((point, i) => `Q${at(point)} ${at(i === points.length - 3 ? points.at(-1)! : middle(point, points[i + 2]!))}`);
  return html`<path class="edge" marker-end="url(#tip)" d="M${at(points[0]!)}${bends.join('')}${bends.length === 0 && `L${at(points.at(-1)!)}`}"/>`;
};

/** The neighbourhood of a node as self-contained SVG, in the reader's light or dark scheme; every text in it is escaped. */
export const neighbourhoodPicture = async (view: GraphNodeView): Promise<string> => {
  const above = new Map(view.dependants.map((one) => [one.node, one])), below = new Map(view.dependencies.map((one) => [one.node, one]));
  const { node } = view;
  const drawn: Drawn[] = [
    { id: node.node, title: node.title, kind: node.kind, owner: node.owner, marks: node.marks, weight: view.radius.weight, role: 'self' },
    ...[...new Map([...below, ...above]).values()].map((one): Drawn => ({ id: one.node, title: one.title, kind: one.kind, owner: one.owner, marks: one.marks, weight: one.radius.weight, role: above.has(one.node) ? (below.has(one.node) ? 'both' : 'above') : 'below' })),
  ];
  const { width: wide, height: high, places, lines } = await layoutOf(drawn, view.edges.filter(({ from, to }) => from !== to));
  const more = [[view.more.dependants, 'depend on it'], [view.more.dependencies, 'it depends on']].flatMap(([count, what]) => ((count as number) > 0 ? [`and ${count} more ${what === 'depend on it' ? 'that depend on it' : 'that it depends on'}`] : []));
  const total = { width: Math.max(560, wide), height: high + legend };
  const shift = (total.width - wide) / 2;
  const said = `${node.node}: ${view.radius.count} nodes depend on it, weight ${view.radius.weight}`;
  return rendered(html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${total.width} ${total.height}" width="${total.width}" height="${total.height}" font-family="system-ui, sans-serif" role="img" aria-label="${said}">
<style>svg { background: #fff } text { fill: #1c2330; font-size: 11px } .name { font-size: 13px; font-weight: 600 } .title { font-size: 15px; font-weight: 700 } .soft { fill: #5b6675 } .badge { fill: #fff; font-size: 10px; text-anchor: middle } .node { stroke-width: 1.2; stroke: #9aa6b5; fill: #f5f7fa } .self { fill: #dbe7ff; stroke: #2f6fde; stroke-width: 2.5 } .above { fill: #fff4e5; stroke: #d98324 } .both { fill: #fde7f3; stroke: #b0337a } .edge { fill: none; stroke: #7b8794; stroke-width: 1.3 } .tip { fill: #7b8794 }
@media (prefers-color-scheme: dark) { svg { background: #14181f } text { fill: #e6eaf0 } .soft { fill: #9aa6b5 } .badge { fill: #fff } .node { fill: #1c222b; stroke: #6d7a8c } .self { fill: #1d3157; stroke: #6ea0ff } .above { fill: #3a2a14; stroke: #e0a050 } .both { fill: #3c1c30; stroke: #e07ab4 } }</style>
<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path class="tip" d="M0 0L10 5L0 10z"/></marker></defs>
<text class="title" x="24" y="28">${short(node.title, 48)}</text><text class="soft" x="24" y="46">${short(said, 96)}</text>
<text class="soft" x="24" y="62">arrows: depends on (left on right) · blue: asked for · orange: depends on it · grey: it depends on${view.edges.length > 0 && drawn.some(({ role }) => role === 'both') && ' · pink: both (a cycle)'}${more.length > 0 && ` · ${more.join(', ')}`}</text>
<g transform="translate(${round(shift)} ${legend - 14})">${lines.map(line)}${drawn.map((one) => box(one, places.get(one.id)!))}</g>
</svg>
`);
};
