import { randomUUID } from 'node:crypto';
import { envelope, namespacedBus, startHeartbeats } from '@countersign/bus';
import { createKafkaBus } from '@countersign/bus/kafka';
import { topic } from '@countersign/contracts';
import { signServiceMessage } from '@countersign/identity';
import { serviceKey } from '@countersign/service-host';

/** Everybody's heartbeats, in a process of their own: a loader that is busy must not make policy's snapshots stale. `node heartbeats.js BROKERS SECRETS TENANT [NAMESPACE [SERVICE]]`; with a service only its own. */
const [brokers, secretsDir, tenant, namespace, only] = process.argv.slice(2) as [string, string, string, string?, string?];
const kafka = await createKafkaBus({ brokers: brokers.split(','), clientId: 'bench-heartbeats' });
const bus = namespace === undefined ? kafka : namespacedBus(kafka, namespace);
const beats = ([['registry', topic.registryAgents, 1_000], ['registry', topic.registryTools, 1_000], ['registry', topic.registryPeople, 1_000], ['registry', topic.registryGraph, 1_000], ['registry', topic.registryRevocations, 1_000], ['supervision', topic.supervisionHalts, 500], ['anomaly', topic.anomalyLevels, 1_000]] as const)
  .filter(([who]) => only === undefined || who === only)
  .map(([who, at, everyMs]) => {
    const key = serviceKey(secretsDir, who);
    return startHeartbeats(bus, at, {
      everyMs, now: Date.now,
      sign: (name, value) => signServiceMessage({ topic: at, key: name, value, headers: envelope({ id: randomUUID(), type: `countersign.${who}.heartbeat.v1`, source: `/${who}`, time: Date.now(), tenant }) }, key).headers,
    });
  });
process.stdout.write('beating\n');
process.once('SIGTERM', () => { void Promise.all(beats.map((beat) => beat.stop())).then(() => bus.close()).then(() => process.exit(0)); });
