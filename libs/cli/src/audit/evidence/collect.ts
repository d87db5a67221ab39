import type { LogQueryResponse, OpenedEntries } from '@countersign/contracts';
import { coveringOf, withholding } from '@countersign/audit/core/withheld';
import { encodings } from '@countersign/identity';
import { formatProof, hashesAtLevel, hashesPerTile, inclusionProof, parseCheckpoint, tilePath } from '@countersign/tamper-log';
import type { Checkpoint, ReadTile } from '@countersign/tamper-log';
import { CannotRun } from '../../errors.ts';
import type { Client } from '../../people/client.ts';
import type { ReadLog } from '../verify.ts';
import { jsonIn, leafIn } from './proven.ts';
import type { TakenEntry } from './proven.ts';
import { votersIn } from './votes.ts';

/** Most entries of one export: more is what the export of the whole log is for. */
export const mostEntries = 20_000;

export interface Collected { readonly note: string; readonly checkpoint: Checkpoint; readonly entries: readonly TakenEntry[]; /** The index had the entries below this one when it was asked. */ readonly indexed: number; /** The log's own witness policy, as it is served; empty: none. */ readonly witnesses: string }

type Ask = (query: URLSearchParams) => Promise<LogQueryResponse>;

const ofQuestion = (client: Client): Ask => (query) => client.request<LogQueryResponse>('audit', 'GET', `/query?${query.toString()}`);

/** Indices of everything that fits a question. */
const indicesOf = async (ask: Ask, question: URLSearchParams, most: number): Promise<{ readonly found: number[]; readonly runOf: ReadonlyMap<number, string | null>; readonly indexed: number }> => {
  const found: number[] = [];
  const runOf = new Map<number, string | null>();
  const query = new URLSearchParams(question);
  query.set('limit', '1000');
  for (let indexed = Number.MAX_SAFE_INTEGER;;) {
    const page = await ask(query);
    indexed = Math.min(indexed, page.indexed);
    for (const { index, run } of page.entries) { found.push(index); runOf.set(index, run); }
    if (found.length > most) throw new CannotRun(`More than ${most} entries fit. Ask for less, or take the whole log home: countersign audit export DIR`);
    if (page.next === null) return { found, runOf, indexed };
    query.set('after', String(page.next));
  }
};

/** Payloads and exact bytes, as far as the caller may see them. */
const openedOf = async (client: Client, indices: readonly number[]): Promise<OpenedEntries['entries'][number][]> => {
  const all: OpenedEntries['entries'][number][] = [];
  for (let left = indices; left.length > 0;) {
    const asked = left.slice(0, 100);
    const { entries } = await client.request<OpenedEntries>('audit', 'GET', `/opened?indices=${asked.join(',')}`);
    all.push(...entries);
    // Of large ones it answers as many as it can open at once; what is not published is not among them.
    const last = entries.at(-1)?.index;
    left = left.slice(last === undefined ? asked.length : asked.indexOf(last) + 1);
  }
  return all;
};

/** Which entries explain others: the agents and tools that decisions rested on, as they were, and what happened to the rules. */
const contextOf = async (ask: Ask, opened: OpenedEntries['entries']): Promise<number[]> => {
  const agents = new Map<string, Set<number>>(), tools = new Map<string, Set<number>>();
  for (const one of opened) {
    const leaf = leafIn(Buffer.from(one.leaf, 'base64'));
    if (leaf?.rested === null || leaf?.rested === undefined) continue;
    if (leaf.agent !== null) agents.set(leaf.agent, (agents.get(leaf.agent) ?? new Set()).add(leaf.rested.agent));
    if (leaf.tool !== null) tools.set(leaf.tool, (tools.get(leaf.tool) ?? new Set()).add(leaf.rested.tool));
  }
  if (agents.size === 0) return [];
  const questions = [
    ...[...agents.keys()].map((agent) => ({ type: 'countersign.registry.agent.v1', agent })),
    ...[...tools.keys()].map((tool) => ({ type: 'countersign.registry.tool.v1', tool })), { type: 'countersign.policy.event.v1' },
  ];
  const found: number[] = [];
  for (const question of questions) found.push(...(await indicesOf(ask, new URLSearchParams(question), mostEntries)).found);
  return found;
};

/** Entries of the registry with the keys of who voted: what their signatures are held against. */
const keysOf = async (ask: Ask, opened: OpenedEntries['entries']): Promise<number[]> => {
  const found: number[] = [];
  const voters = new Set(opened.flatMap(({ payload }) => votersIn(payload === null ? undefined : jsonIn(Buffer.from(payload, 'base64')))));
  for (const person of voters) found.push(...(await indicesOf(ask, new URLSearchParams({ type: 'countersign.registry.event.v1', person }), mostEntries)).found);
  return found;
};

/** What explains that words of entries are gone: the erasures and expiries that cover them, and what links a person or a stream to the run that was erased. */
const erasuresOf = async (client: Client, ask: Ask, opened: OpenedEntries['entries'], runOf: ReadonlyMap<number, string | null>): Promise<number[]> => {
  const placed = (entries: OpenedEntries['entries']) => entries.flatMap(({ index, leaf: bytes }) => {
    const leaf = leafIn(Buffer.from(bytes, 'base64'));
    return leaf === undefined ? [] : [{ index, leaf }];
  });
  const gone = placed(opened.filter(({ payload }) => payload === null));
  if (gone.length === 0) return [];
  const runs = new Set(gone.flatMap(({ index, leaf }) => leaf.run ?? runOf.get(index) ?? []));
  const [links, statements]: [number[], number[]] = [[], []];
  for (const type of withholding) statements.push(...(await indicesOf(ask, new URLSearchParams({ type }), mostEntries)).found);
  for (const run of runs) for (const type of ['countersign.governed.run.started.v1', 'countersign.approvals.event.v1']) links.push(...(await indicesOf(ask, new URLSearchParams({ run, type }), mostEntries)).found);
  const covering = coveringOf(placed(await openedOf(client, [...new Set([...links, ...statements])])));
  const covers = gone.flatMap((entry) => covering(entry) ?? []);
  return covers.length === 0 ? [] : [...links, ...covers];
};

/** Takes entries home under one checkpoint: what fits the question, what explains it, what is asked for beside, payloads, and a proof for each, worked out here from the log's public tiles. */
export const collect = async (client: Client, read: ReadLog, question: URLSearchParams, beside: readonly URLSearchParams[], onProgress: (line: string) => void): Promise<Collected> => {
  const ask = ofQuestion(client);
  const { found, runOf, indexed } = await indicesOf(ask, question, mostEntries);
  const asked = await openedOf(client, found);
  const more = (await contextOf(ask, asked)).filter((index) => !found.includes(index));
  more.push(...(await keysOf(ask, asked)).filter((index) => !found.includes(index)));
  for (const other of beside) more.push(...(await indicesOf(ask, other, mostEntries)).found.filter((index) => !found.includes(index)));
  const known = [...asked, ...await openedOf(client, [...new Set(more)])];
  const here = new Set(known.map(({ index }) => index));
  const explaining = (await erasuresOf(client, ask, known, runOf)).filter((index) => !here.has(index));
  const opened = [...known, ...await openedOf(client, [...new Set(explaining)])].sort((a, b) => a.index - b.index);
  const note = Buffer.from(await read('checkpoint')).toString();
  const checkpoint = parseCheckpoint(encodings, note)?.checkpoint;
  if (checkpoint === undefined) throw new CannotRun('the service answered with a malformed checkpoint');
  const tile = tilesAt(read, checkpoint.size);
  const entries: TakenEntry[] = [];
  for (const { index, leaf, salt, payload } of opened) {
    onProgress(`proved ${entries.length} of ${opened.length} entries`);
    const path = await inclusionProof(encodings.sha256, tile, index, checkpoint.size);
    entries.push({
      index, leaf: Buffer.from(leaf, 'base64'), proof: formatProof(encodings, index, path, note),
      ...(salt !== null && payload !== null && { opened: { salt: Buffer.from(salt, 'base64'), payload: Buffer.from(payload, 'base64') } }),
    });
  }
  const witnesses = await read('witness-policy').then((bytes) => Buffer.from(bytes).toString(), () => '');
  return { note, checkpoint, entries, indexed, witnesses };
};

/** Tiles of the tree of that size, each fetched once. */
const tilesAt = (read: ReadLog, size: number): ReadTile => {
  const known = new Map<string, Promise<Uint8Array>>();
  return (level, n) => {
    const path = tilePath({ level, n, width: Math.min(hashesPerTile, hashesAtLevel(level, size) - n * hashesPerTile) });
    let tile = known.get(path);
    if (tile === undefined) known.set(path, tile = read(path));
    return tile;
  };
};

/** Versions of rules that decisions of these entries name. */
export const policiesOf = (entries: readonly TakenEntry[]): readonly string[] => [...new Set(entries.flatMap(({ leaf }) => {
  const decision = leafIn(leaf)?.decision;
  return decision === null || decision === undefined || decision.policy === '' ? [] : [decision.policy];
}))];

/** Bodies by index, opened where they can be. */
export const bodyOf = (entry: TakenEntry): unknown => jsonIn(entry.opened?.payload);
