import type { PersonSnapshot } from '@countersign/contracts';
import type { StaffFile, StaffRow } from './staff-file.ts';

export interface StaffPlan {
  readonly leave: readonly string[]; readonly comeBack: readonly string[];
  readonly change: readonly { readonly person: string; readonly name?: string; readonly roles?: readonly string[]; readonly manager?: string | null }[];
  /** In the file and not here: they are invited by a person, with roles that a person chose. */
  readonly unknown: readonly string[];
  readonly broken: StaffFile['broken'];
}

/** Largest share of those who are active that may leave at once without a second look; two may always. */
export const mostLeave = 0.2;
export const tooManyLeave = ({ leave }: StaffPlan, here: readonly PersonSnapshot[]): boolean => leave.length > Math.max(2, mostLeave * here.filter(({ status }) => status === 'active').length);

/** What a file of current staff means for those who are here. Nobody leaves for a broken row that names them: `mentioned` are all ids the file has in any form. */
export const planStaff = ({ rows, broken }: StaffFile, here: readonly PersonSnapshot[], mentioned: (person: string) => boolean): StaffPlan => {
  const current = new Map(rows.map((row) => [row.person, row]));
  const known = new Set(here.map(({ person }) => person));
  return {
    broken, unknown: rows.filter(({ person }) => !known.has(person)).map(({ person }) => person),
    leave: here.filter(({ person, status }) => status === 'active' && !current.has(person) && !mentioned(person)).map(({ person }) => person),
    comeBack: here.filter(({ person, status }) => status === 'gone' && current.has(person)).map(({ person }) => person),
    change: here.flatMap((one) => { const row = current.get(one.person); return row === undefined ? [] : changeOf(one, row, known); }),
  };
};

const changeOf = (one: PersonSnapshot, row: StaffRow, known: ReadonlySet<string>): StaffPlan['change'] => {
  const manager = row.manager !== null && known.has(row.manager) ? row.manager : null;
  const news = {
    ...(row.name !== one.name && { name: row.name }), ...(row.roles !== undefined && [...row.roles].sort().join() !== [...one.roles].sort().join() && { roles: row.roles }),
    ...(manager !== (one.manager ?? null) && { manager }),
  };
  return Object.keys(news).length === 0 ? [] : [{ person: one.person, ...news }];
};
