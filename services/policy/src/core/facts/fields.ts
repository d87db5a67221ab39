import type { ToolSnapshot } from '@countersign/contracts';

export type Trust = ToolSnapshot['resultTrust'];

const rank: Record<Trust, number> = { record: 2, directory: 1, third_party: 0 };
/** The less trusted of two. */
export const lessTrusted = (one: Trust, other: Trust): Trust => (rank[other] < rank[one] ? other : one);

const keyLine = /^(\s*(?:- )?)(["']?)([A-Za-z_][\w ]*)\2:(?:\s|$)/;
const keyWithin = /(?<!\w)(\w{1,256})["']?\s?[:=]/g;
const deepest = 64;

interface Declared { readonly of: ReadonlyMap<string, Trust>; /** Of all that stands in no declared field. */ readonly rest: Trust }

/** Where fields are declared, text that stands in none of them counts as the weakest: in a format that we do not know it could be any field. */
const declaredIn = (whole: Trust, fields: ToolSnapshot['resultFields']): Declared => {
  const of = new Map<string, Trust>();
  for (const [name, trust] of Object.entries(fields)) of.set(name.toLowerCase(), lessTrusted(of.get(name.toLowerCase()) ?? trust, trust));
  return { of, rest: [...of.values()].reduce(lessTrusted, whole) };
};

/** A declared field's name before a colon or `=` anywhere in a line can only lower trust: lines joined, flow maps, `a=1 b=2`. */
const lowered = (trust: Trust, line: string, { of, rest }: Declared): Trust => {
  if (trust === rest) return trust;
  let lowest = trust;
  for (const [, name] of line.matchAll(keyWithin)) lowest = lessTrusted(lowest, of.get(name!.toLowerCase()) ?? lowest);
  return lowest;
};

/**
 * Cuts what a tool returned into the text of each trust, by the fields of its records (YAML as tools print it, or JSON). A line opens a
 * field only at the column of the first field: what stands deeper belongs to the value above it, so that third-party text
 * cannot open a trusted field by a line that looks like one.
 */
export const byTrust = (text: string, whole: Trust, fields: ToolSnapshot['resultFields']): Partial<Record<Trust, string>> => {
  if (Object.keys(fields).length === 0) return { [whole]: text };
  const declared = declaredIn(whole, fields);
  const json = jsonOf(text);
  if (json !== undefined) return byKey(json, declared) ?? { [declared.rest]: text };
  const parts: Partial<Record<Trust, string>> = {};
  let column = -1;
  let trust = declared.rest;
  for (const line of text.split('\n')) {
    const key = keyLine.exec(line);
    if (key !== null && column < 0) column = key[1]!.length;
    if (key !== null && key[1]!.length === column) trust = declared.of.get(key[3]!.toLowerCase()) ?? declared.rest;
    else if (/\S/.test(line) && line.search(/\S/) < column && !line.startsWith('- ')) trust = declared.rest;
    trust = lowered(trust, line, declared);
    parts[trust] = `${parts[trust] ?? ''}${line}\n`;
  }
  return parts;
};

const jsonOf = (text: string): unknown => {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try { return JSON.parse(text); } catch { return undefined; }
};

/** A key inside of another key's value is trusted no more than that. Undefined: nested too deep. */
const byKey = (json: unknown, { of, rest }: Declared): Partial<Record<Trust, string>> | undefined => {
  const parts: Partial<Record<Trust, string>> = {};
  const put = (trust: Trust, text: string): void => { parts[trust] = `${parts[trust] ?? ''}${text}\n`; };
  const walk = (value: unknown, within: Trust | null, depth: number): boolean => {
    if (typeof value !== 'object' || value === null) { put(within ?? rest, String(value)); return true; }
    if (depth > deepest) return false;
    if (Array.isArray(value)) return value.every((one) => walk(one, within, depth + 1));
    return Object.entries(value).every(([name, one]) => {
      const own = of.get(name.toLowerCase()) ?? within ?? rest;
      const trust = within === null ? own : lessTrusted(within, own);
      put(trust, name);
      return walk(one, trust, depth + 1);
    });
  };
  return walk(json, null, 0) ? parts : undefined;
};

/** One field of a record that a tool printed, with its trust. */
export interface Field { readonly name: string; readonly value: string; readonly trust: Trust }

const maxRecords = 500;

/** The records of a printed list (YAML as tools print it) under the same column rule as byTrust: only the tool itself can begin one. At most 500; none where keys are quoted or it is JSON. */
export const recordsIn = (text: string, whole: Trust, fields: ToolSnapshot['resultFields']): readonly (readonly Field[])[] => {
  if (/^\s*[[{]/.test(text)) return [];
  const declared = declaredIn(whole, fields);
  const records: Field[][] = [];
  let column = -1;
  for (const line of text.split('\n')) {
    const key = keyLine.exec(line);
    if (key === null) continue;
    if (column < 0 && key[2] !== '') return [];
    if (column < 0) column = key[1]!.length;
    if (key[1]!.length !== column) continue;
    if (records.length === 0 || key[1]!.endsWith('- ')) {
      if (records.length === maxRecords) break;
      records.push([]);
    }
    const name = key[3]!;
    records.at(-1)!.push({ name, value: line.slice(key[0].length).trim(), trust: lowered(declared.of.get(name.toLowerCase()) ?? declared.rest, line, declared) });
  }
  return records;
};
