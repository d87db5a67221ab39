import type { ScopeExtension } from '@countersign/contracts';
import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import type { ScopeExtensions } from '../app/extend-scope.ts';

export class CreateScopeExtensions1763780000000 implements MigrationInterface {
  readonly name = 'CreateScopeExtensions1763780000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE scope_extension (run uuid PRIMARY KEY, extension jsonb NOT NULL)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE scope_extension');
  }
}

/** A row per run: a token that is renewed keeps what it was given. */
export const createScopeExtensions = (source: DataSource): ScopeExtensions => ({
  put: async (run, extension) => {
    await source.query('INSERT INTO scope_extension (run, extension) VALUES ($1, $2) ON CONFLICT (run) DO UPDATE SET extension = excluded.extension', [run, JSON.stringify(extension)]);
  },
  of: async (run) => (await source.query<{ extension: ScopeExtension }[]>('SELECT extension FROM scope_extension WHERE run = $1', [run]))[0]?.extension,
});
