import { baseConfig, optional, postgresField, readConfig } from '@countersign/service-host';
import { join } from 'node:path';

/** Reads and checks the environment; prints every problem and exits 2 where it cannot start. */
export const loadConfig = (env: NodeJS.ProcessEnv = process.env) => {
  const config = readConfig(env, { ...baseConfig({ port: 7106 }), postgres: postgresField, origin: optional('CS_LOG_ORIGIN'), keeper: optional('CS_CHECKPOINT_FILE') });
  return Object.freeze({
    ...config,
    origin: config.origin ?? `countersign.local/${config.tenant}`,
    // Beside the secrets and not in the database's folder: a restored backup must not bring its own last checkpoint along.
    keeper: config.keeper ?? join(config.secretsDir, 'last-checkpoint.json'),
  });
};

export type AuditConfig = ReturnType<typeof loadConfig>;
