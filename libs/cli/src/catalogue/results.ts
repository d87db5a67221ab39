import type { ToolSnapshot } from '@countersign/contracts';
import { recordsIn } from '@countersign/policy/core/facts/fields';

type Trust = ToolSnapshot['resultTrust'];

const record = /^(?:id_?|.+_id|uuid|date|time|timestamp|created(?:_at)?|updated(?:_at)?|.+_at|start_time|end_time|last_modified|status|state|amount|balance|price|cost|total|quantity|count|size|number|currency|iban|account(?:_number)?|(?:is|has)_.+)$/i;
const directory = /^(?:e?mail|email_address|sender|recipients?|from|to|cc|bcc|participants|attendees|members|owner|author|assignee|user(?:name)?|shared_with|phone(?:_number)?)$/i;

/**
 * Trust per field for a tool that prints records: what the system stamps is its record, who is who a directory, all else (names, titles,
 * texts) anybody's. Only fields that most records of most results have: where a tool prints plain text, a stranger could write `email:` too.
 */
export const resultFieldsOf = (results: readonly string[]): Record<string, Trust> => {
  const printed = results.filter((text) => text.trim() !== '[]' && text.trim() !== '');
  const records = printed.map((text) => recordsIn(text, 'third_party', {}));
  const structured = printed.filter((text) => /^(?:- )?[A-Za-z_]\w*:(?:\s|$)/.test(text)).length;
  if (printed.length === 0 || structured < printed.length * 0.9) return {};
  const all = records.flat();
  const shapes = new Map<string, number>();
  for (const fields of all) for (const name of new Set(fields.map((field) => field.name))) shapes.set(name, (shapes.get(name) ?? 0) + 1);
  const fields: Record<string, Trust> = {};
  for (const [name, count] of shapes) if (count * 2 >= all.length && /^\w{1,64}$/.test(name)) fields[name] = record.test(name) ? 'record' : directory.test(name) ? 'directory' : 'third_party';
  // One trusted field is no record: a single `from:` line heads many a plain text.
  return Object.keys(fields).length >= 3 ? fields : {};
};
