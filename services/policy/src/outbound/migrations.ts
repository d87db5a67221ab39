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

export class CreateBudgetLedger1763700000000 implements MigrationInterface {
  readonly name = 'CreateBudgetLedger1763700000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE policy_budget (account text PRIMARY KEY, lim bigint NOT NULL, need bigint NOT NULL, granted bigint NOT NULL, leased bigint NOT NULL, until bigint NOT NULL)');
    await runner.query('CREATE INDEX policy_budget_until ON policy_budget (until)');
    await runner.query('CREATE TABLE policy_budget_lease (slot text NOT NULL, account text NOT NULL, leased bigint NOT NULL, until bigint NOT NULL, PRIMARY KEY (slot, account))');
    await runner.query('CREATE TABLE policy_budget_owner (slot text PRIMARY KEY, owner text NOT NULL)');
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['policy_budget', 'policy_budget_lease', 'policy_budget_owner']) await runner.query(`DROP TABLE ${table}`);
  }
}
