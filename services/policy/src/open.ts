import { randomUUID } from 'node:crypto';
import { createBus, secretFile, serviceKey, serviceKeys } from '@countersign/service-host';
import type { ServiceOptions } from '@countersign/service-host';
import { createLogger, createMetrics } from '@countersign/telemetry';
import { composePolicy } from './compose.ts';
import type { PolicyConfig } from './config.ts';
import { loadBundle } from './inbound/bundle-files.ts';
import { followSnapshots } from './inbound/snapshots.ts';
import { createCheckpointStore, openCheckpoints } from './outbound/checkpoints.ts';
import { createBudgetLedger } from './outbound/ledger.ts';
import { PolicyModule } from './policy.module.ts';
import { policyTopics } from './compose.ts';

/** Opens everything the service needs; what it returns is started by the service host. */
export const openPolicy = async (config: PolicyConfig): Promise<ServiceOptions> => {
  const log = createLogger({ service: 'policy', level: config.logLevel });
  const metrics = createMetrics('policy');
  const counted = metrics.counter('countersign_policy_total', 'What policy wrote or counted', ['what']);
  const { bundle } = await loadBundle(config.bundle);
  const { jwks, keys } = serviceKeys(config.secretsDir);
  const bus = await createBus(config.bus, { clientId: 'policy' });
  const source = await openCheckpoints(config.postgres);
  const onError = (err: Error, what: string): void => log.error({ err, what }, what);
  const snapshots = followSnapshots(bus, { keys, now: Date.now, onError });
  const policy = await composePolicy({
    bus, snapshots, bundle, keys, jwks, key: serviceKey(config.secretsDir, 'policy'), proofSecret: secretFile(config.secretsDir, 'proof-secret'),
    checkpoints: createCheckpointStore(source, policyTopics.governed), ledger: createBudgetLedger(source, policyTopics.governed, Date.now),
    tenant: config.tenant, audience: config.audience, anomalyEffect: config.anomalyEffect,
    limits: { grantMs: config.grantMs, actionsPerRun: 10_000, denies: 3, clockSkewMs: 300_000 },
    pace: { everyRecords: config.checkpointRecords, everyMs: config.checkpointMs }, maxBatch: config.maxBatch,
    owner: `policy-${randomUUID()}`, now: Date.now, onError,
    count: (what, n) => { if (n > 0) counted.inc({ what }, n); },
    onTakenOver: (partition, how) => log.info({ partition, ...how }, 'partition taken over'),
  });
  log.info({ version: bundle.version, rules: bundle.rules.length, interpreted: bundle.interpreted }, 'rules loaded');
  return {
    name: 'policy', http: config.http, module: PolicyModule.of(policy), log, metrics, bus, otlpEndpoint: config.otlpEndpoint, ready: policy.ready,
    onDrain: async () => { await policy.stop(); await source.destroy(); },
  };
};
