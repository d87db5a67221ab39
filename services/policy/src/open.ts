import { randomUUID } from 'node:crypto';
import { isMainThread } from 'node:worker_threads';
import { argumentsDigest } from '@countersign/identity';
import { createBus, openUsedStatements, secretFile, serviceKey, serviceKeys } from '@countersign/service-host';
import type { ServiceOptions } from '@countersign/service-host';
import { createLogger, createMetrics } from '@countersign/telemetry';
import { openPool } from '@countersign/event-store/postgres';
import { startBundleWorker } from './checks/bundle-worker.ts';
import { composeBundles } from './compose-bundles.ts';
import { composePolicy } from './compose.ts';
import type { PolicyConfig } from './config.ts';
import { parseBundle, readBundleFiles } from './inbound/bundle-files.ts';
import { personDirectory } from './inbound/person-directory.ts';
import { followSnapshots } from './inbound/snapshots.ts';
import { createCheckpointStore, openCheckpoints } from './outbound/checkpoints.ts';
import { createBudgetLedger } from './outbound/ledger.ts';
import { PolicyModule } from './policy.module.ts';
import { policyTopics } from './compose.ts';

/** Opens everything the service needs; what it returns is started by the service host. */
export const openPolicy = async (config: PolicyConfig): Promise<ServiceOptions> => {
  const log = createLogger({ service: 'policy', level: config.logLevel });
  const metrics = createMetrics('policy', { defaults: isMainThread });
  const counted = metrics.counter('countersign_policy_total', 'What policy wrote or counted', ['what']);
  const files = await readBundleFiles(config.bundle);
  const installed = parseBundle(files);
  const { jwks, keys } = serviceKeys(config.secretsDir);
  const bus = await createBus(config.bus, { clientId: 'policy' });
  const source = await openCheckpoints(config.postgres);
  const onError = (err: Error, what: string): void => log.error({ err, what }, what);
  const key = serviceKey(config.secretsDir, 'policy'), proofSecret = secretFile(config.secretsDir, 'proof-secret');
  const owner = `policy-${randomUUID()}`;
  const snapshots = followSnapshots(bus, { keys, now: Date.now, onError, report: { point: `policy/${owner}`, kind: 'policy', key, tenant: config.tenant }, recordBounds: { raiseMs: config.recordRaiseMs, denyMs: config.recordDenyMs } });
  const pool = openPool({ connectionString: config.postgres, max: 4, onError: (err) => log.warn({ err }, 'lost a connection to PostgreSQL') });
  const worker = startBundleWorker((error) => onError(error, 'bundle worker'));
  const bundles = await composeBundles({
    bus, pool, key, keys, tenant: config.tenant, name: config.bundleName, builtIn: { files, spec: installed.spec, bundle: installed.bundle }, person: (id) => snapshots.person(id), known: snapshots.ready,
    publishers: config.publishers, checks: worker.checks(() => snapshots.catalogue()), tool: (name) => snapshots.tool(name), catalogue: () => argumentsDigest(snapshots.catalogue().map(({ tool, definition }) => `${tool} ${definition}`).sort()), compile: worker.compile, secret: proofSecret, evaluator: owner, now: Date.now, onError,
    onSwap: (activation, version) => log.info({ activation, version }, 'rules in force'),
  });
  const used = openUsedStatements(config, 'policy', (error) => onError(error, 'used statements'));
  const people = personDirectory(snapshots, Date.now, used.useOnce);
  const policy = await composePolicy({
    bus, snapshots, bundle: bundles, keys, jwks, key, proofSecret,
    checkpoints: createCheckpointStore(source, policyTopics.governed), ledger: createBudgetLedger(source, policyTopics.governed, Date.now),
    tenant: config.tenant, audience: config.audience, anomalyEffect: config.anomalyEffect,
    limits: { grantMs: config.grantMs, actionsPerRun: 10_000, denies: 3, clockSkewMs: 300_000, delegation: { depth: config.delegationDepth, children: config.delegationChildren } },
    pace: { everyRecords: config.checkpointRecords, everyMs: config.checkpointMs }, maxBatch: config.maxBatch,
    owner, now: Date.now, onError,
    count: (what, n) => { if (n > 0) counted.inc({ what }, n); },
    onTakenOver: (partition, how) => log.info({ partition, ...how }, 'partition taken over'),
  });
  log.info({ name: config.bundleName, version: installed.bundle.version, rules: installed.bundle.rules.length, interpreted: installed.bundle.interpreted }, 'rules it was installed with');
  return {
    name: 'policy', http: config.http, module: PolicyModule.of(policy, bundles, people), log, metrics, bus, otlpEndpoint: config.otlpEndpoint, ready: policy.ready,
    onDrain: async () => { await policy.stop(); await worker.stop(); await used.close(); await pool.end(); await source.destroy(); },
  };
};
