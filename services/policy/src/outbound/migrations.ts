import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateCheckpoints1700000000000 implements MigrationInterface {
  readonly name = 'CreateCheckpoints1700000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE policy_checkpoint (topic text NOT NULL, partition integer NOT NULL, fold_version integer NOT NULL, position bigint NOT NULL, from_offset bigint NOT NULL, state bytea NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (topic, partition))');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE policy_checkpoint');
  }
}
