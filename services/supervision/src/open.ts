import { join } from 'node:path';
import { createBus, directoryOf, followPeople, followSigned, openUsedStatements, serviceKey, serviceKeys } from '@countersign/service-host';
import type { ServiceOptions } from '@countersign/service-host';
import { createLogger } from '@countersign/telemetry';
import { topic, validateAgentSnapshot, validateToolSnapshot } from '@countersign/contracts';
import type { AgentSnapshot, ToolSnapshot } from '@countersign/contracts';
import { openPool } from '@countersign/event-store/postgres';
import { checkVotes } from '@countersign/identity';
import type { VotersNow } from './app/ports.ts';
import { composeSupervision } from './compose.ts';
import type { Supervision } from './compose.ts';
import { createReversalRuntime } from './outbound/reversal-runtime.ts';
import type { SupervisionConfig } from './config.ts';
import { createLiveEvents } from './inbound/live-events.ts';
import { SupervisionModule } from './supervision.module.ts';

/** Opens everything the service needs; what it returns is started by the service host. */
export const openSupervision = async (config: SupervisionConfig): Promise<ServiceOptions> => {
  const log = createLogger({ service: 'supervision', level: config.logLevel });
  const bus = await createBus(config.bus, { clientId: 'supervision' });
  const pool = openPool({ connectionString: config.postgres, max: 8, onError: (err) => log.warn({ err }, 'lost a connection to PostgreSQL') });
  const { keys } = serviceKeys(config.secretsDir);
  const onError = (err: Error, what: string) => log.error({ err, what }, 'supervision');
  const people = followPeople(bus, { keys, now: Date.now, onError });
  let agentChanged: Supervision['agentChanged'] = () => undefined;
  const agents = followSigned<AgentSnapshot>(bus, {
    topic: topic.registryAgents, signer: 'registry', keys, now: Date.now, keyOf: (agent) => agent.agent, onError: (error) => onError(error, 'agents'),
    validate: validateAgentSnapshot, onChange: (_, agent) => { if (agent !== undefined) agentChanged(agent); },
  });
  const standing = {
    ready: agents.ready, isStale: () => agents.isStale(),
    isActive: (tenant: string, id: string) => { const agent = agents.get(id); return agent?.status === 'active' && agent.tenant === tenant; },
    owner: (tenant: string, id: string) => { const agent = agents.get(id); return agent?.tenant === tenant ? agent.owner : undefined; },
    ids: (tenant: string) => new Set([...agents.entries()].flatMap(([id, agent]) => (agent.tenant === tenant ? [id] : []))),
  };
  const tools = followSigned<ToolSnapshot>(bus, { topic: topic.registryTools, signer: 'registry', keys, now: Date.now, keyOf: (tool) => tool.tool, onError: (error) => onError(error, 'tools'), validate: validateToolSnapshot });
  // Nothing waits for it: what is not known cannot be taken back yet.
  tools.ready.catch(() => undefined);
  const runtime = createReversalRuntime({
    bus, keys, tenant: config.tenant, registryUrl: config.registryUrl, supervisionUrl: `http://127.0.0.1:${config.http.port}`, file: config.reversals ?? join(config.secretsDir, 'reversals.json'), waitMs: 30 * 60_000,
  });
  const used = openUsedStatements(config, 'supervision', (error) => onError(error, 'used statements'));
  const directory = directoryOf(people, { audience: 'supervision', now: Date.now, relays: keys, useOnce: used.useOnce });
  const active = (id: string) => { const person = directory.person(id); return person?.status === 'active' ? person : undefined; };
  const voters: VotersNow = { isStale: () => people.isStale(), check: (approved, tenant, now) => checkVotes(approved, active, { tenant, now }) };
  const supervision = await composeSupervision({ voters, tools, limits: config.limits, breakersEffect: config.breakersEffect, leaseMs: config.leaseMs, tokenAudience: config.tokenAudience, person: (id) => directory.person(id), outcomeWithinMs: config.outcomeWithinMs, compensate: runtime.compensate, agents: standing, bus, pool, key: serviceKey(config.secretsDir, 'supervision'), keys, tenant: config.tenant, now: Date.now, onError });
  if (config.breakersEffect === 'record') log.warn('breakers are only recorded (CS_BREAKERS_EFFECT=record): none of them stops anything');
  const live = createLiveEvents();
  supervision.onTaken(live.wake);
  agentChanged = supervision.agentChanged;
  for (const [, agent] of agents.entries()) agentChanged(agent);
  return {
    name: 'supervision', http: config.http, log, bus, otlpEndpoint: config.otlpEndpoint,
    module: SupervisionModule.of(supervision, directory, config.tenant, live),
    ready: supervision.ready,
    onDrain: async () => { await supervision.stop(); await runtime.stop(); await tools.stop(); await people.stop(); await agents.stop(); await used.close(); await pool.end(); },
  };
};
