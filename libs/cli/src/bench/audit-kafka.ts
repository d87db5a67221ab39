import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { namespacedBus } from '@countersign/bus';
import { createKafkaBus } from '@countersign/bus/kafka';
import { topics } from '@countersign/contracts';
import pg from 'pg';
import type { Local } from '../local.ts';
import { answersReady, startNode } from './child.ts';
import { governedRecords } from './governed-records.ts';
import { ofRounds } from './measured.ts';
import type { Results } from './measured.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });

/** audit.kafka.per_s: the real service drains a backlog of governed records of 2 KB, in a namespace of its own, from its first committed batch to its last. */
export const benchAuditKafka = async (local: Local, options: { readonly quick: boolean; readonly tell: (line: string) => void }): Promise<Results> => {
  const namespace = `bench-${randomBytes(4).toString('hex')}`;
  const bus = namespacedBus(await createKafkaBus({ brokers: local.kafka!.split(','), clientId: 'bench' }), namespace);
  const client = new pg.Client(local.postgres['audit']);
  await client.connect();
  try {
    await bus.ensureTopics(Object.values(topics));
    const records = governedRecords(options.quick ? 20_000 : 80_000, 4);
    for (let n = 0; n < records.length; n += 1_000) await bus.publish(records.slice(n, n + 1_000).map(({ topic, key, value, headers, partition }) => ({ topic, key: key!, value, headers, partition })));
    const origin = `bench/${namespace}`;
    const size = async (): Promise<number> => {
      const { rows: [row] } = await client.query<{ size: string }>('select size from log where id = $1', [origin]);
      return Number(row?.size ?? 0);
    };
    await client.query('create table if not exists log (id text primary key, epoch bigint not null default 0, size bigint not null default 0, frontier bytea not null default \'\')');
    const audit = await startNode('audit', [fileURLToPath(new URL('../../../../services/audit/dist/main.js', import.meta.url))], {
      env: {
        CS_BUS: 'kafka', CS_BUS_NAMESPACE: namespace, CS_KAFKA_BROKERS: local.kafka!, CS_POSTGRES_URL: local.postgres['audit']!, CS_HTTP_PORT: new URL(local.http.audit).port,
        CS_SECRETS_DIR: local.secrets, CS_LOG_LEVEL: 'warn', CS_LOG_ORIGIN: origin, CS_AUDIT_CATALOGUE_WAIT_MS: '0', CS_CHECKPOINT_FILE: `${local.dir}/${namespace}.json`,
      },
      ready: async (printed) => await size() > 0 || answersReady(local.http.audit)().then((ready) => ready && printed === ''),
    });
    try {
      let first = await size();
      while (first === 0) { await sleep(2); first = await size(); }
      const begun = performance.now();
      for (const deadline = begun + 120_000; await size() < records.length; await sleep(10)) if (performance.now() > deadline) throw new Error(`audit took ${await size()} of ${records.length} records in two minutes`);
      const perSecond = (records.length - first) / ((performance.now() - begun) / 1_000);
      options.tell(`audit on Kafka: ${Math.round(perSecond)} entries/s, ${(audit.cpuSeconds() * 1e6 / records.length).toFixed(0)} µs of processor time per entry`);
      return { 'audit.kafka.per_s': ofRounds([perSecond], '1/s', { note: `one process drains ${records.length} governed records of 2 KB` }) };
    } finally {
      await audit.stop();
    }
  } finally {
    await client.end();
    await bus.close();
  }
};
