import { mkdirSync, rmSync } from 'node:fs';
import { namespacedBus } from '@countersign/bus';
import type { Bus } from '@countersign/bus';
import { createKafkaBus } from '@countersign/bus/kafka';
import { tcpGate } from '@countersign/spec';
import type { TcpGate } from '@countersign/spec';
import { freePorts, openPlace, serviceNames } from '@countersign/spec/whole';
import type { Place, ServiceName } from '@countersign/spec/whole';

/** What infra/local/services.mjs gives; it is plain JavaScript. */
export interface ServiceProcesses {
  readonly urls: Readonly<Record<ServiceName, string>>;
  kill(name: ServiceName): Promise<void>;
  pause(name: ServiceName): void;
  resume(name: ServiceName): void;
  restart(name: ServiceName): Promise<number>;
  onExit(listener: (error: Error) => void): void;
  close(): Promise<void>;
}
interface Starter { startServices(infra: object, names: readonly string[], options: object): Promise<ServiceProcesses> }
interface Builder { build(options: object): Promise<unknown> }
interface Paths { profile(name: string, options: object): { readonly dir: string; readonly logs: string } }

const local = async <T>(file: string): Promise<T> => await import(new URL(`../../infra/local/${file}`, import.meta.url).href) as T;

/** The seven services as processes of their own, on the test run's Kafka, PostgreSQL and Redis. */
export interface Processes {
  readonly place: Place;
  readonly services: ServiceProcesses;
  readonly bus: Bus;
  /** The services' way to PostgreSQL. */
  readonly postgres: TcpGate;
  readonly dir: string;
  /** Services that ended though nobody asked them to. */
  readonly ended: readonly Error[];
  close(): Promise<void>;
}

export const startProcesses = async (env: Readonly<Record<string, string>>): Promise<Processes> => {
  const closers: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => { for (const one of closers.splice(0).reverse()) await one(); };
  try {
    await (await local<Builder>('build.mjs')).build({ quiet: true });
    const place = await openPlace();
    closers.push(place.close);
    const address = new URL(place.database('registry'));
    const postgres = await tcpGate({ host: address.hostname, port: Number(address.port) });
    closers.push(() => postgres.close());
    const profile = (await local<Paths>('paths.mjs')).profile(`faults-${place.namespace}`, { ephemeral: true });
    mkdirSync(profile.logs, { recursive: true });
    closers.push(() => rmSync(profile.dir, { recursive: true, force: true }));
    const ports = await freePorts(serviceNames.length);
    const infra = {
      profile, bus: 'kafka', kafka: { brokers: place.kafka }, redis: place.redis, secrets: { dir: place.secretsDir },
      ports: { http: Object.fromEntries(serviceNames.map((name, i) => [name, ports[i]!])) },
      postgres: { url: (database: string) => Object.assign(new URL(place.database(database.replace('countersign_', '') as ServiceName)), { host: `127.0.0.1:${postgres.port}` }).href },
    };
    const services = await (await local<Starter>('services.mjs')).startServices(infra, serviceNames, { env: { CS_BUS_NAMESPACE: place.namespace, CS_LOG_LEVEL: 'warn', ...env } });
    closers.push(() => services.close());
    const ended: Error[] = [];
    services.onExit((error) => ended.push(error));
    const bus = namespacedBus(await createKafkaBus({ brokers: place.kafka.split(','), clientId: 'faults' }), place.namespace);
    closers.push(() => bus.close());
    return { place, services, bus, postgres, dir: profile.dir, ended, close };
  } catch (error) {
    await close();
    throw error;
  }
};
