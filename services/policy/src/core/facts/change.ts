import { weightOf } from '@countersign/kernel';
import { Failure, isList } from '../cel/value.ts';
import type { Result, Value } from '../cel/value.ts';
import type { Graph } from '../graph.ts';
import { pathsOfDiff } from './diff.ts';

/** Extractors of a tool that say what a call changes: paths of files, a unified diff, names of nodes. They are no facts themselves. */
export const changeSteering = ['changePaths', 'changeDiff', 'changeNodes'] as const;

/** What a call changes in the system graph. Nothing here depends on how many lines or files there are, or on who wrote them. */
export interface Change {
  /** Nodes that are changed, sorted. */
  readonly nodes: readonly string[];
  /** Of how many paths and names nobody knows what they belong to. */
  readonly unknown: number;
  readonly kinds: readonly string[];
  /** Marks of the changed nodes and of everything that depends on them. */
  readonly marks: readonly string[];
  /** How many nodes depend on the changed ones, directly or through others. */
  readonly blastRadius: number;
  /** What those weigh by their marks (kernel, reach.ts). */
  readonly blastWeight: number;
}

const most = 2_000;
const listed = 64;
const texts = (value: Value | undefined): string[] => (value === undefined || value === null ? [] : isList(value) ? value : [value]).map(String);

/** Undefined where the tool does not say what it changes. A Failure where it cannot be told: too much, or no graph to look in. */
export const changeOf = (own: Readonly<Record<string, Value>>, graph: Graph | null | undefined): Change | Failure | undefined => {
  if (!changeSteering.some((name) => own[name] !== undefined)) return undefined;
  if (graph === null || graph === undefined) return new Failure('the system graph is not known', false);
  const paths = texts(own['changePaths']), names = texts(own['changeNodes']);
  let unknown = 0;
  for (const diff of texts(own['changeDiff'])) {
    const found = pathsOfDiff(diff, most);
    paths.push(...found);
    // A text that is no diff changes something all the same.
    if (found.length === 0 && diff.trim() !== '') unknown++;
  }
  if (paths.length + names.length > most) return new Failure(`more than ${most} paths`, true);
  const nodes = new Set<string>();
  for (const path of paths) {
    const at = clean(path);
    const found = at === null ? [] : graph.nodesAt(at);
    if (found.length === 0) unknown++;
    for (const id of found) nodes.add(id);
  }
  for (const name of names) {
    if (graph.node(name) === undefined) unknown++;
    else nodes.add(name);
  }
  const reached = graph.dependants(nodes);
  const marks = new Set<string>();
  for (const id of [...nodes, ...reached]) for (const mark of graph.node(id)!.marks) marks.add(mark);
  return {
    nodes: [...nodes].sort(), unknown: nodes.size === 0 && unknown === 0 ? 1 : unknown,
    kinds: [...new Set([...nodes].map((id) => graph.node(id)!.kind))].sort(), marks: [...marks].sort(), blastRadius: reached.size, blastWeight: [...reached].reduce((sum, id) => sum + weightOf(graph.node(id)!.marks), 0),
  };
};

/** A path as the graph writes it; null for one that leads out of the repository or hides where it leads. */
const clean = (path: string): string | null => {
  const parts = path.replace(/^\.\//, '').split('/');
  return path.startsWith('/') || path.includes('\\') || parts.some((part) => part === '..' || part === '.' || part === '') ? null : parts.join('/');
};

const known = (change: Change | Failure | undefined, of: (change: Change) => Value): Result => (change === undefined ? null : change instanceof Failure ? change : of(change));
/** What nobody knows may reach everything: no rule may read a small number there. */
const whole = (change: Change | Failure | undefined, of: (change: Change) => Value): Result =>
  known(change, (one) => (one.unknown > 0 ? new Failure('it changes something that the system graph does not know', false) : of(one)) as Value);

/** Facts about a change by name; null where the tool does not say what it changes. */
export const changeFacts: Readonly<Record<string, (change: Change | Failure | undefined) => Result>> = {
  'change.nodes': (change) => known(change, ({ nodes }) => nodes.slice(0, listed)),
  'change.unknown': (change) => known(change, ({ unknown }) => unknown),
  'change.kinds': (change) => known(change, ({ kinds }) => kinds),
  'change.marks': (change) => whole(change, ({ marks }) => marks),
  'change.blastRadius': (change) => whole(change, ({ blastRadius }) => blastRadius),
  'change.blastWeight': (change) => whole(change, ({ blastWeight }) => blastWeight),
};
