import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { namespacedBus } from '@countersign/bus';
import type { Bus } from '@countersign/bus';
import { createKafkaBus } from '@countersign/bus/kafka';
import { topic, topics } from '@countersign/contracts';
import pg from 'pg';
import type { Local } from '../local.ts';
import { answersReady, startNode } from './child.ts';
import { echoSubject } from './echo-subject.ts';
import { peak } from './flow.ts';
import { governedRecords } from './governed-records.ts';
import { ofRounds } from './measured.ts';
import type { Results } from './measured.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });
const loadAtOnce = 20_000;
/** Entries between two checkpoints of a partition, of which there are four: the last ones of a drained topic are not seen here. */
const unseen = 4 * 2_000;

const publish = async (bus: Bus, count: number): Promise<void> => {
  for (let first = 0; first < count; first += loadAtOnce) {
    const records = governedRecords(Math.min(loadAtOnce, count - first), 4, first / 4);
    for (let n = 0; n < records.length; n += 1_000) await bus.publish(records.slice(n, n + 1_000).map(({ topic: to, key, value, headers, partition }) => ({ topic: to, key: key!, value, headers, partition })));
  }
};

/**
 * anomaly.kafka.*: the real service takes a backlog of governed records of 2 KB, re-keys them by agent, seals, reads them back and scores them, pictures
 * included; counted by its checkpoints, from the first to the last. The baseline is the raw echo of 1 KB in the same run.
 */
export const benchAnomalyKafka = async (local: Local, { quick, tell }: { readonly quick: boolean; readonly tell: (line: string) => void }): Promise<Results> => {
  const namespace = `bench-${randomBytes(4).toString('hex')}`;
  const kafka = await createKafkaBus({ brokers: local.kafka!.split(','), clientId: 'bench' });
  const bus = namespacedBus(kafka, namespace);
  const client = new pg.Client(local.postgres['anomaly']);
  await client.connect();
  const count = quick ? 60_000 : 200_000;
  const beats = fileURLToPath(new URL('./heartbeats.js', import.meta.url));
  try {
    await bus.ensureTopics(Object.values(topics));
    await publish(bus, count);
    const beating = await startNode('heartbeats', [beats, local.kafka!, local.secrets, 'acme', namespace, 'registry'], { ready: async (printed) => printed.includes('beating') });
    const anomaly = await startNode('anomaly', [fileURLToPath(new URL('../../../../services/anomaly/dist/main.js', import.meta.url))], {
      env: { CS_BUS: 'kafka', CS_BUS_NAMESPACE: namespace, CS_KAFKA_BROKERS: local.kafka!, CS_POSTGRES_URL: local.postgres['anomaly']!, CS_HTTP_PORT: new URL(local.http.anomaly).port, CS_SECRETS_DIR: local.secrets, CS_TENANT: 'acme', CS_LOG_LEVEL: 'warn', ...(local.redis !== undefined && { CS_REDIS_URL: local.redis }) },
      ready: answersReady(local.http.anomaly),
    });
    let perSecond: number, cpuUs: number, memory: number;
    try {
      const scored = async (): Promise<number> => Number((await client.query<{ next: string }>('select coalesce(sum(next), 0) as next from checkpoint')).rows[0]!.next);
      const end = async (): Promise<number> => Number((await bus.ends(topic.anomalyActions)).reduce((sum, one) => sum + one, 0n));
      const deadline = performance.now() + 150_000;
      let first = await scored();
      while (first === 0) { if (performance.now() > deadline) throw new Error('anomaly scored nothing'); await sleep(20); first = await scored(); }
      const begun = performance.now(), cpuBefore = anomaly.cpuSeconds();
      let last = first, at = begun, cpu = cpuBefore;
      memory = 0;
      // Re-keying and scoring go on side by side: it is over when the topic has everything and nearly all of it is scored.
      for (let all = 0; all < count || last < all - unseen; all = await end()) {
        if (performance.now() > deadline) throw new Error(`anomaly scored ${last} of ${all} entries of ${count} records in time`);
        await sleep(50);
        const now = await scored();
        if (now > last) { last = now; at = performance.now(); cpu = anomaly.cpuSeconds(); }
        memory = Math.max(memory, anomaly.memoryMb());
      }
      // Offsets count the markers of transactions too; each record became one entry.
      const done = (last - first) / await end() * count;
      perSecond = done / ((at - begun) / 1_000);
      cpuUs = (cpu - cpuBefore) * 1e6 / done;
    } finally {
      await anomaly.stop();
      await beating.stop();
    }
    const echo = (await peak(kafka, await echoSubject(kafka, local.kafka!), quick ? 60_000 : 120_000)).perSecond;
    tell(`anomaly on Kafka: ${Math.round(perSecond)} records/s, ${cpuUs.toFixed(0)} µs of processor time each, memory at most ${memory} MB; echo ${Math.round(echo)} messages/s`);
    return {
      'anomaly.kafka.per_s': ofRounds([perSecond], '1/s', { baseline: [echo], note: `${count} governed records of 2 KB of 50 agents: re-keyed, read back and scored by one process, ${cpuUs.toFixed(0)} µs of processor time each` }),
      'anomaly.kafka.memory_mb': ofRounds([memory], 'MB', { note: 'resident, at most' }),
    };
  } finally {
    await client.end();
    await kafka.close();
  }
};
