import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { namespacedBus } from '@countersign/bus';
import type { Bus } from '@countersign/bus';
import { createKafkaBus } from '@countersign/bus/kafka';
import { topics } from '@countersign/contracts';
import pg from 'pg';
import type { Local } from '../local.ts';
import { answersReady, profiled, startNode } from './child.ts';
import { governedRecords } from './governed-records.ts';
import { ofRounds } from './measured.ts';
import type { Results } from './measured.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });

const loadAtOnce = 20_000;

/** Puts so many governed records of 2 KB on four partitions, made as they go, so that they do not lie in this process' memory. */
const publish = async (bus: Bus, count: number): Promise<void> => {
  for (let first = 0; first < count; first += loadAtOnce) {
    const records = governedRecords(Math.min(loadAtOnce, count - first), 4, first / 4);
    for (let n = 0; n < records.length; n += 1_000) await bus.publish(records.slice(n, n + 1_000).map(({ topic, key, value, headers, partition }) => ({ topic, key: key!, value, headers, partition })));
  }
};

/** audit.kafka.*: the real service drains a backlog of governed records of 2 KB, in a namespace of its own, from its first committed batch to its last. Its index is on; it yields to the log. */
export const benchAuditKafka = async (local: Local, options: { readonly quick: boolean; readonly profile?: string; readonly tell: (line: string) => void }): Promise<Results> => {
  const namespace = `bench-${randomBytes(4).toString('hex')}`;
  const bus = namespacedBus(await createKafkaBus({ brokers: local.kafka!.split(','), clientId: 'bench' }), namespace);
  const client = new pg.Client(local.postgres['audit']);
  await client.connect();
  try {
    await bus.ensureTopics(Object.values(topics));
    const count = options.quick ? 40_000 : 400_000;
    await publish(bus, count);
    const origin = `bench/${namespace}`;
    const size = async (): Promise<number> => {
      const { rows: [row] } = await client.query<{ size: string }>('select size from log where id = $1', [origin]);
      return Number(row?.size ?? 0);
    };
    await client.query('create table if not exists log (id text primary key, epoch bigint not null default 0, size bigint not null default 0, frontier bytea not null default \'\')');
    // Of arguments nothing is stored, at the price of taking them out of each record, until somebody says that the catalogue was read: the registry, which is alive as a rule.
    const beating = await startNode('heartbeats', [fileURLToPath(new URL('./heartbeats.js', import.meta.url)), local.kafka!, local.secrets, 'acme', namespace, 'registry'], { ready: async (printed) => printed.includes('beating') });
    const audit = await startNode('audit', [fileURLToPath(new URL('../../../../services/audit/dist/main.js', import.meta.url))], {
      env: {
        CS_BUS: 'kafka', CS_BUS_NAMESPACE: namespace, CS_KAFKA_BROKERS: local.kafka!, CS_POSTGRES_URL: local.postgres['audit']!, CS_HTTP_PORT: new URL(local.http.audit).port,
        CS_SECRETS_DIR: local.secrets, CS_LOG_LEVEL: 'warn', CS_LOG_ORIGIN: origin, CS_CHECKPOINT_FILE: `${local.dir}/${namespace}.json`,
      },
      nodeOptions: profiled(options.profile),
      ready: async (printed) => await size() > 0 || answersReady(local.http.audit)().then((ready) => ready && printed === ''),
    });
    try {
      let first = await size();
      while (first === 0) { await sleep(2); first = await size(); }
      const begun = performance.now();
      const cpuBefore = audit.cpuSeconds();
      const memory: number[] = [];
      let at = first;
      for (const deadline = begun + 180_000; at < count; at = await size()) {
        if (performance.now() > deadline) throw new Error(`audit took ${at} of ${count} records in three minutes`);
        memory.push(audit.memoryMb());
        await sleep(100);
      }
      const seconds = (performance.now() - begun) / 1_000;
      const perSecond = (count - first) / seconds;
      const { rows: [index] } = await client.query<{ next: string }>('select next from indexed_to where log = $1', [origin]);
      // What Node allocates at the beginning of its life is not growth.
      const settled = memory.slice(Math.floor(memory.length / 4));
      options.tell(`audit on Kafka: ${Math.round(perSecond)} entries/s over ${seconds.toFixed(0)} s, ${((audit.cpuSeconds() - cpuBefore) * 1e6 / (count - first)).toFixed(0)} µs of processor time per entry, memory ${settled[0]} to ${settled.at(-1)} MB, index at ${index?.next ?? 0}`);
      return {
        'audit.kafka.per_s': ofRounds([perSecond], '1/s', { note: `one process drains ${count} governed records of 2 KB, ${seconds.toFixed(0)} s` }),
        'audit.kafka.memory_mb': ofRounds([Math.max(...settled)], 'MB', { note: `resident, at most; ${settled[0]} after a quarter of the time, ${settled.at(-1)} at the end` }),
      };
    } finally {
      await audit.stop();
      await beating.stop();
    }
  } finally {
    await client.end();
    await bus.close();
  }
};
