import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts, until } from '@countersign/spec/whole';
import type { ServiceProcesses } from './processes.ts';

interface Launched { readonly record: { readonly pid: number } }
interface Profile { readonly dir: string; readonly logs: string }

const local = async <T>(file: string): Promise<T> => await import(new URL(`../../infra/local/${file}`, import.meta.url).href) as T;

/** One audit service with a broker and a PostgreSQL of its own, each of which can be killed: what npm start would have started. */
export interface Killable {
  readonly kafka: string;
  readonly audit: string;
  /** kill -9, then started again on the same data; resolves once it answers. */
  kill(what: 'audit' | 'broker' | 'postgres'): Promise<void>;
  close(): Promise<void>;
}

/** @param prepare makes topics, before the service starts */
export const startKillable = async (prepare: (kafka: string) => Promise<void>): Promise<Killable> => {
  const { startKafka, stopKafka } = await local<{ startKafka(how: object): Promise<Launched & { brokers: string }>; stopKafka(record: object): Promise<void> }>('kafka.mjs');
  const { startPostgres, stopPostgres } = await local<{ startPostgres(how: object): Promise<Launched & { url(database: string): string }>; stopPostgres(record: object): Promise<boolean> }>('postgres.mjs');
  const { erase } = await local<{ erase(profile: object): void }>('infrastructure.mjs');
  const profile = (await local<{ profile(name: string, options: object): Profile }>('paths.mjs')).profile(`faults-audit-${process.pid}`, { ephemeral: true });
  const [kafkaPort, controller, port, http] = await freePorts(4);
  mkdirSync(profile.logs, { recursive: true });
  const secrets = (await local<{ secretsOf(profile: object): { postgres: string } }>('secrets.mjs')).secretsOf(profile);
  const start = {
    broker: () => startKafka({ dir: join(profile.dir, 'kafka'), ports: { kafka: kafkaPort, controller }, log: join(profile.logs, 'kafka.log') }),
    postgres: () => startPostgres({ dir: join(profile.dir, 'postgres'), port, log: join(profile.logs, 'postgres.log'), password: secrets.postgres }),
  };
  const { build } = await local<{ build(options: object): Promise<unknown> }>('build.mjs');
  const prepared = async (): ReturnType<typeof start.broker> => {
    const started = await start.broker();
    await prepare(started.brokers);
    return started;
  };
  let [broker, postgres] = await Promise.all([prepared(), start.postgres(), build({ quiet: true })]);
  const infra = { profile, bus: 'kafka', kafka: { brokers: broker.brokers }, secrets, ports: { http: { audit: http } }, postgres };
  const services = await (await local<{ startServices(infra: object, names: readonly string[], options: object): Promise<ServiceProcesses> }>('services.mjs'))
    .startServices(infra, ['audit'], { env: { CS_LOG_LEVEL: 'warn', CS_AUDIT_CATALOGUE_WAIT_MS: '0' } });
  /** The port is taken until the last of its children has gone. */
  const again = <T>(begin: () => Promise<T>): Promise<T> => until('it starts again', () => begin().catch(() => undefined), 120_000);
  return {
    kafka: broker.brokers, audit: services.urls.audit,
    kill: async (what) => {
      if (what === 'audit') {
        await services.kill('audit');
        await services.restart('audit');
      } else if (what === 'broker') {
        process.kill(broker.record.pid, 'SIGKILL');
        broker = await again(start.broker);
      } else {
        process.kill(postgres.record.pid, 'SIGKILL');
        postgres = await again(start.postgres);
      }
    },
    close: async () => {
      await services.close();
      await Promise.all([stopKafka(broker.record), stopPostgres(postgres.record)]);
      erase(profile);
      rmSync(profile.dir, { recursive: true, force: true });
    },
  };
};
