import { randomBytes, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { envelope, startHeartbeats } from '@countersign/bus';
import { createPostgresEventStore, migrateEventStore, openPool, startOutboxRelay } from '@countersign/event-store/postgres';
import { createMemoryHotState } from '@countersign/hot-state/memory';
import { createRedisHotState } from '@countersign/hot-state/redis';
import { signServiceMessage } from '@countersign/identity';
import { createHaltView, createRevocationView } from '@countersign/tool-guard';
import type { Revocation } from '@countersign/contracts';
import { uuidV7From } from '@countersign/kernel';
import { createBus, numbering, secretFile, serviceKey, serviceKeys } from '@countersign/service-host';
import type { ServiceOptions } from '@countersign/service-host';
import { createLogger } from '@countersign/telemetry';
import { composeRegistry } from './compose.ts';
import type { RegistryConfig } from './config.ts';
import { createAskPolicy } from './outbound/ask-policy.ts';
import { createDeeds } from './outbound/deeds.ts';
import { createShadows } from './outbound/shadows.ts';
import { createToolUses } from './outbound/tool-uses.ts';
import { createPermissionBook } from './outbound/permission-book.ts';
import { createExclusively } from './outbound/exclusively.ts';
import { createScimBook } from './outbound/scim-book.ts';
import { createInventory, openInventory } from './outbound/inventory.ts';
import { beatTopics, createMessages } from './outbound/publish.ts';
import { createCredentialBook } from './outbound/credential-book.ts';
import { createAgentSearch } from './views/agent-search.ts';
import { createScopeExtensions } from './outbound/scope-extensions.ts';
import { RegistryModule } from './registry.module.ts';

/** Names nobody registered that are kept apart. */
const mostShadows = 1_000;

/** A whole catalogue is one request, so that all of it is taken or nothing. */
const graphBytes = 16 * 2 ** 20;

/** Opens everything the service needs; what it returns is started by the service host. */
export const openRegistry = async (config: RegistryConfig): Promise<ServiceOptions> => {
  const log = createLogger({ service: 'registry', level: config.logLevel });
  const onError = (err: Error, what: string): void => log.error({ err, what }, what);
  const key = serviceKey(config.secretsDir, 'registry');
  const { jwks, keys } = serviceKeys(config.secretsDir);
  const bus = await createBus(config.bus, { clientId: 'registry' });
  const source = await openInventory(config.postgres);
  const pool = openPool({ connectionString: config.postgres, max: 8, onError: (err) => log.warn({ err }, 'lost a connection to PostgreSQL') });
  const locks = openPool({ connectionString: config.postgres, max: 3, onError: (err) => log.warn({ err }, 'lost a connection to PostgreSQL') });
  await migrateEventStore(pool);
  const hot = config.redis === undefined ? createMemoryHotState() : createRedisHotState({ url: config.redis, prefix: 'registry:' });
  const relay = startOutboxRelay({ pool, bus, shard: 'registry', numbering: numbering(key), onError: (error) => onError(error, 'outbox') });
  const onTopic: Revocation[] = [];
  const revocations = createRevocationView({ bus, jwks: keys, now: Date.now, onRevoked: (entry) => onTopic.push(entry), onError: (error) => onError(error, 'revocations') });
  const halts = createHaltView({ bus, jwks: keys, now: Date.now, onError: (error) => onError(error, 'halts') });
  const registry = await composeRegistry({
    store: createPostgresEventStore(pool, () => relay.wake()), inventory: createInventory(source), permissionBook: createPermissionBook(source), toolUses: createToolUses(source), enoughUse: { days: config.proposalDays, calls: config.proposalCalls }, search: createAgentSearch(source), messages: createMessages(key, config.tenant, Date.now), hot, exclusively: createExclusively(locks, config.tenant), key, jwks,
    proofSecret: secretFile(config.secretsDir, 'proof-secret'), tenant: config.tenant, publicUrl: config.publicUrl, reopenFounding: config.reopenFounding, audience: config.audience, tokensPerMinute: config.tokensPerMinute, halts, delegationDepth: config.delegationDepth, graphNodes: config.graphNodes, terms: config.terms, deeds: createDeeds(source), deedsKeptMs: config.deedDays * 86_400_000, shadows: createShadows(source, mostShadows),
    askPolicy: createAskPolicy({ url: config.policyUrl, keys, ids: randomUUID, now: Date.now }), fourEyes: config.fourEyes,
    credentialBook: createCredentialBook(source), scimBook: createScimBook(source), extensions: createScopeExtensions(source), revocations, keyLifeMs: config.keyLifeDays * 86_400_000,
    ids: () => uuidV7From(Date.now(), randomBytes(10)), now: Date.now,
  });
  // Before the first heartbeat: whoever sees that one has seen everything.
  const snapshots = [...await registry.snapshots(), ...await registry.credentials.snapshots()];
  if (snapshots.length > 0) await bus.publish(snapshots);
  const beats = beatTopics.map((topic) => startHeartbeats(bus, topic, {
    now: Date.now, onError: (error) => onError(error, 'heartbeat'),
    sign: (beatKey, value, at) => signServiceMessage({ topic, key: beatKey, value, headers: envelope({ id: randomUUID(), type: 'countersign.registry.heartbeat.v1', source: 'registry', time: at, tenant: config.tenant }) }, key).headers,
  }));
  // A database restored from a backup has lost what was revoked since; the topic has not. Nothing is issued before the two agree.
  await revocations.ready;
  const restored = await registry.credentials.merge(onTopic.splice(0));
  if (restored > 0) log.warn({ restored }, 'revocations that this database had lost came back from the topic: was it restored from a backup?');
  const tick = async (): Promise<void> => {
    const forgotten = await registry.credentials.tick();
    onTopic.length = 0;
    if (forgotten.length > 0) await bus.publish(forgotten);
  };
  const ticking = setInterval(() => { tick().catch((error: Error) => onError(error, 'credentials')); }, config.credentialsTickMs);
  const first = await registry.firstInvitation();
  if (first) {
    const file = join(config.secretsDir, 'operator-enrolment');
    await writeFile(file, first.code, { mode: 0o600 });
    log.info({ file }, 'nobody is enrolled yet: the first operator enrols with the one-time code in this file');
  }
  // Another instance may have heard that somebody left.
  const reading = setInterval(() => { registry.refreshPeople().catch((error: Error) => onError(error, 'people')); }, 1_000);
  const tending = setInterval(() => { registry.tend().catch((error: Error) => onError(error, 'tending')); }, config.tendEveryS * 1_000);
  return {
    name: 'registry', http: config.http, module: RegistryModule.of(registry), largeBodies: { '/graph': graphBytes }, log, bus, otlpEndpoint: config.otlpEndpoint,
    onDrain: async () => { clearInterval(ticking); await revocations.stop(); await halts.stop(); await Promise.all(beats.map((beat) => beat.stop())); await relay.stop(); await hot.close(); clearInterval(reading); clearInterval(tending); await pool.end(); await locks.end(); await source.destroy(); },
  };
};
