import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import type { ScimBook, ScimUser } from '../app/scim.ts';

export class CreateScim1763760000000 implements MigrationInterface {
  readonly name = 'CreateScim1763760000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE scim_user (id text PRIMARY KEY, connection text NOT NULL, version integer NOT NULL, attributes jsonb NOT NULL, created_at bigint NOT NULL, changed_at bigint NOT NULL)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE scim_user');
  }
}

const columns = 'id, connection, version, attributes, created_at AS "createdAt", changed_at AS "changedAt"';
const read = (row: ScimUser): ScimUser => ({ ...row, createdAt: Number(row.createdAt), changedAt: Number(row.changedAt) });

/** What directories say of people, beside the events of the people themselves. */
export const createScimBook = (source: DataSource): ScimBook => ({
  all: async (connection) => (await source.query<ScimUser[]>(`SELECT ${columns} FROM scim_user WHERE connection = $1 ORDER BY id`, [connection])).map(read),
  user: async (id) => { const [row] = await source.query<ScimUser[]>(`SELECT ${columns} FROM scim_user WHERE id = $1`, [id]); return row && read(row); },
  add: async ({ id, connection, version, attributes, createdAt, changedAt }) => (await source.query<unknown[]>(
    'INSERT INTO scim_user (id, connection, version, attributes, created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING id', [id, connection, version, JSON.stringify(attributes), createdAt, changedAt])).length > 0,
  put: async ({ id, version, attributes, changedAt }) => (await source.query<[unknown[], number]>(
    'UPDATE scim_user SET version = $2, attributes = $3, changed_at = $4 WHERE id = $1 AND version = $2 - 1', [id, version, JSON.stringify(attributes), changedAt]))[1] > 0,
  remove: async (id) => { await source.query('DELETE FROM scim_user WHERE id = $1', [id]); },
});
