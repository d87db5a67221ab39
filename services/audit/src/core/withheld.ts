import type { Leaf } from './entry.ts';
import { isOver, monthOf } from './retention.ts';
import { statementSource } from './statement.ts';

interface Placed { readonly index: number; readonly leaf: Leaf }

/** Types of the statements by which the record says that words went. */
export const withholding = ['countersign.audit.erased.v1', 'countersign.audit.expired.v1'] as const;

/**
 * Which statement on the record covers that the words of an entry are gone: an erasure of its run, of the person who instructed that run, of the stream that
 * was about it, or the expiry of its month. Goes by leaves alone, so that whoever has them can say it again; what no statement after it covers was taken away.
 * @param known entries among which the statements stand, and what links a person or a stream to a run
 * @returns the index of the statement
 */
export const coveringOf = (known: readonly Placed[]): ((gone: Placed) => number | undefined) => {
  const runsOf = new Map<string, Set<string>>();
  const link = (name: string, run: string): void => { runsOf.set(name, (runsOf.get(name) ?? new Set()).add(run)); };
  const statements = known.filter(({ leaf }) => leaf.source.topic === statementSource && (withholding as readonly string[]).includes(leaf.type));
  for (const { leaf: { run, stream, oversight } } of known) {
    if (run === null) continue;
    if (stream !== null) link(`stream:${stream}`, run);
    for (const { event, who } of oversight) if (event === 'instructed') link(`person:${who}`, run);
  }
  const covers = (states: Readonly<Record<string, unknown>>, at: number, { index, leaf }: Placed): boolean => {
    // Nothing expires before its time, whoever says so.
    if (typeof states['slot'] === 'string') return states['slot'] === `${leaf.retention}_${monthOf(leaf.at)}` && isOver({ retention: leaf.retention, month: monthOf(leaf.at) }, at) && Number(states['first']) <= index && index <= Number(states['last']);
    const what = String(states['what']);
    const runs = leaf.run !== null ? new Set([leaf.run]) : runsOf.get(`stream:${leaf.stream}`) ?? new Set();
    if (states['scope'] === 'run') return runs.has(what);
    return states['scope'] === 'person' && (leaf.stream === `person:${what}` || [...runsOf.get(`person:${what}`) ?? []].some((run) => runs.has(run)));
  };
  return (gone) => statements.find(({ index, leaf }) => index > gone.index && covers(leaf.states ?? {}, leaf.at, gone))?.index;
};
