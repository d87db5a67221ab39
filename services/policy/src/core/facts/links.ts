import type { CompiledTool } from '../rules/compile.ts';
import type { RunContext } from './context.ts';
import { lessTrusted, recordsIn } from './fields.ts';
import type { Field, Trust } from './fields.ts';
import { soughtBy } from './addresses.ts';
import { normalise, wordsOf } from './normalise.ts';

/**
 * People name things, tools take handles: the instruction says "notes.docx", the tool is given file 3. A link says that a record which
 * carries handle `value` carries a name that stands in the instruction, and how far the weaker of both fields is trusted.
 */
export interface Link { readonly value: string; readonly trust: Trust; readonly tool: string }

const handle = /^(?:id_?|uuid|guid|key|ref|reference|number|no|\w+_(?:id|key|ref|number|no))$/i;
const rank: Record<Trust, number> = { record: 2, directory: 1, third_party: 0 };
const shortestName = 4;

/** Links in what a tool returned. Only of tools whose result fields are declared: elsewhere anybody could have written the record. */
export const linksIn = (text: string, tool: CompiledTool, { instruction, addresses }: Pick<RunContext, 'instruction' | 'addresses'>): Link[] => {
  const { resultTrust, resultFields } = tool.snapshot;
  if (Object.keys(resultFields).length === 0 || instruction.length < shortestName) return [];
  return recordsIn(text, resultTrust, resultFields).flatMap((record) => {
    const name = record.filter((field) => isNamed(field, instruction, addresses)).sort((a, b) => rank[b.trust] - rank[a.trust])[0];
    return name === undefined ? [] : record.filter((field) => handle.test(field.name)).map((field) => ({
      value: normalise(field.value), trust: lessTrusted(name.trust, field.trust), tool: tool.name,
    }));
  });
};

/** Names have letters and stand in the instruction whole; a handle, a state or a number there names nothing. */
const isNamed = ({ name, value }: Field, instruction: string, addresses: string): boolean => {
  if (handle.test(name)) return false;
  const text = normalise(value);
  return text.length >= shortestName + 2 && /\p{L}{3}/u.test(text) && text.includes(' ', 1) && instruction.includes(text) && soughtBy(value).addresses.every((one) => addresses.includes(` ${one} `));
};

/** The nouns of a tool's name: its words after the verb. */
const nounsOf = (tool: string): string[] => wordsOf(normalise(tool.slice(tool.lastIndexOf('.') + 1))).slice(1).filter((word) => word.length > 3).map((word) => word.replace(/s$/, ''));

/** The link behind a handle, for a tool that is about the same kind of thing as the one that listed it (`append_to_file`, `search_files`). */
export const linkOf = (text: string, tool: string, links: readonly Link[]): Link | undefined => {
  const own = nounsOf(tool);
  const found = links.filter((link) => link.value === text && nounsOf(link.tool).some((noun) => own.includes(noun)));
  return found.sort((a, b) => rank[b.trust] - rank[a.trust])[0];
};
