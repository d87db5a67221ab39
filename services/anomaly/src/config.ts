import { baseConfig, postgresField, readConfig } from '@countersign/service-host';

/** Reads and checks the environment; prints every problem and exits 2 where it cannot start. */
export const loadConfig = (env: NodeJS.ProcessEnv = process.env) => readConfig(env, { ...baseConfig({ port: 7105 }), postgres: postgresField });

export type AnomalyConfig = ReturnType<typeof loadConfig>;
