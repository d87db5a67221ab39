import { readFile } from 'node:fs/promises';
import { namespacedBus } from '@countersign/bus';
import type { Bus } from '@countersign/bus';
import { topics } from '@countersign/contracts';
import type { BusConfig } from './base-config.ts';

/** Opens the bus that the configuration names (only its adapter is loaded) and makes sure of the topics: any service may be the first to start. */
export const createBus = async (config: BusConfig, options: { readonly clientId: string }): Promise<Bus> => {
  const opened = await open(config, options.clientId);
  const bus = config.namespace === undefined ? opened : namespacedBus(opened, config.namespace);
  try {
    await bus.ensureTopics(Object.values(topics));
    return bus;
  } catch (error) {
    await bus.close();
    throw error;
  }
};

const authority = (file: string): Promise<string> => readFile(file, 'utf8').catch((error: Error) => {
  throw new Error(`CS_KAFKA_CA_FILE names ${file}, which cannot be read (${error.message}). Name the PEM file with the certificate of the brokers' authority.`);
});

const open = async (config: BusConfig, clientId: string): Promise<Bus> => {
  if (config.kind === 'embedded') {
    const { createEmbeddedBus } = await import('@countersign/bus/embedded');
    return createEmbeddedBus({ connectionString: config.connectionString });
  }
  const { createKafkaBus } = await import('@countersign/bus/kafka');
  return createKafkaBus({ brokers: [...config.brokers], clientId, ...(config.ssl ? { ssl: config.caFile === undefined ? true : { ca: [await authority(config.caFile)] } } : {}), ...(config.sasl ? { sasl: config.sasl } : {}) });
};
