import { createBus, directoryOf, followPeople, serviceKey, serviceKeys } from '@countersign/service-host';
import type { ServiceOptions } from '@countersign/service-host';
import { signers } from '@countersign/contracts';
import { verifyServiceMessage } from '@countersign/identity';
import { createLogger } from '@countersign/telemetry';
import { createHaltView } from '@countersign/tool-guard';
import { openPool } from '@countersign/event-store/postgres';
import { readFileSync } from 'node:fs';
import { openChannels, readChannels } from './outbound/channels/open-channels.ts';
import { composeApprovals } from './compose.ts';
import type { ApprovalsConfig } from './config.ts';
import { ApprovalsModule } from './approvals.module.ts';

/** Opens everything the service needs; what it returns is started by the service host. */
export const openApprovals = async (config: ApprovalsConfig): Promise<ServiceOptions> => {
  const log = createLogger({ service: 'approvals', level: config.logLevel });
  const onError = (err: Error, what: string) => log.error({ err, what }, 'approvals');
  const bus = await createBus(config.bus, { clientId: 'approvals' });
  const pool = openPool({ connectionString: config.postgres, max: 8, onError: (err) => log.warn({ err }, 'lost a connection to PostgreSQL') });
  const { keys } = serviceKeys(config.secretsDir);
  const snapshot = followPeople(bus, { keys, now: Date.now, onError });
  const people = directoryOf(snapshot, { audience: 'approvals', now: Date.now, relays: keys });
  const channels = config.channels === undefined ? undefined : openChannels(readChannels(readFileSync(config.channels, 'utf8')), config.secretsDir, serviceKey(config.secretsDir, 'approvals'), Date.now);
  const halts = createHaltView({ bus, jwks: keys, now: Date.now, onError: (error) => onError(error, 'halts') });
  halts.ready.catch(() => undefined);
  const approvals = await composeApprovals({ halts, ...(channels !== undefined && { channels }), bus, pool, key: serviceKey(config.secretsDir, 'approvals'), people, tenant: config.tenant, now: Date.now, onError, friction: config.friction, mostOpen: { agent: config.openPerAgent, owner: config.openPerOwner } });
  return {
    name: 'approvals', http: config.http, log, bus, otlpEndpoint: config.otlpEndpoint, module: ApprovalsModule.of(approvals, people, config.tenant, (message) => verifyServiceMessage(message, keys, signers).ok),
    onDrain: async () => { await approvals.stop(); await halts.stop(); await snapshot.stop(); await pool.end(); },
  };
};
