import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateRegistry1700000000000 implements MigrationInterface {
  readonly name = 'CreateRegistry1700000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE agent (agent text PRIMARY KEY, version integer NOT NULL, snapshot jsonb NOT NULL, key jsonb NOT NULL, last_use_at bigint)');
    await runner.query('CREATE TABLE tool (tool text PRIMARY KEY, version integer NOT NULL, snapshot jsonb NOT NULL)');
    await runner.query('CREATE TABLE person (person text PRIMARY KEY, version integer NOT NULL, snapshot jsonb)');
    await runner.query('CREATE TABLE run (run uuid PRIMARY KEY, agent text NOT NULL, jkt text NOT NULL, not_after bigint NOT NULL, opened_at bigint NOT NULL, purpose text)');
    await runner.query('CREATE INDEX run_by_agent ON run (agent, opened_at DESC)');
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['run', 'person', 'tool', 'agent']) await runner.query(`DROP TABLE ${table}`);
  }
}

export class CreateGraph1763700000000 implements MigrationInterface {
  readonly name = 'CreateGraph1763700000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE node (node text PRIMARY KEY, version integer NOT NULL, snapshot jsonb NOT NULL)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE node');
  }
}

/** An imported draft has no key until somebody completes it. */
export class KeylessDrafts1763720000000 implements MigrationInterface {
  readonly name = 'KeylessDrafts1763720000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE agent ALTER COLUMN key DROP NOT NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DELETE FROM agent WHERE key IS NULL');
    await runner.query('ALTER TABLE agent ALTER COLUMN key SET NOT NULL');
  }
}
