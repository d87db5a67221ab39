import { createMemoryHotState } from '@countersign/hot-state/memory';
import { createRedisHotState } from '@countersign/hot-state/redis';
import { createBus, createUsedStatements, directoryOf, followPeople, serviceKey, serviceKeys } from '@countersign/service-host';
import type { ServiceOptions } from '@countersign/service-host';
import { createLogger } from '@countersign/telemetry';
import { composeGateway } from './compose.ts';
import type { GatewayConfig } from './config.ts';
import { authzenDoor } from './inbound/authzen-door.ts';
import { channelsDoor } from './inbound/channels-door.ts';
import { followDirectory } from './inbound/directory.ts';
import { GatewayModule } from './gateway.module.ts';

/** Opens everything the service needs; what it returns is started by the service host. */
export const openGateway = async (config: GatewayConfig): Promise<ServiceOptions> => {
  const log = createLogger({ service: 'gateway', level: config.logLevel });
  const bus = await createBus(config.bus, { clientId: 'gateway' });
  const { keys } = serviceKeys(config.secretsDir);
  const onError = (err: Error, what: string) => log.error({ err, what }, 'gateway');
  // Without Redis the counts are this process's own: one gateway is fine, several would each give an agent a whole minute.
  const hotState = config.redis === undefined ? createMemoryHotState() : createRedisHotState({ url: config.redis, onError: (error) => onError(error, 'hot state') });
  const people = followPeople(bus, { keys, now: Date.now, onError });
  const directory = followDirectory(bus, people, { keys, now: Date.now, onError });
  const gateway = await composeGateway({ ...config, key: serviceKey(config.secretsDir, 'gateway'), bus, hotState, keys, directory, now: Date.now, onError });
  return {
    name: 'gateway', http: config.http, log, bus, otlpEndpoint: config.otlpEndpoint,
    module: GatewayModule.of(gateway, directoryOf(people, { audience: 'gateway', now: Date.now, ...createUsedStatements(hotState, { service: 'gateway', tenant: config.tenant, now: Date.now }) })),
    ready: gateway.ready, door: (fastify) => { authzenDoor(fastify); channelsDoor(fastify); }, hosts: [new URL(config.publicUrl).hostname],
    onDrain: async () => { await gateway.stop(); await directory.stop(); await people.stop(); await hotState.close(); },
  };
};
