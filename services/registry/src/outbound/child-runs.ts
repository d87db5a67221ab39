import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import type { ChildRun, DelegatedRun, Run, Taken } from '../core/run.ts';

export class CreateDelegations1763740000000 implements MigrationInterface {
  readonly name = 'CreateDelegations1763740000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE delegation (run uuid PRIMARY KEY, parent uuid NOT NULL, action uuid NOT NULL, scope text NOT NULL, actors jsonb NOT NULL, UNIQUE (parent, action))');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE delegation');
  }
}

export class RepeatedExchanges1763800000000 implements MigrationInterface {
  readonly name = 'RepeatedExchanges1763800000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE delegation ADD COLUMN request text, ADD COLUMN jti text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE delegation DROP COLUMN request, DROP COLUMN jti');
  }
}

type Row = { readonly run: string; readonly agent: string; readonly jkt: string; readonly not_after: string; readonly opened_at: string } & (DelegatedRun | { readonly parent: null });

/** A run, and what makes it a child; null where there is none. */
export const findRun = async (source: DataSource, id: string): Promise<Run | null> => {
  const [row] = await source.query<Row[]>('SELECT r.run, r.agent, r.jkt, r.not_after, r.opened_at, d.parent, d.action, d.scope, d.actors FROM run r LEFT JOIN delegation d ON d.run = r.run WHERE r.run = $1', [id]);
  if (row === undefined) return null;
  const run = { run: row.run, agent: row.agent, jkt: row.jkt, notAfter: Number(row.not_after), openedAt: Number(row.opened_at) };
  return row.parent === null ? run : { ...run, delegation: { parent: row.parent, action: row.action, scope: row.scope, actors: row.actors } };
};

/** Opens the child run of a delegation; false where that action has one. The grant was used up in a store that may forget; this one does not. */
export const openChild = async (source: DataSource, run: ChildRun, openedAt: number, { request, jti }: Taken): Promise<boolean> => {
  const { parent, action, scope, actors } = run.delegation;
  const rows = await source.query<unknown[]>(
    `WITH child AS (INSERT INTO delegation (run, parent, action, scope, actors, request, jti) VALUES ($1, $2, $3, $4, $5, $11, $12) ON CONFLICT (parent, action) DO NOTHING RETURNING run)
     INSERT INTO run (run, agent, jkt, not_after, opened_at, auth_key) SELECT run, $6, $7, $8, $9, $10 FROM child RETURNING run`,
    [run.run, parent, action, scope, JSON.stringify(actors), run.agent, run.jkt, run.notAfter, openedAt, run.authKey ?? null, request, jti]);
  return rows.length === 1;
};

export const childOf = async (source: DataSource, parent: string, action: string): Promise<(ChildRun & Taken & { readonly openedAt: number }) | null> => {
  const [row] = await source.query<(Omit<Row, 'parent'> & DelegatedRun & Taken)[]>('SELECT r.run, r.agent, r.jkt, r.not_after, r.opened_at, d.scope, d.actors, d.request, d.jti FROM delegation d JOIN run r ON r.run = d.run WHERE d.parent = $1 AND d.action = $2 AND d.request IS NOT NULL', [parent, action]);
  return row === undefined ? null : { run: row.run, agent: row.agent, jkt: row.jkt, notAfter: Number(row.not_after), openedAt: Number(row.opened_at), delegation: { parent, action, scope: row.scope, actors: row.actors }, request: row.request, jti: row.jti };
};
