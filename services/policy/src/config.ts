import { fileURLToPath } from 'node:url';
import { baseConfig, integer, optional, postgresField, readConfig, text } from '@countersign/service-host';

/** Reads and checks the environment; prints every problem and exits 2 where it cannot start. */
export const loadConfig = (env: NodeJS.ProcessEnv = process.env) => {
  const config = readConfig(env, {
    ...baseConfig({ port: 7102 }), postgres: postgresField,
    bundle: optional('CS_POLICY_BUNDLE'),
    audience: text('CS_TOKEN_AUDIENCE', { default: 'countersign' }),
    anomalyEffect: text<'record' | 'raise'>('CS_ANOMALY_EFFECT', { default: 'raise', oneOf: ['record', 'raise'] }),
    grantMs: integer('CS_GRANT_MS', { default: 30_000, min: 1_000, max: 300_000 }),
    checkpointRecords: integer('CS_CHECKPOINT_RECORDS', { default: 20_000, min: 1 }),
    checkpointMs: integer('CS_CHECKPOINT_MS', { default: 30_000, min: 100 }),
    maxBatch: integer('CS_POLICY_BATCH', { default: 1_000, min: 1, max: 1_000 }),
  });
  return Object.freeze({ ...config, bundle: config.bundle ?? fileURLToPath(new URL('../packs/demo', import.meta.url)) });
};

export type PolicyConfig = ReturnType<typeof loadConfig>;
