import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import type { ChangeView } from '@countersign/contracts';
import type { DeclaredEntry, PermissionBook } from '../app/permission-ports.ts';

export class CreatePermissions1763770000000 implements MigrationInterface {
  readonly name = 'CreatePermissions1763770000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE declared (stream text PRIMARY KEY, kind text NOT NULL, id text NOT NULL, version integer NOT NULL, definition jsonb)');
    await runner.query('CREATE TABLE change_request (change uuid PRIMARY KEY, version integer NOT NULL, view jsonb NOT NULL)');
    await runner.query('CREATE TABLE tool_use (agent text NOT NULL, tool text NOT NULL, day integer NOT NULL, calls integer NOT NULL, last_at bigint NOT NULL, max_minor bigint, currency text, targets jsonb NOT NULL, PRIMARY KEY (agent, tool, day))');
    await runner.query('CREATE TABLE tool_use_read (partition integer PRIMARY KEY, position bigint NOT NULL)');
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['tool_use_read', 'tool_use', 'change_request', 'declared']) await runner.query(`DROP TABLE ${table}`);
  }
}

/** Rows of what is declared and asked for; a row never goes back to an older version of its stream. */
export const createPermissionBook = (source: DataSource): PermissionBook => ({
  putDeclared: async (kind, id, version, definition) => {
    await source.query(
      `INSERT INTO declared AS kept (stream, kind, id, version, definition) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (stream) DO UPDATE SET version = excluded.version, definition = excluded.definition WHERE kept.version < excluded.version`,
      [`${kind}:${id}`, kind, id, version, definition && JSON.stringify(definition)]);
  },
  declared: async (kind) => source.query<DeclaredEntry<typeof kind>[]>('SELECT id, version, definition FROM declared WHERE kind = $1 AND definition IS NOT NULL ORDER BY id', [kind]),
  putChange: async (version, view) => {
    await source.query(
      `INSERT INTO change_request AS kept (change, version, view) VALUES ($1, $2, $3)
       ON CONFLICT (change) DO UPDATE SET version = excluded.version, view = excluded.view WHERE kept.version < excluded.version`, [view.change, version, JSON.stringify(view)]);
  },
  change: async (id) => (await source.query<{ view: ChangeView }[]>('SELECT view FROM change_request WHERE change = $1', [id]))[0]?.view,
  changes: async (most) => (await source.query<{ view: ChangeView }[]>('SELECT view FROM change_request ORDER BY change DESC LIMIT $1', [most])).map(({ view }) => view),
  versions: async () => new Map((await source.query<{ stream: string; version: number }[]>("SELECT stream, version FROM declared UNION ALL SELECT 'change:' || change, version FROM change_request")).map((row) => [row.stream, row.version])),
});
