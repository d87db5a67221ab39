import { baseConfig, integer, optional, postgresField, readConfig } from '@countersign/service-host';
import { join } from 'node:path';

/** Reads and checks the environment; prints every problem and exits 2 where it cannot start. */
export const loadConfig = (env: NodeJS.ProcessEnv = process.env) => {
  const config = readConfig(env, {
    ...baseConfig({ port: 7106 }), postgres: postgresField, origin: optional('CS_LOG_ORIGIN'), keeper: optional('CS_CHECKPOINT_FILE'), checkpointStore: optional('CS_CHECKPOINT_STORE'), keyFolder: optional('CS_AUDIT_KEYS'), predecessor: optional('CS_LOG_PREDECESSOR'), witnessPolicy: optional('CS_WITNESS_POLICY'), subscriptions: optional('CS_SUBSCRIPTIONS'),
    catalogueWaitMs: integer('CS_AUDIT_CATALOGUE_WAIT_MS', { default: 10_000, min: 0, max: 600_000 }),
    witnessIntervalMs: integer('CS_WITNESS_INTERVAL_MS', { default: 1_000, min: 50, max: 3_600_000 }),
  });
  return Object.freeze({
    ...config,
    origin: config.origin ?? `countersign.local/${config.tenant}`,
    keyFolder: config.keyFolder ?? join(config.secretsDir, 'audit-keys'),
    // Beside the secrets and not in the database's folder: a restored backup must not bring its own last checkpoint along.
    keeper: config.keeper ?? join(config.secretsDir, 'last-checkpoint.json'),
  });
};

export type AuditConfig = ReturnType<typeof loadConfig>;
