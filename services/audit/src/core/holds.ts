import type { Statement } from './statement.ts';

export type HoldScope = 'all' | 'run' | 'person' | 'agent';

/** A legal hold. `id` of a person is their pseudonym. */
export interface Hold {
  readonly hold: number;
  readonly scope: HoldScope;
  readonly id: string | null;
  readonly by: string;
  readonly at: number;
  readonly reason: string;
}

/** A hold as the record has it: placed by a `held` statement, and by no `released` one ended. `by` is a pseudonym. */
export type HeldOnRecord = Omit<Hold, 'reason'>;

const scopes: readonly string[] = ['all', 'run', 'person', 'agent'] satisfies readonly HoldScope[];

/** The holds on the record after these statements. Part of the state that carries audit's MAC, so that no row of a table can end one. */
export const holdsAfter = (before: readonly HeldOnRecord[], statements: readonly Statement[], at: number): readonly HeldOnRecord[] => {
  let holds = before;
  for (const { kind, states: { hold, scope, what, by } } of statements) {
    if (typeof hold !== 'number') continue;
    if (kind === 'released') holds = holds.filter((one) => one.hold !== hold);
    else if (kind === 'held' && scopes.includes(String(scope))) holds = [...holds, { hold, scope: scope as HoldScope, id: typeof what === 'string' ? what : null, by: String(by), at }];
  }
  return holds;
};

/** What is in force: every row, and what is on the record while its row is gone, ended or says something else (`changed`). */
export const inForce = (rows: readonly Hold[], record: readonly HeldOnRecord[]): { readonly holds: readonly Hold[]; readonly changed: readonly HeldOnRecord[] } => {
  const changed = record.filter(({ hold, scope, id }) => !rows.some((row) => row.hold === hold && row.scope === scope && row.id === id));
  return { holds: [...rows, ...changed.map((one) => ({ ...one, reason: 'as it is on the record: its row was changed or taken away' }))], changed };
};
