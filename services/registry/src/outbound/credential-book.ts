import type { Revocation } from '@countersign/contracts';
import { EntitySchema } from 'typeorm';
import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import type { CredentialBook } from '../app/ports.ts';
import type { AgentKeyState } from '../core/credentials.ts';

export interface AgentKeysRow { readonly agent: string; readonly version: number; readonly keys: readonly AgentKeyState[] }
export const AgentKeysEntity = new EntitySchema<AgentKeysRow>({
  name: 'agent_keys', tableName: 'agent_keys', columns: { agent: { type: 'text', primary: true }, version: { type: 'integer' }, keys: { type: 'jsonb' } },
});

export class CreateCredentials1763730000000 implements MigrationInterface {
  readonly name = 'CreateCredentials1763730000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE agent_keys (agent text PRIMARY KEY, version integer NOT NULL, keys jsonb NOT NULL)');
    await runner.query('CREATE TABLE revocation (revocation text PRIMARY KEY, agent text NOT NULL, entry jsonb NOT NULL, until bigint NOT NULL, at bigint NOT NULL)');
    await runner.query('CREATE INDEX revocation_by_agent ON revocation (agent, at DESC)');
    // Which registered key opened a run: revoking the key takes its sessions with it.
    await runner.query('ALTER TABLE run ADD COLUMN auth_key text');
    await runner.query('CREATE INDEX run_by_key ON run (auth_key, not_after) WHERE auth_key IS NOT NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE run DROP COLUMN auth_key');
    for (const table of ['revocation', 'agent_keys']) await runner.query(`DROP TABLE ${table}`);
  }
}

/** Rows of keys and revocations; a row of keys never goes back to an older version, a revocation is never changed. */
export const createCredentialBook = (source: DataSource): CredentialBook => {
  const entries = async (query: string, parameters: unknown[] = []): Promise<readonly Revocation[]> => (await source.query<{ entry: Revocation }[]>(query, parameters)).map(({ entry }) => entry);
  return {
    putKeys: async (agent, version, keys) => {
      await source.query(
        'INSERT INTO agent_keys AS kept (agent, version, keys) VALUES ($1, $2, $3) ON CONFLICT (agent) DO UPDATE SET version = excluded.version, keys = excluded.keys WHERE kept.version < excluded.version',
        [agent, version, JSON.stringify(keys)]);
    },
    keys: async (agent) => (await source.query<{ keys: AgentKeyState[] }[]>('SELECT keys FROM agent_keys WHERE agent = $1', [agent]))[0]?.keys ?? [],
    keyVersions: async () => new Map((await source.query<{ agent: string; version: number }[]>('SELECT agent, version FROM agent_keys')).map(({ agent, version }) => [agent, version])),
    sessionsOf: async (agent, thumbprint, at, most) => (await source.query<{ jkt: string }[]>(
      'SELECT DISTINCT jkt FROM run WHERE auth_key = $1 AND agent = $2 AND not_after > $3 LIMIT $4', [thumbprint, agent, at, most])).map(({ jkt }) => jkt),
    addRevocations: async (list) => {
      if (list.length === 0) return;
      await source.query(
        'INSERT INTO revocation (revocation, agent, entry, until, at) SELECT r.revocation, r.agent, r.entry, r.until, r.at FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::bigint[], $5::bigint[]) AS r (revocation, agent, entry, until, at) ON CONFLICT DO NOTHING',
        [list.map((one) => one.revocation), list.map((one) => one.agent), list.map((one) => JSON.stringify(one)), list.map((one) => one.until), list.map((one) => one.at)]);
    },
    revocations: (agent) => (agent === undefined ? entries('SELECT entry FROM revocation') : entries('SELECT entry FROM revocation WHERE agent = $1 ORDER BY at DESC LIMIT 10000', [agent])),
    known: async (ids) => new Set((await source.query<{ revocation: string }[]>('SELECT revocation FROM revocation WHERE revocation = ANY($1)', [ids])).map(({ revocation }) => revocation)),
    expiring: async (until) => (await source.query<{ agent: string }[]>(
      `SELECT agent FROM agent_keys WHERE EXISTS (SELECT 1 FROM jsonb_array_elements(keys) AS k WHERE NOT (k->>'announced')::boolean AND NOT (k->>'replaced')::boolean AND (k->>'notAfter')::bigint <= $1)`, [until])).map(({ agent }) => agent),
    prune: async (before) => ((await source.query<[{ revocation: string }[], number]>('DELETE FROM revocation WHERE until < $1 RETURNING revocation', [before]))[0]).map(({ revocation }) => revocation),
  };
};
