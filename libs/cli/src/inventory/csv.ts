import { validateImportAgentsRequest } from '@countersign/contracts';
import { CannotRun } from '../errors.ts';
import { csvTable } from './csv-table.ts';
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

/**
 * Agents of a CSV (RFC 4180; comma, semicolon or tab) with a header. A row that is broken is a fault with line, column and remedy, and stops no other.
 * @throws CannotRun where the file as a whole cannot be read: no header, no external id or name column, too many rows
 */
export const fromCsv = (bytes: Uint8Array, map: ReadonlyMap<Field, string> = new Map()): Reading => {
  const { head, rows, faults: unread, note } = csvTable(bytes, mostRows);
  const faults: Fault[] = [...unread];
  const columns = columnsOf(head, map);
  const found: Found[] = [];
  for (const { record, line: at } of rows) {
    const read = rowOf(record, columns, at);
    if ('why' in read) faults.push(read);
    else found.push(read);
  }
  return { found, faults: faults.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)), notes: note === null ? [] : [note] };
};

type Columns = ReadonlyMap<Field, { readonly n: number; readonly header: string }>;

const columnsOf = (header: readonly string[], map: ReadonlyMap<Field, string>): Columns => {
  const columns = new Map<Field, { n: number; header: string }>();
  for (const field of fields) {
    const wanted = map.get(field);
    const fits = header.flatMap((one, at) => ((wanted === undefined ? (names[field] as readonly string[]).includes(plain(one)) : plain(one) === plain(wanted)) ? [at] : [])), n = fits[0] ?? -1;
    if (fits.length > 1) throw new CannotRun(`Two columns say ${field}: ${fits.map((at) => JSON.stringify(header[at])).join(', ').slice(0, 500)}. Say which with --map ${field}=COLUMN, or give them names of their own.`);
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
  const nul = record.findIndex((value) => value.includes('\0'));
  if (nul >= 0) return { line, column: [...columns.values()].find(({ n }) => n === nul)?.header ?? `column ${nul + 1}`, why: 'it holds a NUL character', remedy: 'Remove it: no text here holds one.' };
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
