import { changes, grades, loosening, tightening } from './change.ts';
import type { Change, Grade } from './change.ts';

/** Decisions of one agent, tool, or altogether. */
export interface Row {
  /** Compared: what rules decided, and what the draft answers. */
  readonly decisions: number;
  readonly changes: Readonly<Record<Change, number>>;
  readonly before: Readonly<Record<Grade, number>>;
  readonly after: Readonly<Record<Grade, number>>;
  readonly unknown: number;
}

/** How often a rule spoke, and in how many changed decisions it speaks anew (tightened) or no longer (loosened). */
export interface RuleRow { readonly before: number; readonly after: number; readonly tightened: number; readonly loosened: number; readonly unknown: number }

type Counting<T> = { -readonly [K in keyof T]: T[K] extends number ? number : { -readonly [L in keyof T[K]]: T[K][L] } };

const zeros = <K extends string>(names: readonly K[]): Record<K, number> => Object.fromEntries(names.map((name) => [name, 0])) as Record<K, number>;

export const emptyRow = (): Counting<Row> => ({ decisions: 0, changes: zeros(changes), before: zeros(grades), after: zeros(grades), unknown: 0 });
export const emptyRule = (): Counting<RuleRow> => ({ before: 0, after: 0, tightened: 0, loosened: 0, unknown: 0 });

/** Rows by name, so many at most; what does not fit any more is counted under `(others)`. */
export const rowsBy = <T>(empty: () => T, most = 10_000): { readonly of: (name: string) => T; readonly entries: () => IterableIterator<[string, T]> } => {
  const rows = new Map<string, T>();
  return {
    of: (name) => {
      let row = rows.get(name);
      if (row === undefined) {
        const at = rows.size < most ? name : '(others)';
        row = rows.get(at) ?? empty();
        rows.set(at, row);
      }
      return row;
    },
    entries: () => rows.entries(),
  };
};

export const countOf = (row: Row, kinds: ReadonlySet<Change>): number => changes.reduce((sum, change) => sum + (kinds.has(change) ? row.changes[change] : 0), 0);
export const tightenedIn = (row: Row): number => countOf(row, tightening);
export const loosenedIn = (row: Row): number => countOf(row, loosening);
