import type { RunContext, Source } from './context.ts';
import type { Trust } from './fields.ts';
import { linkOf } from './links.ts';
import { normalise, wordsOf } from './normalise.ts';

/**
 * `alias`: strangers gave it, but with a name that the instruction has: an address with it, the handle of a record that carries it.
 * `document`: strangers' text, in a page or file that the instruction names.
 */
export type Provenance = { readonly trust: 'instruction' | Trust | 'alias' | 'document' | 'nowhere'; readonly from: string | null };

const rank: Record<Provenance['trust'], number> = { instruction: 6, record: 5, directory: 4, alias: 3, document: 2, third_party: 1, nowhere: 0 };
const trustOf = (source: Source): Provenance['trust'] => (source.trust === 'third_party' && source.named ? 'document' : source.trust);

export const weaker = (a: Provenance, b: Provenance): Provenance => (rank[b.trust] < rank[a.trust] ? b : a);

/** Where a value was read: in the instruction, else in the most trusted result that has it, else nowhere. */
export const provenanceOf = (value: string, context: RunContext, tool = ''): Provenance => {
  const text = normalise(value);
  if (text === '  ') return { trust: 'nowhere', from: null };
  if (context.instruction.includes(text)) return { trust: 'instruction', from: null };
  const found = inResults(text, context);
  if (found !== undefined && described(text, context)) return { trust: 'instruction', from: found.tool };
  if (found !== undefined && namedAddress(value, context)) return { trust: rank[found.trust] >= rank.directory ? 'instruction' : 'alias', from: found.tool };
  const link = context.links.length === 0 ? undefined : linkOf(text, tool, context.links);
  if (link !== undefined) return { trust: link.trust === 'third_party' ? 'alias' : 'instruction', from: link.tool };
  return found === undefined ? { trust: 'nowhere', from: null } : { trust: trustOf(found), from: found.tool };
};

const inResults = (text: string, context: RunContext): Source | undefined => {
  let best: Source | undefined;
  for (const source of context.sources) {
    if (best !== undefined && rank[trustOf(source)] <= rank[trustOf(best)]) continue;
    if (source.text.includes(text)) best = source;
  }
  return best;
};

/** Whether an e-mail address carries a name that the instruction has: `sarah.baker@…` for "Sarah Baker" or "Sarah". */
const namedAddress = (value: string, context: RunContext): boolean => {
  const at = value.indexOf('@');
  if (at <= 0) return false;
  const names = wordsOf(normalise(value.slice(0, at))).filter((word) => word.length >= 3 && !/^\d+$/.test(word));
  return names.length > 0 && names.some((word) => context.instruction.includes(` ${word} `));
};

const startsWith = / (?:start(?:s|ing)?|begin(?:s|ning)?) with (\S{3,}) /g;

/**
 * Whether the instruction describes the value by how it begins ("the channel starting with Ext") and nothing else that the run has
 * seen begins like that: a name that somebody plants beside the real one makes both doubtful.
 */
const described = (text: string, context: RunContext): boolean => {
  for (const [, word] of context.instruction.matchAll(startsWith)) {
    if (!text.startsWith(` ${word}`) || wordsOf(text).length > 2) continue;
    const seen = new Set(context.sources.flatMap((source) => beginningWith(source.text, word!)));
    if (seen.size === 1 && seen.has(text.trim())) return true;
  }
  return false;
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
