import type { Bus } from '../port.ts';
import { createLogBus } from './log-bus.ts';
import type { LogBusOptions } from './log-bus.ts';
import { createPostgresStore } from './postgres-store.ts';

export interface EmbeddedBusConfig extends LogBusOptions {
  readonly connectionString: string;
}

/** The bus on PostgreSQL, for a machine with nothing but Node: same guarantees as Kafka's, one machine (DESIGN 6). Makes its own schema. */
export const createEmbeddedBus = async ({ connectionString, ...options }: EmbeddedBusConfig): Promise<Bus> =>
  createLogBus(await createPostgresStore(connectionString, options.log ?? (() => undefined)), options);
