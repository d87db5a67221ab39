/** A node of the system graph as far as reach goes: `neededBy` says from this side what `dependsOn` says from the other. */
export interface Linked { readonly node: string; readonly dependsOn: readonly string[]; readonly neededBy?: readonly string[]; readonly marks: readonly string[] }
/** What depends on a node, directly or through others, itself left out: how many nodes, and what they weigh. */
export interface Radius { readonly count: number; readonly weight: number }

const markWeights: ReadonlyMap<string, number> = new Map([['critical_path', 10], ['regulated_data', 8], ['revenue_path', 6]]);
/** What a node adds to the blast radius of what it depends on: 1, and more for each mark (critical_path 10, regulated_data 8, revenue_path 6, any other 1). */
export const weightOf = (marks: readonly string[]): number => marks.reduce((sum, mark) => sum + (markWeights.get(mark) ?? 1), 1);

/** Who depends directly on whom, by what is depended on; each edge once, wherever it was said. */
export const dependantsOf = (nodes: Iterable<Linked>): ReadonlyMap<string, ReadonlySet<string>> => {
  const found = new Map<string, Set<string>>();
  const add = (needed: string, by: string): void => {
    const known = found.get(needed);
    if (known === undefined) found.set(needed, new Set([by]));
    else known.add(by);
  };
  for (const { node, dependsOn, neededBy } of nodes) {
    for (const needed of dependsOn) add(needed, node);
    for (const by of neededBy ?? []) add(node, by);
  }
  return found;
};

/** Everything that can be reached from some nodes over edges, themselves left out. Cycles end it like anything else. */
export const reach = (edges: (node: string) => Iterable<string>, from: Iterable<string>, known: (node: string) => boolean): Set<string> => {
  const start = new Set(from);
  const found = new Set<string>();
  const open = [...start];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const next of edges(at)) {
      if (found.has(next) || start.has(next) || !known(next)) continue;
      found.add(next);
      open.push(next);
    }
  }
  return found;
};

/** Nodes that depend on each other in a circle, circle by circle: numbers of components, the ones that others depend on last. Tarjan's, without recursion. */
const components = (edges: readonly (readonly number[])[]): { readonly of: Int32Array; readonly members: readonly (readonly number[])[] } => {
  const of = new Int32Array(edges.length).fill(-1), low = new Int32Array(edges.length), seen = new Int32Array(edges.length).fill(-1), next = new Int32Array(edges.length);
  const members: number[][] = [], held: number[] = [];
  let clock = 0;
  for (let root = 0; root < edges.length; root++) {
    if (seen[root] !== -1) continue;
    const path = [root];
    while (path.length > 0) {
      const at = path.at(-1)!;
      if (seen[at] === -1) { seen[at] = low[at] = clock++; held.push(at); }
      const to = edges[at]![next[at]!];
      if (to !== undefined) {
        next[at]!++;
        if (seen[to] === -1) path.push(to);
        else if (of[to] === -1) low[at] = Math.min(low[at]!, seen[to]!);
        continue;
      }
      path.pop();
      const above = path.at(-1);
      if (above !== undefined) low[above] = Math.min(low[above]!, low[at]!);
      if (low[at] !== seen[at]) continue;
      const circle: number[] = [];
      for (let one = -1; one !== at;) { one = held.pop()!; of[one] = members.length; circle.push(one); }
      members.push(circle);
    }
  }
  return { of, members };
};

/** How many bits of 32 are set. */
const bits = (word: number): number => {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
};

/** Nodes that are looked at together: one bit each, so that memory stays small whatever the graph. */
const columns = 1_024, words = columns / 32;

/** Edges by number, each from a node to what depends on it directly. */
const numbered = (nodes: readonly Linked[]): readonly (readonly number[])[] => {
  const index = new Map(nodes.map(({ node }, i) => [node, i]));
  const direct = dependantsOf(nodes);
  return nodes.map(({ node }) => [...direct.get(node) ?? []].flatMap((one) => index.get(one) ?? []));
};

/** Nodes that depend on each other in a circle, sorted; one that depends on itself is one too. */
export const circles = (nodes: readonly Linked[]): readonly (readonly string[])[] => {
  const edges = numbered(nodes);
  return components(edges).members.filter((circle) => circle.length > 1 || edges[circle[0]!]!.includes(circle[0]!)).map((circle) => circle.map((at) => nodes[at]!.node).sort()).sort((a, b) => (a[0]! < b[0]! ? -1 : 1));
};

/**
 * The blast radius of every node at once. Exact, cycles included: circles become one component, and components are gone through from
 * those nobody depends on, each taking over what depends on its dependants. 10,000 nodes take a fraction of a second.
 */
export const blastRadii = (nodes: readonly Linked[]): ReadonlyMap<string, Radius> => {
  const edges = numbered(nodes);
  const { of, members } = components(edges);
  const onward = members.map((circle, own) => [...new Set(circle.flatMap((at) => edges[at]!.map((to) => of[to]!)))].filter((to) => to !== own));
  const weights = Float64Array.from(nodes, ({ marks }) => weightOf(marks));
  // Numbered by component, so that dependants lie together and most blocks of most rows are empty.
  const order = members.flat();
  const count = new Float64Array(members.length), weight = new Float64Array(members.length);
  const rows = new Int32Array(members.length * words);
  for (let from = 0; from < order.length; from += columns) {
    rows.fill(0);
    const block = order.slice(from, from + columns);
    // Few weights are different, so that nodes are counted by weight and not looked at one by one.
    const masks = new Map<number, Int32Array>();
    block.forEach((at, bit) => {
      rows[of[at]! * words + (bit >> 5)]! |= 1 << (bit & 31);
      const mask = masks.get(weights[at]!) ?? new Int32Array(words);
      masks.set(weights[at]!, mask);
      mask[bit >> 5]! |= 1 << (bit & 31);
    });
    const classes = [...masks].map(([each, mask]) => ({ each, mask }));
    for (let component = 0; component < members.length; component++) {
      const own = component * words;
      for (const to of onward[component]!) for (let word = 0; word < words; word++) rows[own + word]! |= rows[to * words + word]!;
      for (const { each, mask } of classes) {
        let sum = 0;
        for (let word = 0; word < words; word++) sum += bits(rows[own + word]! & mask[word]!);
        count[component]! += sum;
        weight[component]! += sum * each;
      }
    }
  }
  return new Map(nodes.map(({ node }, i) => [node, { count: count[of[i]!]! - 1, weight: weight[of[i]!]! - weights[i]! }]));
};
