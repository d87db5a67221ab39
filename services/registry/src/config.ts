import { baseConfig, optional, postgresField, readConfig, text, url } from '@countersign/service-host';

/** Reads and checks the environment; prints every problem and exits 2 where it cannot start. */
export const loadConfig = (env: NodeJS.ProcessEnv = process.env) => {
  const config = readConfig(env, {
    ...baseConfig({ port: 7101 }), postgres: postgresField, redis: optional('CS_REDIS_URL'),
    audience: text('CS_TOKEN_AUDIENCE', { default: 'countersign' }),
    publicUrl: url('CS_REGISTRY_URL', ['http:', 'https:'], { remedy: 'Set it to the address by which runtimes reach the registry: it is the audience of their client assertions.' }),
  });
  return Object.freeze({ ...config, publicUrl: config.publicUrl.replace(/\/+$/, '') });
};

export type RegistryConfig = ReturnType<typeof loadConfig>;
