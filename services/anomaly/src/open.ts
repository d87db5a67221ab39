import { openPool } from '@countersign/event-store/postgres';
import { createBus, directoryOf, followPeople, openUsedStatements, serviceKey, serviceKeys } from '@countersign/service-host';
import type { ServiceOptions } from '@countersign/service-host';
import { createLogger } from '@countersign/telemetry';
import { AnomalyModule } from './anomaly.module.ts';
import { composeAnomaly } from './compose.ts';
import type { AnomalyConfig } from './config.ts';

/** Opens everything the service needs; what it returns is started by the service host. */
export const openAnomaly = async (config: AnomalyConfig): Promise<ServiceOptions> => {
  const log = createLogger({ service: 'anomaly', level: config.logLevel });
  const bus = await createBus(config.bus, { clientId: 'anomaly' });
  const pool = openPool({ connectionString: config.postgres, max: 6, onError: (err) => log.warn({ err }, 'lost a connection to PostgreSQL') });
  const { keys } = serviceKeys(config.secretsDir);
  const onError = (err: Error, what: string) => log.error({ err, what }, 'anomaly');
  const people = followPeople(bus, { keys, now: Date.now, onError });
  const used = openUsedStatements(config, 'anomaly', (error) => onError(error, 'used statements'));
  const directory = directoryOf(people, { audience: 'anomaly', now: Date.now, useOnce: used.useOnce });
  const anomaly = await composeAnomaly({ bus, pool, key: serviceKey(config.secretsDir, 'anomaly'), keys, tenant: config.tenant, people: directory, now: Date.now, onError });
  return {
    name: 'anomaly', http: config.http, log, bus, otlpEndpoint: config.otlpEndpoint,
    module: AnomalyModule.of(anomaly, directory),
    ready: anomaly.ready,
    onDrain: async () => { await anomaly.stop(); await people.stop(); await used.close(); await pool.end(); },
  };
};
