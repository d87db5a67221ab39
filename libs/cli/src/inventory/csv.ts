import { parse } from 'csv-parse/sync';
import type { InfoRecord } from 'csv-parse/sync';
import { validateImportAgentsRequest } from '@countersign/contracts';
import { CannotRun } from '../errors.ts';
import { mostRows, personIdOf } from './found.ts';
import type { DraftRow, Fault, Found, Reading } from './found.ts';

/** What a column is for, and what people call it. */
const names = {
  externalId: ['external_id', 'externalid', 'id', 'app_id', 'client_id'], name: ['name', 'display_name', 'agent_name'], agent: ['agent', 'agent_id'], owner: ['owner', 'owner_id', 'owner_email'],
  purpose: ['purpose', 'description'], roles: ['roles', 'role'], permissions: ['permissions', 'tools'], ceiling: ['ceiling'], environment: ['environment', 'env'], model: ['model'],
  credential: ['credential', 'credential_id', 'key_id', 'secret_id'], credentialExpires: ['credential_expires', 'expires'], account: ['account', 'runs_as'], scopes: ['scopes'], lastUsed: ['last_used', 'last_used_at'],
} as const;
type Field = keyof typeof names;
const fields = Object.keys(names) as Field[];
const plain = (header: string): string => header.trim().toLowerCase().replaceAll(/[\s-]+/g, '_');

/** `--map name=Display name,owner=Responsible`: which column of the file is which of ours. */
export const mapOf = (text: string): ReadonlyMap<Field, string> => new Map(text.split(',').map((part) => {
  const [field, ...column] = part.split('=');
  if (!fields.includes(field!.trim() as Field) || column.length === 0) throw new CannotRun(`--map ${JSON.stringify(part)} is not understood: name=Display name, where the first is one of ${fields.join(', ')}.`);
  return [field!.trim() as Field, column.join('=').trim()] as const;
}));

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

/**
 * Agents of a CSV (RFC 4180; comma, semicolon or tab) with a header. A row that is broken is a fault with line, column and remedy, and stops no other.
 * @throws CannotRun where the file as a whole cannot be read: no header, no external id or name column, too many rows
 */
export const fromCsv = (bytes: Uint8Array, map: ReadonlyMap<Field, string> = new Map()): Reading => {
  const { text, note } = decoded(bytes);
  const faults: Fault[] = [];
  const separator = [',', ';', '\t'].map((sign) => ({ sign, count: text.slice(0, Math.max(0, text.search(/\r?\n/) + 1) || undefined).split(sign).length })).sort((a, b) => b.count - a.count)[0]!.sign;
  const records = recordsOf(text, separator, faults);
  const [head, ...rows] = records;
  if (head === undefined) throw new CannotRun('The file has no header: its first line names the columns, external_id and name among them.');
  if (rows.length > mostRows) throw new CannotRun(`The file has more than ${mostRows.toLocaleString('en')} rows: split it.`);
  const columns = columnsOf(head.record, map);
  const found: Found[] = [];
  for (const { record, line: at } of rows) {
    const fault = record.length === head.record.length ? undefined : { line: at, column: null, why: `it has ${record.length} cells, the header ${head.record.length}`, remedy: 'Put cells that hold the separator in quotes.' };
    const read = fault ?? rowOf(record, columns, at);
    if ('why' in read) faults.push(read);
    else found.push(read);
  }
  return { found, faults: faults.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)), notes: note === null ? [] : [note] };
};

const mostFaults = 1_000;

/** Records with the line on which each ends. A record with wrong quotes is a fault of its own line: reading starts afresh on the next, so that it takes no other along. */
const recordsOf = (text: string, delimiter: string, faults: Fault[]): readonly { readonly record: readonly string[]; readonly line: number }[] => {
  const records: { record: readonly string[]; line: number }[] = [];
  for (let from = 0, before = 0; from < text.length && records.length <= mostRows + 1;) {
    let last = before;
    try {
      parse(text.slice(from), {
        bom: from === 0, delimiter, relax_column_count: true, skip_empty_lines: true, trim: true, max_record_size: 65_536, to: mostRows + 2,
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

type Columns = ReadonlyMap<Field, { readonly n: number; readonly header: string }>;

const columnsOf = (header: readonly string[], map: ReadonlyMap<Field, string>): Columns => {
  const columns = new Map<Field, { n: number; header: string }>();
  for (const field of fields) {
    const wanted = map.get(field);
    const n = header.findIndex((one) => (wanted === undefined ? (names[field] as readonly string[]).includes(plain(one)) : plain(one) === plain(wanted)));
    if (n >= 0) columns.set(field, { n, header: header[n]! });
    else if (wanted !== undefined) throw new CannotRun(`--map names a column ${JSON.stringify(wanted)}; the file has ${header.map((one) => JSON.stringify(one)).join(', ').slice(0, 500)}.`);
  }
  for (const field of ['externalId', 'name'] as const) if (!columns.has(field)) throw new CannotRun(`No column for ${field} (${names[field].join(', ')}); say which with --map ${field}=COLUMN.`);
  return columns;
};

const words = (cell: string): string[] => cell.split(/[\s;|]+/).filter((word) => word !== '');
const time = (cell: string): number | undefined => { const at = Date.parse(cell); return Number.isNaN(at) ? undefined : at; };

const rowOf = (record: readonly string[], columns: Columns, line: number): Found | Fault => {
  const cell = (field: Field): string | undefined => { const at = columns.get(field); const value = at === undefined ? undefined : record[at.n]; return value === undefined || value === '' ? undefined : value; };
  const optional = (field: 'agent' | 'purpose' | 'environment' | 'model'): object => { const value = cell(field); return value === undefined ? {} : { [field]: value }; };
  const owner = cell('owner'), permissions = cell('permissions'), roles = cell('roles'), ceiling = cell('ceiling');
  const row = {
    externalId: cell('externalId') ?? '', name: cell('name') ?? '', ...optional('agent'), ...optional('purpose'), ...optional('environment'), ...optional('model'), ...(owner !== undefined && { owner: personIdOf(owner) }),
    ...(permissions !== undefined && { permissions: words(permissions) }), ...(roles !== undefined && { roles: words(roles) }), ...(ceiling !== undefined && { ceiling: Number(ceiling) }),
  } as DraftRow;
  if (!validateImportAgentsRequest({ source: 'csv', agents: [row] })) {
    const [error] = validateImportAgentsRequest.errors ?? [];
    const field = (error?.instancePath.split('/')[3] ?? (error?.params as { missingProperty?: string } | undefined)?.missingProperty ?? '') as Field;
    return { line, column: columns.get(field)?.header ?? field, why: `${columns.get(field)?.header ?? field} ${error?.message ?? 'does not fit'}`, remedy: remedies[field] ?? 'Correct the cell.' };
  }
  const scopes = cell('scopes'), key = cell('credential'), expires = cell('credentialExpires'), account = cell('account'), used = cell('lastUsed');
  return {
    source: 'csv', place: `line ${line}`, row, scopes: scopes === undefined ? [] : words(scopes),
    credentials: key === undefined ? [] : [{ kind: 'secret', fingerprint: `csv:${key}`, label: key.slice(0, 100), startsAt: undefined, endsAt: expires === undefined ? (columns.has('credentialExpires') ? null : undefined) : time(expires) }],
    lastUsedAt: columns.has('lastUsed') ? (used === undefined ? null : time(used)) : undefined,
    humanBecause: account !== undefined && account.includes('@') && !/(^|[._-])(svc|service|bot|agent|app|noreply)([._-]|@)/i.test(account) ? `it runs as ${account.slice(0, 100)}, the account of a person by its name` : undefined,
  };
};

const remedies: Readonly<Partial<Record<Field, string>>> = {
  externalId: 'Give each row the id that the agent has where it comes from, up to 256 characters.', name: 'Give the agent a name of 1 to 200 characters.', owner: 'Name one person: a person id or an e-mail address.',
  permissions: 'Name tools, or beginnings that end in *, with spaces between: payments.transfer crm.*', ceiling: 'Write 1 or 2: the highest tier at which it may act without a person.', agent: 'An id has lower-case letters, digits, . _ and -, up to 128.',
  roles: 'Name roles with spaces between.',
};

/** One line of a CSV that a spreadsheet shows and never computes: a cell that begins like a formula gets an apostrophe in front. */
export const csvLine = (cells: readonly (string | number | null)[]): string => cells.map((cell) => {
  const shown = cell === null ? '' : String(cell);
  const inert = typeof cell !== 'number' && /^[\s]*[=+\-@\t\r]/.test(shown) ? `'${shown}` : shown;
  return /["',;\t\r\n]|^\s|\s$/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}).join(',');
