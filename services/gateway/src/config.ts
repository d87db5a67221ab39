import { baseConfig, integer, readConfig, text } from '@countersign/service-host';

const service = /^https?:\/\/[^\s/]+(:\d+)?$/;

/** Reads and checks the environment; prints every problem and exits 2 where it cannot start. */
export const loadConfig = (env: NodeJS.ProcessEnv = process.env) => {
  const config = readConfig(env, {
    ...baseConfig({ port: 7100 }),
    /** How callers reach this gateway, where that is not the address it listens at. */
    publicUrl: text('CS_GATEWAY_URL', { default: '', pattern: /^$|^https?:\/\/[^\s/?#]+(:\d+)?$/, remedy: 'Set it to the address of this gateway as its callers see it, without a path.' }),
    registryUrl: text('CS_REGISTRY_URL', { default: 'http://127.0.0.1:7101', pattern: service, remedy: 'Set it to the address of the registry, without a path.' }),
    supervisionUrl: text('CS_SUPERVISION_URL', { default: 'http://127.0.0.1:7104', pattern: service, remedy: 'Set it to the address of supervision, without a path.' }),
    approvalsUrl: text('CS_APPROVALS_URL', { default: 'http://127.0.0.1:7103', pattern: service, remedy: 'Set it to the address of approvals, without a path.' }),
    /** Runs opened and actions proposed by one agent in a minute, over all gateways. */
    perMinute: integer('CS_GATEWAY_PER_MINUTE', { default: 600, min: 1, max: 1_000_000 }),
    /** Life of the run of an AuthZEN evaluation, seconds: how long people may take over it. */
    evaluationLifeS: integer('CS_GATEWAY_EVALUATION_S', { default: 3_600, min: 60, max: 86_400 }),
  });
  return Object.freeze({ ...config, publicUrl: config.publicUrl || `http://${config.http.host}:${config.http.port}` });
};

export type GatewayConfig = ReturnType<typeof loadConfig>;
