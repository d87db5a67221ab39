import type { Json, JsonObject, ToolSnapshot } from '@countersign/contracts';
import { argumentsDigest } from '@countersign/identity';
import type { Tool } from '@modelcontextprotocol/sdk/types.js';
import { inertLine } from '../../people/inert.ts';

export type Source = NonNullable<ToolSnapshot['source']>;
export type Definition = Source['definition'];
/** What a server offers under one name. `digest` is of everything as it was received; `definition` is what is kept of it, with nothing unseen in its texts. */
export interface Offer { readonly name: string; readonly title: string; readonly digest: string; readonly definition: Definition; readonly suspicions: readonly string[] }
export type Offered = { readonly ok: true; readonly offer: Offer } | { readonly ok: false; readonly name: string; readonly why: string };

const hints = ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'] as const;
const longestText = 8_000, largest = 24 * 1024;

const signs: readonly (readonly [RegExp, string])[] = [
  [/\b(?:ignore|disregard|forget)\b.{0,40}\b(?:previous|prior|above|other|all)\b.{0,30}\b(?:instruction|prompt|rule|tool)/is, 'tells the reader to ignore instructions'],
  [/\b(?:do not|don't|never)\b.{0,30}\b(?:tell|mention|inform|show|reveal)\b/is, 'asks to keep something from somebody'],
  [/<\s*\/?\s*(?:important|system|instructions?|secret|assistant|tool_call)\b/i, 'has tags that speak to a model'],
  [/\b(?:system prompt|before (?:using|calling) (?:this|any)|you must (?:first|always)|instead of (?:using|calling))\b/i, 'gives orders about other calls'],
  [/(?:\.ssh|id_rsa|\.env\b|api[_ -]?key|password|credential|access token)/i, 'speaks of secrets'],
  [/[A-Za-z0-9+/]{120,}={0,2}/, 'has a long block of encoded text'],
];
/** Why a text of a tool should be read with care: what was hidden in it, and what speaks to a model instead of describing. */
export const suspicionsIn = (text: string): readonly string[] => [
  ...(/[\p{Cf}\p{Co}]|[^\P{Cc}\n\t\r]/u.test(text) ? ['has characters that nobody sees'] : []), ...signs.filter(([sign]) => sign.test(text)).map(([, says]) => says),
];

const plain = (text: string): string => text.split('\n').map((line) => inertLine(line)).join('\n');
/** Every text of it without what nobody sees. A value that had such signs then fits no call, which is as it should be. */
const plainTexts = (value: Json): Json => {
  if (typeof value === 'string') return plain(value);
  if (Array.isArray(value)) return value.map(plainTexts);
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plainTexts(inner)])) : value;
};
/** Texts of a schema that a model would read. */
const textsIn = (value: unknown): string[] => (typeof value === 'string' ? [value] : typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []);

/** What of an MCP tool is kept; a reason where nothing can be. */
export const offerOf = ({ name, title, description = '', inputSchema, annotations = {} }: Tool): Offered => {
  if (!/^[a-zA-Z0-9_.:-]{1,100}$/.test(name)) return { ok: false, name, why: 'its name has other characters than letters, digits, _ . : - or is too long' };
  try {
    const received = { title: title ?? null, description, inputSchema, annotations };
    if (JSON.stringify(received).length > largest) return { ok: false, name, why: `its definition has more than ${largest} bytes` };
    const claimed = Object.fromEntries(hints.flatMap((hint) => (typeof annotations[hint] === 'boolean' ? [[hint, annotations[hint]]] : [])));
    const definition: Definition = { description: plain(description).slice(0, longestText).toWellFormed(), inputSchema: plainTexts(inputSchema as JsonObject) as JsonObject, annotations: claimed };
    return { ok: true, offer: { name, title: inertLine(title ?? annotations.title ?? name).slice(0, 200), digest: argumentsDigest(received), definition, suspicions: [...new Set([title ?? '', description, ...textsIn(inputSchema)].flatMap(suspicionsIn))] } };
  } catch {
    return { ok: false, name, why: 'its definition is no I-JSON' };
  }
};
