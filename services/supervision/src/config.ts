import { baseConfig, integer, optional, postgresField, readConfig, text } from '@countersign/service-host';
import { breakersFile } from './inbound/breakers-file.ts';

/** Reads and checks the environment; prints every problem and exits 2 where it cannot start. */
export const loadConfig = (env: NodeJS.ProcessEnv = process.env) => readConfig(env, { ...baseConfig({ port: 7104 }), postgres: postgresField,
  registryUrl: text('CS_REGISTRY_URL', { default: 'http://127.0.0.1:7101', pattern: /^https?:\/\/[^/\s]+$/, remedy: 'Set it to the address of the registry, without a path.' }),
  /** How long after its claim an action may stay unheard of before it is unknown. */
  outcomeWithinMs: integer('CS_OUTCOME_WITHIN_MS', { default: 120_000, min: 1_000, max: 86_400_000 }),
  /** How long a runtime that took the lease on its run holds it without renewing. */
  leaseMs: integer('CS_LEASE_MS', { default: 15_000, min: 500, max: 600_000 }),
  /** YAML file of the limits by which breakers open. */
  limits: breakersFile('CS_BREAKERS_FILE'),
  /** Whether a breaker that opens stops anything. */
  breakersEffect: text<'stop' | 'record'>('CS_BREAKERS_EFFECT', { default: 'stop', oneOf: ['stop', 'record'] }),
  tokenAudience: text('CS_TOKEN_AUDIENCE', { default: 'countersign' }),
  /** Who supervision is when it takes something back; default `reversals.json` among the secrets. */
  reversals: optional('CS_REVERSALS_FILE'),
});

export type SupervisionConfig = ReturnType<typeof loadConfig>;
