import { isHeartbeat } from '@countersign/bus';
import { createBus, directoryOf, followPeople, openUsedStatements, serviceKey, serviceKeys } from '@countersign/service-host';
import type { ServiceOptions } from '@countersign/service-host';
import { createKeySet, serviceOfKey } from '@countersign/identity';
import { createLogger } from '@countersign/telemetry';
import { openPool } from '@countersign/event-store/postgres';
import { setTimeout } from 'node:timers/promises';
import { keepGoing, keepPatrolling } from './app/keep-going.ts';
import type { Wait } from './app/keep-going.ts';
import { composeAudit } from './compose.ts';
import type { AuditConfig } from './config.ts';
import { openCustody } from './outbound/custody.ts';
import { createRefusals } from './inbound/writers.ts';
import { recorded } from './inbound/records.consumer.ts';
import { followHiddenArguments } from './inbound/hidden-arguments.ts';
import { createDelivery } from './app/deliver.ts';
import { createDeliveryStore } from './outbound/delivery-store.ts';
import { openSubscriptions } from './outbound/siem/open-subscriptions.ts';
import { readWitnessPolicy } from './outbound/witness-policy-file.ts';
import { openPersonNames } from './outbound/person-names.ts';
import { pseudonymSecret } from './outbound/pseudonym-secret.ts';
import { createCheckpointPublisher } from './outbound/publish.ts';
import { createStandingPorts } from './outbound/publish-standing.ts';
import { createStanding } from './app/standing.ts';
import { AuditModule } from './audit.module.ts';

const wait: Wait = (ms, signal) => setTimeout(ms, undefined, { signal }).catch(() => undefined);

/** Opens everything the service needs; what it returns is started by the service host. */
export const openAudit = async (config: AuditConfig): Promise<ServiceOptions> => {
  const log = createLogger({ service: 'audit', level: config.logLevel });
  const key = serviceKey(config.secretsDir, 'audit');
  const bus = await createBus(config.bus, { clientId: 'audit' });
  const pool = openPool({ connectionString: config.postgres, max: 4, onError: (err) => log.warn({ err }, 'lost a connection to PostgreSQL') });
  const { jwks, keys } = serviceKeys(config.secretsDir);
  const hidden = followHiddenArguments(bus, { keys, now: Date.now, onError: (err) => log.error({ err }, 'the catalogue of tools') });
  const custody = await openCustody(pool, config, log);
  const secret = await pseudonymSecret(config.secretsDir);
  const witnesses = await readWitnessPolicy(config.witnessPolicy);
  const together = [...custody.together, ...witnesses.witnesses.length === 0 ? ['no witness cosigns its checkpoints'] : []];
  const refusalOf = createRefusals(keys);
  const audit = await composeAudit({
    refusalOf, pool, origin: config.origin, key: { privateKey: key.key, publicKey: Buffer.from(key.publicJwk.x, 'base64url') },
    tenant: config.tenant, keeper: custody.keeper, refusals: custody.refusals, keys: custody.keys, hidden: hidden.of, catalogueRead: () => hidden.ready(config.catalogueWaitMs), pseudonymSecret: secret, people: openPersonNames(config.keyFolder, secret), publish: createCheckpointPublisher(bus, key, config.origin, config.tenant), now: Date.now,
    predecessor: config.predecessor, accept: config.accept, threads: config.threads, witnesses, alarm: (what, why) => log.error({ what, why }, 'a witness does not accept this log, or what is kept beside it was changed'),
  }).catch(async (error: unknown) => {
    // What was opened before is closed: a process of several services goes on without this one.
    await hidden.stop();
    await custody.close();
    await pool.end();
    await bus.close();
    throw error;
  });
  // Before anything newer is taken: what is skipped now would be below the offset of what came after it.
  if (audit.resumed) for (const topic of recorded) await bus.scan({ topic, onBatch: (messages) => audit.record(messages.filter((message) => !isHeartbeat(message) || refusalOf(message) !== undefined)) });
  const rounds = setInterval(() => { audit.witnessing.round().catch((err: unknown) => log.warn({ err }, 'a round of witnesses failed')); }, config.witnessIntervalMs).unref();
  const standing = createStanding({ ...createStandingPorts(bus, pool, key, config.origin, config.tenant), reached: audit.sequencer.reached, now: Date.now });
  const looks = setInterval(() => { standing.step().catch((err: unknown) => log.warn({ err }, 'how far the log is cannot be said: policy counts it as behind')); }, config.standingIntervalMs).unref();
  const people = followPeople(bus, { keys, now: Date.now, onError: (err, what) => log.error({ err, what }, 'audit') });
  const used = openUsedStatements(config, 'audit', (err) => log.error({ err }, 'used statements'));
  const index = keepGoing(() => audit.questions.step(), wait, (err) => log.error({ err }, 'the index waits'), { busy: audit.sequencer.busy, now: () => performance.now() });
  const patrol = keepPatrolling(audit.patrol, wait, config.patrolIntervalMs, audit.sequencer.busy, (err) => log.warn({ err }, 'the record could not be looked at'));
  const store = createDeliveryStore(pool, config.origin, audit.questions);
  const deliveries = (await openSubscriptions(config.subscriptions, { bus, key, origin: config.origin, tenant: config.tenant })).map((subscription) => createDelivery(subscription, store, Date.now));
  // Each goes on by itself: a receiver that is away holds up nobody else, least of all the log.
  const going = deliveries.map((delivery) => keepGoing(() => delivery.step(), wait, (err) => log.warn({ err, subscription: delivery.name }, 'a receiver outside waits')));
  const expiry = setInterval(() => { audit.privacy.expire().catch((err: unknown) => log.error({ err }, 'nothing expires: retention or holds cannot be read')); }, 3_600_000).unref();
  return {
    name: 'audit', http: config.http, module: AuditModule.of(audit, together, directoryOf(people, { audience: 'audit', now: Date.now, useOnce: used.useOnce }), createKeySet(jwks.filter(({ kid }) => serviceOfKey(kid) === 'registry')), deliveries), log, bus, otlpEndpoint: config.otlpEndpoint,
    onDrain: async () => { clearInterval(rounds); clearInterval(looks); clearInterval(expiry); await audit.close(); await Promise.all([index, patrol, ...going].map((one) => one.stop())); await people.stop(); await used.close(); await hidden.stop(); await pool.end(); await custody.close(); },
  };
};
