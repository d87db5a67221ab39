import { parseStaffCsv } from './staff-csv.ts';

/** One current member of staff as a directory exports them. Absent `roles`: theirs stay; absent or empty `manager`: nobody. */
export interface StaffRow { readonly line: number; readonly person: string; readonly name: string; readonly roles?: readonly string[]; readonly manager: string | null }
export interface StaffFile { readonly rows: readonly StaffRow[]; readonly broken: readonly { readonly line: number; readonly why: string }[] }

const idShape = /^[a-z0-9][a-z0-9._-]{0,127}$/, roleShape = /^[a-z0-9][a-z0-9._-]{0,63}$/;
export const mostRows = 50_000;

/** Reads current staff: JSON (an array of objects) or CSV with a heading (RFC 4180), columns person, name, and optionally roles (separated by spaces or ;) and manager. Broken rows are named, the rest stands. Throws where it is neither. */
export const readStaff = (text: string): StaffFile => {
  const source = text.replace(/^\uFEFF/, '');
  const records = /^\s*\[/.test(source) ? fromJson(source) : parseStaffCsv(source);
  if (records.length > mostRows) throw new Error(`at most ${mostRows} rows are read at once`);
  const rows: StaffRow[] = [], broken: { line: number; why: string }[] = [], seen = new Map<string, number>();
  for (const { line, fields } of records) {
    const read = typeof fields === 'string' ? fields : rowOf(line, fields);
    const why = typeof read === 'string' ? read : seen.has(read.person) ? `${read.person} stands on line ${seen.get(read.person)} already` : undefined;
    if (why !== undefined || typeof read === 'string') broken.push({ line, why: why! });
    else { seen.set(read.person, line); rows.push(read); }
  }
  return { rows, broken };
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

const fromJson = (text: string): readonly { readonly line: number; readonly fields: Fields | string }[] => {
  let value: unknown;
  try { value = JSON.parse(text); } catch (error) { throw new Error(`the file is no JSON: ${(error as Error).message}`); }
  return (value as unknown[]).map((fields, i) => ({ line: i + 1, fields: typeof fields === 'object' && fields !== null && !Array.isArray(fields) ? fields as Fields : 'is no object' }));
};
