import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import type { Deed, Deeds } from '../app/ports.ts';

export class CreateDeeds1763750000000 implements MigrationInterface {
  readonly name = 'CreateDeeds1763750000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE deed (run uuid NOT NULL, action uuid NOT NULL, agent text NOT NULL, agent_version integer NOT NULL, tool text NOT NULL, at bigint NOT NULL, decision text NOT NULL,
      tier smallint NOT NULL, policy_version text NOT NULL, rules jsonb NOT NULL, votes jsonb NOT NULL, PRIMARY KEY (run, action))`);
    await runner.query('CREATE TABLE shadow (principal text PRIMARY KEY, code text NOT NULL, count bigint NOT NULL, first_at bigint NOT NULL, last_at bigint NOT NULL, told_day integer)');
    await runner.query('CREATE TABLE shadow_forgotten (one boolean PRIMARY KEY DEFAULT true CHECK (one), count bigint NOT NULL)');
    await runner.query('INSERT INTO shadow_forgotten (count) VALUES (0)');
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['shadow_forgotten', 'shadow', 'deed']) await runner.query(`DROP TABLE ${table}`);
  }
}

export class DeedsByTime1763790000000 implements MigrationInterface {
  readonly name = 'DeedsByTime1763790000000';

  async up(runner: QueryRunner): Promise<void> {
    // Written in the order of time: a few pages say which of it is old.
    await runner.query('CREATE INDEX deed_at ON deed USING brin (at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX deed_at');
  }
}

interface Row { run: string; action: string; agent: string; agentVersion: number; tool: string; at: string; decision: string; tier: number; policyVersion: string; rules: string[]; votes: { person: string; vote: string }[] }

/** What was decided about each action, as far as it takes to say who answers for it. */
export const createDeeds = (source: DataSource): Deeds => ({
  put: async (deeds) => {
    if (deeds.length === 0) return;
    await source.query(
      `INSERT INTO deed AS kept (run, action, agent, agent_version, tool, at, decision, tier, policy_version, rules, votes)
       SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[], $5::text[], $6::bigint[], $7::text[], $8::int[], $9::text[], $10::jsonb[], $11::jsonb[])
       ON CONFLICT (run, action) DO UPDATE SET agent_version = excluded.agent_version, at = excluded.at, decision = excluded.decision, tier = excluded.tier,
         policy_version = CASE WHEN excluded.rules = '[]' THEN kept.policy_version ELSE excluded.policy_version END, rules = CASE WHEN excluded.rules = '[]' THEN kept.rules ELSE excluded.rules END,
         votes = CASE WHEN excluded.votes = '[]' THEN kept.votes ELSE excluded.votes END WHERE kept.at <= excluded.at`,
      [deeds.map((one) => one.run), deeds.map((one) => one.action), deeds.map((one) => one.agent), deeds.map((one) => one.agentVersion), deeds.map((one) => one.tool), deeds.map((one) => one.at), deeds.map((one) => one.decision),
        deeds.map((one) => one.tier), deeds.map((one) => one.policyVersion), deeds.map((one) => JSON.stringify(one.rules)), deeds.map((one) => JSON.stringify(one.votes))]);
  },
  prune: async (before, atMost) => (await source.query<[unknown[], number]>('DELETE FROM deed WHERE ctid = ANY(ARRAY(SELECT ctid FROM deed WHERE at < $1 LIMIT $2))', [before, atMost]))[1],
  get: async (run, action) => {
    const [row] = await source.query<Row[]>('SELECT run, action, agent, agent_version AS "agentVersion", tool, at, decision, tier, policy_version AS "policyVersion", rules, votes FROM deed WHERE run = $1 AND action = $2', [run, action]);
    return row && ({ ...row, at: Number(row.at) } satisfies Deed);
  },
});
