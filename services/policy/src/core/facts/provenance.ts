import { soughtBy } from './addresses.ts';
import type { Sought } from './addresses.ts';
import { contains } from './contains.ts';
import type { RunContext, Source } from './context.ts';
import type { Trust } from './fields.ts';
import { linkOf } from './links.ts';
import { normalise, wordsOf } from './normalise.ts';

/**
 * `alias`: strangers gave it, but with a name that the instruction has: an address with it, the handle of a record that carries it.
 * `document`: strangers' text, in a page or file that the instruction names.
 * `claimed`: read in nothing but what an untrusted runtime says a tool returned. Its trust is `nowhere`, as if it had said nothing: a rule may take
 * `third_party` for better than that (a page that came up may be fetched), and `from` names the tool for people.
 */
export type Provenance = { readonly trust: 'instruction' | Trust | 'alias' | 'document' | 'nowhere'; readonly from: string | null; readonly claimed?: true };

const rank: Record<Provenance['trust'], number> = { instruction: 6, record: 5, directory: 4, alias: 3, document: 2, third_party: 1, nowhere: 0 };
const trustOf = (source: Source): Provenance['trust'] => (source.trust === 'third_party' && source.named ? 'document' : source.trust);

export const weaker = (a: Provenance, b: Provenance): Provenance => (rank[b.trust] < rank[a.trust] ? b : a);

/** Where a value was read: in the instruction, else in the most trusted result that has it, else nowhere. */
export const provenanceOf = (value: string, context: RunContext, tool = ''): Provenance => provenanceIn(context)(value, tool)!;

/** Most characters that are searched for the values of one proposal: some 120 values in the longest context. */
const mostSearched = 32 * 1024 * 1024;

/** The same for the values of one proposal: each is looked for once. Undefined where that would be too much work. */
export const provenanceIn = (context: RunContext): ((value: string, tool?: string) => Provenance | undefined) => {
  const known = new Map<string, Provenance>();
  const cost = context.instruction.length + context.sources.reduce((sum, { text, addresses }) => sum + text.length + addresses.length, 0);
  const isDescribed = describedIn(context);
  let searched = 0;
  return (value, tool = '') => {
    const key = `${tool}\n${value}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    if (searched > 0 && searched + cost > mostSearched) return undefined;
    searched += cost;
    const found = look(value, context, tool, isDescribed);
    known.set(key, found);
    return found;
  };
};

const look = (value: string, context: RunContext, tool: string, isDescribed: (text: string) => boolean): Provenance => {
  const sought = soughtBy(value);
  const text = sought.words;
  if (text === '  ') return { trust: 'nowhere', from: null };
  if (isIn(sought, context.instruction, context.addresses)) return { trust: 'instruction', from: null };
  const found = inResults(sought, context);
  if (sought.addresses.length === 0 && found !== undefined && isDescribed(text)) return { trust: 'instruction', from: found.tool };
  if (found !== undefined && isIn(sought, found.text, found.addresses) && namedAddress(value, context)) return { trust: rank[found.trust] >= rank.directory ? 'instruction' : 'alias', from: found.tool };
  const link = context.links.length === 0 || sought.addresses.length > 0 ? undefined : linkOf(text, tool, context.links);
  if (link !== undefined) return { trust: link.trust === 'third_party' ? 'alias' : 'instruction', from: link.tool };
  return found === undefined ? claimedOnly(sought, context) : { trust: trustOf(found), from: found.tool };
};

const isIn = ({ words, addresses, only }: Sought, text: string, line: string): boolean =>
  addresses.every((one) => contains(line, ` ${one} `)) && (only || contains(text, words));

/** Strangers' text has a value also where signs differ: that only makes it doubtful. Everywhere else addresses must be there whole. */
const inResults = (sought: Sought, context: RunContext): Source | undefined => {
  let best: Source | undefined;
  for (const source of context.sources) {
    if (source.claimed || (best !== undefined && rank[trustOf(source)] <= rank[trustOf(best)])) continue;
    if (isIn(sought, source.text, source.addresses) || (trustOf(source) === 'third_party' && contains(source.text, sought.words))) best = source;
  }
  return best;
};

const claimedOnly = (sought: Sought, { sources }: RunContext): Provenance => {
  const source = sources.find(({ claimed, text }) => claimed && contains(text, sought.words));
  return source === undefined ? { trust: 'nowhere', from: null } : { trust: 'nowhere', from: source.tool, claimed: true };
};

/** Whether an e-mail address carries a name that the instruction has: `sarah.baker@…` for "Sarah Baker" or "Sarah". */
const namedAddress = (value: string, context: RunContext): boolean => {
  const at = value.indexOf('@');
  if (at <= 0) return false;
  const names = wordsOf(normalise(value.slice(0, at))).filter((word) => word.length >= 3 && !/^\d+$/.test(word));
  return names.length > 0 && names.some((word) => context.instruction.includes(` ${word} `));
};

const startsWith = / (?:start(?:s|ing)?|begin(?:s|ning)?) with (\S{3,}) /g;

const mostStarts = 8;
const longestStart = 64;

/**
 * Whether the instruction describes the value by how it begins ("the channel starting with Ext") and nothing else that the run has
 * seen begins like that: a name that somebody plants beside the real one makes both doubtful.
 */
const describedIn = (context: RunContext): ((text: string) => boolean) => {
  let only: ReadonlyMap<string, string> | undefined;
  return (text) => {
    if (text.length > 300 || wordsOf(text).length > 2) return false;
    only ??= beginnings(context);
    for (const [start, name] of only) if (text.startsWith(` ${start}`) && text.trim() === name) return true;
    return false;
  };
};

/** For each beginning that the instruction gives the only thing that begins like that. */
const beginnings = (context: RunContext): ReadonlyMap<string, string> => {
  const only = new Map<string, string>();
  const starts = new Set<string>();
  for (const [, start] of context.instruction.matchAll(startsWith)) if (start!.length <= longestStart && starts.size < mostStarts) starts.add(start!);
  for (const start of starts) {
    const seen = new Set(context.sources.flatMap((source) => beginningWith(source.text, start)));
    if (seen.size === 1) only.set(start, [...seen][0]!);
  }
  return only;
};

/** What begins with `start` in a normalised text: the word, with the number after it. */
const beginningWith = (text: string, start: string): string[] => {
  const found: string[] = [];
  for (let at = text.indexOf(` ${start}`); at >= 0 && found.length < 100; at = text.indexOf(` ${start}`, at + 1)) {
    const [first, second] = text.slice(at + 1, at + 200).split(' ', 2);
    found.push(second !== undefined && /^\d+$/.test(second) ? `${first} ${second}` : first!);
  }
  return found;
};
