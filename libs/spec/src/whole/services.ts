import { startService } from '@countersign/service-host';
import type { RunningService, ServiceOptions } from '@countersign/service-host';
import { freePorts, serviceNames } from './infrastructure.ts';
import type { Place, ServiceName } from './infrastructure.ts';
import { until } from '../until.ts';

type Env = Readonly<Record<string, string>>;
export type Urls = Readonly<Record<ServiceName, string>>;

/** A service's own way from its environment to something the host can start: config.ts, then open.ts. */
const openers: Readonly<Record<ServiceName, (env: Env) => Promise<ServiceOptions>>> = {
  registry: async (env) => (await import('../../../../services/registry/src/open.ts')).openRegistry((await import('../../../../services/registry/src/config.ts')).loadConfig(env)),
  policy: async (env) => (await import('../../../../services/policy/src/open.ts')).openPolicy((await import('../../../../services/policy/src/config.ts')).loadConfig(env)),
  approvals: async (env) => (await import('../../../../services/approvals/src/open.ts')).openApprovals((await import('../../../../services/approvals/src/config.ts')).loadConfig(env)),
  supervision: async (env) => (await import('../../../../services/supervision/src/open.ts')).openSupervision((await import('../../../../services/supervision/src/config.ts')).loadConfig(env)),
  anomaly: async (env) => (await import('../../../../services/anomaly/src/open.ts')).openAnomaly((await import('../../../../services/anomaly/src/config.ts')).loadConfig(env)),
  audit: async (env) => (await import('../../../../services/audit/src/open.ts')).openAudit((await import('../../../../services/audit/src/config.ts')).loadConfig(env)),
  gateway: async (env) => (await import('../../../../services/gateway/src/open.ts')).openGateway((await import('../../../../services/gateway/src/config.ts')).loadConfig(env)),
};

export interface RunningServices {
  readonly urls: Urls;
  /** Starts one that was stopped again, at the same address. @param change of its environment, for this life of it */
  start(name: ServiceName, change?: Env): Promise<void>;
  /** Stops one of them, as if its process had gone. */
  stop(name: ServiceName): Promise<void>;
  close(): Promise<void>;
}

/** Starts services in this process as their main.ts would, and waits until every one says it is ready. */
export const startServices = async (place: Place, names: readonly ServiceName[], extra: Env = {}): Promise<RunningServices> => {
  const ports = await freePorts(serviceNames.length);
  const urls = Object.fromEntries(serviceNames.map((name, i) => [name, `http://127.0.0.1:${ports[i]!}`])) as unknown as Urls;
  const peers = Object.fromEntries(serviceNames.map((name) => [`CS_${name.toUpperCase()}_URL`, urls[name]]));
  const running = new Map<ServiceName, RunningService>();
  const stop = async (name: ServiceName): Promise<void> => {
    const service = running.get(name);
    running.delete(name);
    await service?.close();
  };
  const close = async (): Promise<void> => { await Promise.all([...running.keys()].reverse().map(stop)); };
  const start = async (name: ServiceName, change: Env = {}): Promise<void> => {
    const options = await openers[name]({
      CS_BUS: 'kafka', CS_KAFKA_BROKERS: place.kafka, CS_BUS_NAMESPACE: place.namespace, CS_POSTGRES_URL: place.database(name), CS_REDIS_URL: place.redis,
      CS_HTTP_PORT: String(ports[serviceNames.indexOf(name)]!), CS_SECRETS_DIR: place.secretsDir, CS_TENANT: 'acme', CS_LOG_LEVEL: process.env['CS_TEST_LOG_LEVEL'] ?? 'silent', ...peers, ...extra, ...change,
    });
    const service = await startService(options);
    running.set(name, service);
    await until(`${name} is ready`, () => service.ready().ok, 60_000).catch((error: Error) => { throw new Error(`${error.message} (${service.ready().why})`); });
  };
  // All together, as separate processes would: whoever waits for another's heartbeat waits.
  const started = await Promise.allSettled(names.map((name) => start(name)));
  const failed = started.find((one) => one.status === 'rejected');
  if (failed) {
    await close();
    throw failed.reason;
  }
  return { urls, stop, start, close };
};
