import type { ToolSnapshot } from '@countersign/contracts';

export type Trust = ToolSnapshot['resultTrust'];

const keyLine = /^(\s*(?:- )?)([A-Za-z_][\w ]*):(?:\s|$)/;

/**
 * Cuts what a tool returned into the text of each trust, by the fields of its records (YAML as tools print it). A line opens a
 * field only at the column of the first field: what stands deeper belongs to the value above it, so that third-party text
 * cannot open a trusted field by a line that looks like one.
 */
export const byTrust = (text: string, whole: Trust, fields: ToolSnapshot['resultFields']): Partial<Record<Trust, string>> => {
  if (Object.keys(fields).length === 0) return { [whole]: text };
  const parts: Partial<Record<Trust, string>> = {};
  let column = -1;
  let trust = whole;
  for (const line of text.split('\n')) {
    const key = keyLine.exec(line);
    if (key !== null) {
      if (column < 0) column = key[1]!.length;
      if (key[1]!.length === column) trust = Object.hasOwn(fields, key[2]!) ? fields[key[2]!]! : whole;
    }
    parts[trust] = `${parts[trust] ?? ''}${line}\n`;
  }
  return parts;
};

/** One field of a record that a tool printed, with its trust. */
export interface Field { readonly name: string; readonly value: string; readonly trust: Trust }

const maxRecords = 500;

/** The records of a printed list (YAML as tools print it) under the same column rule as byTrust: only the tool itself can begin one. At most 500. */
export const recordsIn = (text: string, whole: Trust, fields: ToolSnapshot['resultFields']): readonly (readonly Field[])[] => {
  const records: Field[][] = [];
  let column = -1;
  for (const line of text.split('\n')) {
    const key = keyLine.exec(line);
    if (key === null) continue;
    if (column < 0) column = key[1]!.length;
    if (key[1]!.length !== column) continue;
    if (records.length === 0 || key[1]!.endsWith('- ')) {
      if (records.length === maxRecords) break;
      records.push([]);
    }
    const name = key[2]!;
    records.at(-1)!.push({ name, value: line.slice(key[0].length).trim(), trust: Object.hasOwn(fields, name) ? fields[name]! : whole });
  }
  return records;
};
