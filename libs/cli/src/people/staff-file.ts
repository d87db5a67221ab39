import { CannotRun } from '../errors.ts';
import { csvTable, decoded } from '../inventory/csv-table.ts';

/** One current member of staff as a directory exports them. Absent `roles`: theirs stay; absent or empty `manager`: nobody. */
export interface StaffRow { readonly line: number; readonly person: string; readonly name: string; readonly roles?: readonly string[]; readonly manager: string | null }
export interface StaffFile { readonly rows: readonly StaffRow[]; readonly broken: readonly { readonly line: number; readonly why: string }[] }

const idShape = /^[a-z0-9][a-z0-9._-]{0,127}$/, roleShape = /^[a-z0-9][a-z0-9._-]{0,63}$/;
export const mostRows = 50_000;

/**
 * Reads current staff: JSON (an array of objects) or CSV with a header, columns person, name, and optionally roles (separated by spaces or ;) and manager. Broken rows are named, the rest stands.
 * @throws CannotRun where it is neither
 */
export const readStaff = (bytes: Uint8Array): StaffFile => {
  const text = decoded(bytes).text.replace(/^\uFEFF/, '');
  const records = /^\s*\[/.test(text) ? fromJson(text) : fromCsv(bytes);
  if (records.length > mostRows) throw new CannotRun(`at most ${mostRows} rows are read at once`);
  const rows: StaffRow[] = [], broken: { line: number; why: string }[] = [], seen = new Map<string, number>();
  for (const { line, fields } of records) {
    const read = typeof fields === 'string' ? fields : rowOf(line, fields);
    const why = typeof read === 'string' ? read : seen.has(read.person) ? `${read.person} stands on line ${seen.get(read.person)} already` : undefined;
    if (why !== undefined || typeof read === 'string') broken.push({ line, why: why! });
    else { seen.set(read.person, line); rows.push(read); }
  }
  return { rows, broken: broken.sort((a, b) => a.line - b.line) };
};

type Fields = Readonly<Record<string, unknown>>;
const rowOf = (line: number, fields: Fields): StaffRow | string => {
  const { person, name } = fields, manager = fields['manager'] || null;
  if (typeof person !== 'string' || !idShape.test(person)) return 'person is an id of lower-case letters, digits, . _ and -';
  if (typeof name !== 'string' || name.trim() === '' || name.length > 200) return 'name has 1 to 200 characters';
  if (manager !== null && (typeof manager !== 'string' || !idShape.test(manager))) return 'manager is the id of a person, or empty';
  const given = fields['roles'];
  const roles = typeof given === 'string' ? given.split(/[\s;]+/).filter((role) => role !== '') : given;
  if (roles !== undefined && (!Array.isArray(roles) || roles.length > 64 || !roles.every((role): role is string => typeof role === 'string' && roleShape.test(role)))) return 'roles are up to 64 ids of lower-case letters, digits, . _ and -';
  return { line, person, name: name.trim(), manager, ...(roles !== undefined && { roles }) };
};

type Record_ = { readonly line: number; readonly fields: Fields | string };
const fromCsv = (bytes: Uint8Array): readonly Record_[] => {
  const { head, rows, faults } = csvTable(bytes, mostRows);
  const names = head.map((name) => name.trim().toLowerCase());
  for (const needed of ['person', 'name']) if (!names.includes(needed)) throw new CannotRun(`The header has no column ${needed}.`);
  return [...rows.map(({ record, line }) => ({ line, fields: Object.fromEntries(names.map((name, i) => [name, record[i]!])) })), ...faults.map(({ line, why }) => ({ line: line ?? 0, fields: why }))];
};

const fromJson = (text: string): readonly Record_[] => {
  let value: unknown;
  try { value = JSON.parse(text); } catch (error) { throw new CannotRun(`The file is no JSON: ${(error as Error).message}`); }
  return (value as unknown[]).map((fields, i) => ({ line: i + 1, fields: typeof fields === 'object' && fields !== null && !Array.isArray(fields) ? fields as Fields : 'is no object' }));
};
