import { createBus, createOutgoing, directoryOf, followPeople, followSigned, openUsedStatements, serviceKey, serviceKeys } from '@countersign/service-host';
import type { ServiceOptions } from '@countersign/service-host';
import { signers, topic, validateAgentSnapshot, validateToolSnapshot } from '@countersign/contracts';
import type { AgentSnapshot, ToolSnapshot } from '@countersign/contracts';
import { verifyServiceMessage } from '@countersign/identity';
import { createLogger } from '@countersign/telemetry';
import { createHaltView } from '@countersign/tool-guard';
import { openPool } from '@countersign/event-store/postgres';
import { readFileSync } from 'node:fs';
import { createReaders } from './outbound/readers.ts';
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
  const used = openUsedStatements(config, 'approvals', (error) => onError(error, 'used statements'));
  const people = directoryOf(snapshot, { audience: 'approvals', now: Date.now, relays: keys, useOnce: used.useOnce });
  const channels = config.channels === undefined ? undefined : openChannels(readChannels(readFileSync(config.channels, 'utf8')), config.secretsDir, serviceKey(config.secretsDir, 'approvals'), Date.now);
  const halts = createHaltView({ bus, jwks: keys, now: Date.now, onError: (error) => onError(error, 'halts') });
  halts.ready.catch(() => undefined);
  const tools = followSigned<ToolSnapshot>(bus, { topic: topic.registryTools, signer: 'registry', keys, now: Date.now, keyOf: (tool) => tool.tool, onError: (error) => onError(error, 'tools'), validate: validateToolSnapshot });
  // Nothing waits for it: a tool that is not known yet has no reader yet.
  tools.ready.catch(() => undefined);
  const agents = followSigned<AgentSnapshot>(bus, { topic: topic.registryAgents, signer: 'registry', keys, now: Date.now, keyOf: (agent) => agent.agent, onError: (error) => onError(error, 'agents'), validate: validateAgentSnapshot });
  agents.ready.catch(() => undefined);
  const readers = createReaders({ urlOf: (tool) => tools.get(tool)?.reader?.url, outgoing: createOutgoing({ allow: (config.readers ?? '').split(',').map((one) => one.trim()).filter((one) => one !== ''), timeoutMs: config.readerMs, maxBytes: 65_536 }), key: serviceKey(config.secretsDir, 'approvals'), now: Date.now });
  const approvals = await composeApprovals({ readers, named: ({ agent, tool }) => (tools.isStale() || agents.isStale() ? undefined : { tool: tools.get(tool), agent: agents.get(agent) }), everybody: () => (snapshot.isStale() ? null : [...snapshot.entries()].map(([, person]) => person).filter(({ status, tenant }) => status === 'active' && tenant === config.tenant)), halts, ...(channels !== undefined && { channels }), bus, pool, key: serviceKey(config.secretsDir, 'approvals'), people, tenant: config.tenant, now: Date.now, onError, friction: config.friction, mostOpen: { agent: config.openPerAgent, owner: config.openPerOwner } });
  return {
    name: 'approvals', http: config.http, log, bus, otlpEndpoint: config.otlpEndpoint, module: ApprovalsModule.of(approvals, people, config.tenant, (message) => verifyServiceMessage(message, keys, signers).ok),
    onDrain: async () => { await approvals.stop(); await halts.stop(); await tools.stop(); await agents.stop(); await snapshot.stop(); await used.close(); await pool.end(); },
  };
};
