import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { namespacedBus } from '@countersign/bus';
import type { Bus } from '@countersign/bus';
import { createKafkaBus } from '@countersign/bus/kafka';
import { topic, topics } from '@countersign/contracts';
import pg from 'pg';
import type { Local } from '../local.ts';
import { profiled, startNode } from './child.ts';
import { echoSubject } from './echo-subject.ts';
import { peak } from './flow.ts';
import { governedRecords } from './governed-records.ts';
import type { Days } from './governed-records.ts';
import { ofRounds } from './measured.ts';
import type { Results } from './measured.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });
const loadAtOnce = 20_000;
/** Entries between two checkpoints of a partition, of which there are four: the last ones of a drained topic are not seen here. */
const unseen = 4 * 2_000;

const publish = async (bus: Bus, count: number, days: Days): Promise<void> => {
  for (let first = 0; first < count; first += loadAtOnce) {
    const records = governedRecords(Math.min(loadAtOnce, count - first), 4, first / 4, days);
    for (let n = 0; n < records.length; n += 1_000) await bus.publish(records.slice(n, n + 1_000).map(({ topic: to, key, value, headers, partition }) => ({ topic: to, key: key!, value, headers, partition })));
  }
};

interface Options { readonly quick: boolean; readonly profile?: string; readonly tell: (line: string) => void }
interface Drained { readonly perSecond: number; readonly cpuUs: number; readonly memory: number }

/** The real service takes a backlog in a namespace and a database of its own: re-keys it by agent, seals, reads it back and scores it, pictures included; counted by its checkpoints, from the first to the last. */
const drain = async (local: Local, kafka: Bus, count: number, days: Days, profile: string | undefined): Promise<Drained> => {
  const namespace = `bench-${randomBytes(4).toString('hex')}`;
  const bus = namespacedBus(kafka, namespace);
  const client = new pg.Client(local.postgres['anomaly']);
  await client.connect();
  const beats = fileURLToPath(new URL('./heartbeats.js', import.meta.url));
  try {
    // What a drain before this one left belongs to other topics.
    await client.query('drop schema public cascade; create schema public');
    await bus.ensureTopics(Object.values(topics));
    await publish(bus, count, days);
    // No table yet: nothing scored.
    const scored = (): Promise<number> => client.query<{ next: string }>('select coalesce(sum(next), 0) as next from checkpoint').then(({ rows }) => Number(rows[0]!.next), () => 0);
    const end = async (): Promise<number> => Number((await bus.ends(topic.anomalyActions)).reduce((sum, one) => sum + one, 0n));
    const beating = await startNode('heartbeats', [beats, local.kafka!, local.secrets, 'acme', namespace, 'registry'], { ready: async (printed) => printed.includes('beating') });
    const anomaly = await startNode('anomaly', [fileURLToPath(new URL('../../../../services/anomaly/dist/main.js', import.meta.url))], {
      env: { CS_BUS: 'kafka', CS_BUS_NAMESPACE: namespace, CS_KAFKA_BROKERS: local.kafka!, CS_POSTGRES_URL: local.postgres['anomaly']!, CS_HTTP_PORT: new URL(local.http.anomaly).port, CS_SECRETS_DIR: local.secrets, CS_TENANT: 'acme', CS_LOG_LEVEL: 'warn', ...(local.redis !== undefined && { CS_REDIS_URL: local.redis }) },
      // By its first checkpoint: it says that it is ready only after the backlog.
      ready: async () => await scored() > 0, withinMs: 120_000, nodeOptions: profiled(profile),
    });
    try {
      const deadline = performance.now() + 150_000;
      const first = await scored(), begun = performance.now(), cpuBefore = anomaly.cpuSeconds();
      let last = first, at = begun, cpu = cpuBefore, memory = 0;
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
      return { perSecond: done / ((at - begun) / 1_000), cpuUs: (cpu - cpuBefore) * 1e6 / done, memory };
    } finally {
      await anomaly.stop();
      await beating.stop();
    }
  } finally {
    await client.end();
  }
};

/** anomaly.kafka.*: backlogs of governed records of 2 KB, of usual days and of a storm (governed-records.ts). The baseline is the raw echo of 1 KB in the same run. */
export const benchAnomalyKafka = async (local: Local, { quick, tell, profile }: Options): Promise<Results> => {
  const kafka = await createKafkaBus({ brokers: local.kafka!.split(','), clientId: 'bench' });
  const count = quick ? 60_000 : 200_000;
  try {
    const usual = await drain(local, kafka, count, 'usual', profile);
    const storm = await drain(local, kafka, count, 'storm', profile);
    const echo = (await peak(kafka, await echoSubject(kafka, local.kafka!), quick ? 60_000 : 120_000)).perSecond;
    for (const [days, { perSecond, cpuUs, memory }] of Object.entries({ usual, storm })) tell(`anomaly on Kafka, ${days}: ${Math.round(perSecond)} records/s, ${cpuUs.toFixed(0)} µs of processor time each, memory at most ${memory} MB; echo ${Math.round(echo)} messages/s`);
    const note = (days: string, { cpuUs }: Drained): string => `${count} governed records of 2 KB of 50 agents, each one action, ${days}: re-keyed, read back and scored by one process, ${cpuUs.toFixed(0)} µs of processor time each`;
    return {
      'anomaly.kafka.per_s': ofRounds([usual.perSecond], '1/s', { baseline: [echo], note: note('runs of eight, one a minute', usual) }),
      'anomaly.kafka.storm_per_s': ofRounds([storm.perSecond], '1/s', { baseline: [echo], note: note('everything in one moment and odd', storm) }),
      'anomaly.kafka.memory_mb': ofRounds([Math.max(usual.memory, storm.memory)], 'MB', { note: 'resident, at most' }),
    };
  } finally {
    await kafka.close();
  }
};
