import { parse } from 'csv-parse/sync';
import type { InfoRecord } from 'csv-parse/sync';
import { CannotRun } from '../errors.ts';
import type { Fault } from './found.ts';

/** Bytes as text: UTF-8 or UTF-16 with its mark, else UTF-8, else what Excel writes in the West. */
export const decoded = (bytes: Uint8Array): { readonly text: string; readonly note: string | null } => {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { text: new TextDecoder('utf-16le').decode(bytes), note: null };
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return { text: new TextDecoder('utf-16be').decode(bytes), note: null };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), note: null };
  } catch {
    return { text: new TextDecoder('windows-1252').decode(bytes), note: 'The file is not UTF-8; it was read as Windows-1252. Look at names with accents.' };
  }
};

export interface CsvTable { readonly head: readonly string[]; readonly rows: readonly { readonly record: readonly string[]; readonly line: number }[]; readonly faults: readonly Fault[]; /** How its bytes were read, where that may be wrong. */ readonly note: string | null }

/**
 * A CSV (RFC 4180; comma, semicolon or tab) with a header: every record has as many cells as the header, whatever does not is a fault with its line.
 * @throws CannotRun where the file as a whole cannot be read: no header, more than `most` rows, mostly broken quotes
 */
export const csvTable = (bytes: Uint8Array, most: number): CsvTable => {
  const { text, note } = decoded(bytes);
  const faults: Fault[] = [];
  const separator = [',', ';', '\t'].map((sign) => ({ sign, count: text.slice(0, Math.max(0, text.search(/\r?\n/) + 1) || undefined).split(sign).length })).sort((a, b) => b.count - a.count)[0]!.sign;
  const [head, ...rows] = recordsOf(text, separator, most, faults);
  if (head === undefined) throw new CannotRun('The file has no header: its first line names the columns.');
  if (rows.length > most) throw new CannotRun(`The file has more than ${most.toLocaleString('en')} rows: split it.`);
  const width = head.record.length;
  for (const { record, line } of rows) if (record.length !== width) faults.push({ line, column: null, why: `it has ${record.length} cells, the header ${width}`, remedy: 'Put cells that hold the separator in quotes.' });
  return { head: head.record, rows: rows.filter(({ record }) => record.length === width), faults, note };
};

const mostFaults = 1_000;

/** Records with the line on which each ends. A record with wrong quotes is a fault of its own line: reading starts afresh on the next, so that it takes no other along. */
const recordsOf = (text: string, delimiter: string, most: number, faults: Fault[]): readonly { readonly record: readonly string[]; readonly line: number }[] => {
  const records: { record: readonly string[]; line: number }[] = [];
  for (let from = 0, before = 0; from < text.length && records.length <= most + 1;) {
    let last = before;
    try {
      parse(text.slice(from), {
        record_delimiter: ['\r\n', '\n', '\r'],
        bom: from === 0, delimiter, relax_column_count: true, skip_empty_lines: true, trim: true, max_record_size: 65_536, to: most + 2,
        on_record: (record: string[], info: InfoRecord) => { last = before + info.lines; records.push({ record, line: last }); return null; },
      });
      break;
    } catch (error) {
      for (; before < last; before++) from = afterLine(text, from);
      for (let next = afterLine(text, from); text.slice(from, next).trim() === '' && next < text.length; next = afterLine(text, from)) { from = next; before++; }
      faults.push({ line: before + 1, column: null, why: `its quotes cannot be read (${(error as Error).message.replaceAll(/ at line \d+/g, '').slice(0, 200)})`, remedy: 'Put a cell with quotes, separators or line ends in quotes, and double the quotes inside.' });
      if (faults.length > mostFaults) throw new CannotRun(`More than ${mostFaults.toLocaleString('en')} rows cannot be read: is this a CSV?`);
      from = afterLine(text, from);
      before++;
    }
  }
  return records;
};

const afterLine = (text: string, from: number): number => { const end = text.indexOf('\n', from); return end < 0 ? text.length : end + 1; };

/** One line of a CSV that a spreadsheet shows and never computes: a cell that begins like a formula gets an apostrophe in front. */
export const csvLine = (cells: readonly (string | number | null)[]): string => cells.map((cell) => {
  const shown = cell === null ? '' : String(cell);
  const inert = typeof cell !== 'number' && /^[\s]*[=+\-@\t\r]/.test(shown) ? `'${shown}` : shown;
  return /["',;\t\r\n]|^\s|\s$/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}).join(',');
