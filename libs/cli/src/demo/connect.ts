import type { Bus } from '@countersign/bus';
import { createBus } from '@countersign/service-host';
import { CannotRun } from '../errors.ts';
import type { Local } from '../local.ts';

/** The bus of the running Countersign. */
export const openBus = async (local: Local, clientId: string): Promise<Bus> => {
  if (local.bus === 'kafka' && local.kafka !== undefined) return createBus({ kind: 'kafka', brokers: local.kafka.split(','), ssl: false, sasl: undefined }, { clientId });
  if (local.bus === 'embedded' && local.postgres?.['bus'] !== undefined) return createBus({ kind: 'embedded', connectionString: local.postgres['bus'] }, { clientId });
  throw new CannotRun('The address of the bus is not known here: start Countersign with `npm start`, then try again.');
};

/** Where the demo's tools listen. Other versions of the local profile call the port `tools`. */
export const toolUrl = (local: Local): string => {
  const http = local.http as Readonly<Record<string, string | undefined>>;
  return http['demo'] ?? http['tools'] ?? 'http://127.0.0.1:7110';
};
