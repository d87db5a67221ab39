import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import type { Bus } from '@countersign/bus';
import { createKafkaBus } from '@countersign/bus/kafka';

interface LocalKafka { readonly record: { readonly pid: number }; readonly brokers: string }
interface Ports { readonly kafka: number; readonly controller: number }

const partitions = 2;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });
// The start's own functions (plain JavaScript): the broker here is one that npm start could have started.
const local = <T>(file: string): Promise<T> => import(pathToFileURL(join(process.cwd(), 'infra/local', file)).href) as Promise<T>;

/** A broker of this test's own, with data that outlive a kill. */
const throwawayBroker = async () => {
  const { startKafka, stopKafka } = await local<{ startKafka: (how: object) => Promise<LocalKafka>; stopKafka: (record: object) => Promise<void> }>('kafka.mjs');
  const { freePort } = await local<{ freePort: () => Promise<number> }>('process.mjs');
  const dir = mkdtempSync(join(tmpdir(), 'countersign-broker-'));
  const ports: Ports = { kafka: await freePort(), controller: await freePort() };
  const start = (): Promise<LocalKafka> => startKafka({ dir, ports, log: join(dir, 'kafka.log') });
  let running = await start();
  const gone = async (): Promise<void> => { for (;;) { try { process.kill(running.record.pid, 0); await sleep(20); } catch { return; } } };
  return {
    address: running.brokers,
    kill: async () => { process.kill(running.record.pid, 'SIGKILL'); await Promise.race([gone(), sleep(1_000)]); running = await start(); },
    end: async () => { await stopKafka(running.record); rmSync(dir, { recursive: true, force: true }); },
  };
};

/** What a stock read_committed consumer sees, by partition, until nothing comes any more. @param least that have to be there: who joins late, or reads slowly, is waited for */
const judged = async (address: string, topic: string, least: number): Promise<string[][]> => {
  // By offset: a consumer that is handed a record again (it is at least once) has not seen two.
  const seen = Array.from({ length: partitions }, () => new Map<bigint, string>());
  const consumer = new Kafka({ clientId: 'judge', brokers: [address], logLevel: logLevel.NOTHING }).consumer({ groupId: `judge-${topic}`, readUncommitted: false });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  let last = Date.now();
  await consumer.run({ eachMessage: async ({ partition, message }) => { last = Date.now(); seen[partition]!.set(BigInt(message.offset), message.value!.toString()); } });
  const all = (): number => seen.reduce((sum, { size }) => sum + size, 0);
  while (Date.now() - last < (all() < least ? 60_000 : 2_500)) await sleep(50);
  await consumer.disconnect();
  return seen.map((records) => [...records].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value));
};

describe('kill -9 of the broker', () => {
  let broker: Awaited<ReturnType<typeof throwawayBroker>>;
  let bus: Bus;
  beforeAll(async () => {
    broker = await throwawayBroker();
    bus = await createKafkaBus({ brokers: [broker.address], clientId: 'killed', requestTimeoutMs: 2_000, sessionTimeoutMs: 6_000, transactionTimeoutMs: 10_000 });
  }, 240_000);
  afterAll(async () => { await bus?.close(); await broker?.end(); }, 60_000);

  it('costs time and nothing else: processing recovers by itself, nothing lost, nothing doubled, order kept', async () => {
    const [input, output] = ['killed.in.v1', 'killed.out.v1'] as const;
    await bus.ensureTopics([input, output].map((name) => ({ name, partitions, compacted: false, retentionMs: 3_600_000, maxMessageBytes: 1_000_000 })));
    let failures = 0;
    const processing = await bus.process({
      group: 'killed', input, outputs: [output], maxBatch: 50, onError: () => { failures += 1; },
      own: async () => ({ handle: (messages) => messages.map(({ key, value, offset }) => ({ topic: output, key: key!, value: Buffer.from(`${offset} ${value!.toString()}`) })) }),
    });
    await processing.ready;
    let sent = 0;
    let stop = false;
    const load = (async () => {
      while (!stop) {
        const batch = Array.from({ length: 20 }, (_, n) => ({ topic: input, key: `k${(sent + n) % 31}`, value: Buffer.from(String(sent + n)) }));
        // What is published twice is input; the judge goes by what the input topic holds.
        await bus.publish(batch).then(() => { sent += batch.length; }, () => undefined);
        await sleep(15);
      }
    })();
    const more = async (): Promise<void> => { for (const until = sent + 500; sent < until;) await sleep(20); };
    const begun = Date.now();
    await more();
    await broker.kill();
    await more();
    stop = true;
    await load;
    const goal = await bus.ends(input);
    const admin = new Kafka({ clientId: 'judge', brokers: [broker.address], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    for (const deadline = Date.now() + 120_000; Date.now() < deadline; await sleep(100)) {
      const [found] = await admin.fetchOffsets({ groupId: 'killed', topics: [input] });
      if (goal.every((end, partition) => found!.partitions.find((one) => one.partition === partition)?.offset === String(end))) break;
    }
    await admin.disconnect();
    const recoveredMs = Date.now() - begun;
    const least = Number(goal.reduce((sum, end) => sum + end, 0n));
    const [read, written] = await Promise.all([judged(broker.address, input, least), judged(broker.address, output, least)]);
    console.log(JSON.stringify({ messages: read.map(({ length }) => length), failures, recoveredMs }));
    expect(read.flat().length).toBeGreaterThanOrEqual(1_000);
    expect(failures).toBeGreaterThan(0);
    expect(written).toEqual(read.map((values) => values.map((value, offset) => `${offset} ${value}`)));
  }, 400_000);
});
