import { baseConfig, integer, optional, postgresField, readConfig } from '@countersign/service-host';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/** Reads and checks the environment; prints every problem and exits 2 where it cannot start. */
export const loadConfig = (env: NodeJS.ProcessEnv = process.env) => {
  const config = readConfig(env, {
    ...baseConfig({ port: 7106 }), postgres: postgresField, origin: optional('CS_LOG_ORIGIN'), keeper: optional('CS_CHECKPOINT_FILE'), checkpointStore: optional('CS_CHECKPOINT_STORE'), accept: optional('CS_CHECKPOINT_ACCEPT'), keyFolder: optional('CS_AUDIT_KEYS'), kmsUrl: optional('CS_AUDIT_KMS_URL'), kmsKey: optional('CS_AUDIT_KMS_KEY'), kmsTokenFile: optional('CS_AUDIT_KMS_TOKEN_FILE'), predecessor: optional('CS_LOG_PREDECESSOR'), witnessPolicy: optional('CS_WITNESS_POLICY'), subscriptions: optional('CS_SUBSCRIPTIONS'),
    catalogueWaitMs: integer('CS_AUDIT_CATALOGUE_WAIT_MS', { default: 10_000, min: 0, max: 600_000 }),
    standingIntervalMs: integer('CS_STANDING_INTERVAL_MS', { default: 5_000, min: 50, max: 60_000 }),
    patrolIntervalMs: integer('CS_AUDIT_PATROL_MS', { default: 1_000, min: 20, max: 3_600_000 }),
    threads: integer('CS_AUDIT_THREADS', { default: availableParallelism() > 1 ? 1 : 0, min: 0, max: 16 }),
    witnessIntervalMs: integer('CS_WITNESS_INTERVAL_MS', { default: 1_000, min: 50, max: 3_600_000 }),
  });
  return Object.freeze({
    ...config,
    origin: config.origin ?? `countersign.local/${config.tenant}`,
    kms: kmsOf(config.kmsUrl, config.kmsKey, config.kmsTokenFile),
    keyFolder: config.keyFolder ?? join(config.secretsDir, 'audit-keys'),
    // Beside the secrets and not in the database's folder: a restored backup must not bring its own last checkpoint along.
    keeper: config.keeper ?? join(config.secretsDir, 'last-checkpoint.json'),
  });
};

const kmsOf = (url: string | undefined, key = 'countersign-audit', tokenFile: string | undefined) => {
  if (url === undefined) return undefined;
  const local = /^https?:$/.test(URL.parse(url)?.protocol ?? '') && (url.startsWith('https:') || /^(localhost|127\.0\.0\.1|\[::1\])$/.test(new URL(url).hostname));
  if (local && tokenFile !== undefined && /^[A-Za-z0-9_.-]{1,64}$/.test(key)) return { url, key, tokenFile };
  process.stderr.write('Cannot start: CS_AUDIT_KMS_URL has to be an https: address (http: on this machine alone), CS_AUDIT_KMS_TOKEN_FILE a file with the token, and CS_AUDIT_KMS_KEY up to 64 letters, digits, . _ and -.\n');
  process.exit(2);
};

export type AuditConfig = ReturnType<typeof loadConfig>;
