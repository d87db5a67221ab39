import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import type { Bus } from '@countersign/bus';
import { createKafkaBus } from '@countersign/bus/kafka';
import { kafkaProxy } from '@countersign/spec';
import type { KafkaProxy } from '@countersign/spec';

const partitions = 4;
const seed = 20_261_121;
const forMs = 35_000;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });

/** mulberry32: the same faults in every run, as far as clocks allow. */
const seeded = (state: number) => (): number => {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
};

/** What a stock read_committed consumer sees, by partition: not our reader, so that one mistake cannot hide the other. */
const readBy = async (kafka: Kafka, topic: string, ends: readonly bigint[]): Promise<string[][]> => {
  const seen: string[][] = ends.map(() => []);
  const consumer = kafka.consumer({ groupId: `judge-${topic}`, readUncommitted: false });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  let last = Date.now();
  await consumer.run({ eachMessage: async ({ partition, message }) => {
    last = Date.now();
    if (message.key?.toString() !== 'marker') seen[partition]!.push(message.value!.toString());
  } });
  // Who joins late, or reads slowly, is waited for: there are as many outputs as inputs.
  const least = Number(ends.reduce((sum, end) => sum + end, 0n)), all = (): number => seen.reduce((sum, { length }) => sum + length, 0);
  while (Date.now() - last < (all() < least ? 60_000 : 3_000)) await sleep(100);
  await consumer.disconnect();
  return seen;
};

describe('exactly once under faults', () => {
  let proxy: KafkaProxy;
  let bus: Bus;
  const children = new Set<ChildProcess>();
  const random = seeded(seed);
  beforeAll(async () => {
    proxy = await kafkaProxy(Number((process.env['CS_TEST_KAFKA'] ?? '127.0.0.1:29092').split(':')[1]), seeded(seed + 1));
    bus = await createKafkaBus({ brokers: [`127.0.0.1:${proxy.port}`], clientId: 'faults', requestTimeoutMs: 1_500 });
  }, 240_000);
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await bus?.close();
    await proxy?.close();
  }, 30_000);

  it('loses nothing, doubles nothing, keeps order and fold through kill -9, pauses and lost answers', async () => {
    const id = Date.now().toString(36);
    const topics = { INPUT: `faults.input-${id}.v1`, FIRST: `faults.first-${id}.v1`, SECOND: `faults.second-${id}.v1` };
    const group = `faults-${id}`;
    await bus.ensureTopics(Object.values(topics).map((name) => ({ name, partitions, compacted: false, retentionMs: 3_600_000, maxMessageBytes: 1_000_000 })));
    const errors = new Map<string, number>();
    let owned = 0;
    let started = 0;
    // As in a rolling upgrade: every third speaks transactions as before Kafka 4.0, and takes over from the others and they from it.
    const start = (): void => {
      const child = fork(fileURLToPath(new URL('./bus-processor.ts', import.meta.url)), [], {
        execPath: process.execPath, execArgv: ['--conditions=source', '--no-warnings'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
        env: { PATH: process.env['PATH'], ...topics, GROUP: group, DECLARES: String((started += 1) % 3 === 0), BROKERS: `127.0.0.1:${proxy.port}` },
      });
      children.add(child);
      child.on('exit', () => children.delete(child));
      child.on('message', (message: { error?: string; owns?: number }) => {
        if (message.owns !== undefined) owned += 1;
        if (message.error !== undefined) errors.set(message.error, (errors.get(message.error) ?? 0) + 1);
      });
    };
    start();
    start();
    while (owned < partitions) await sleep(50);
    proxy.lose(0.02);
    const until = Date.now() + forMs;
    let kills = 0;
    let pauses = 0;
    const load = (async () => {
      for (let n = 0; Date.now() < until; n += 40) {
        const batch = Array.from({ length: 40 }, (_, i) => ({ topic: topics.INPUT, key: `k${(n + i) % 97}`, value: Buffer.from(String(n + i)) }));
        // Input twice written is input; it is judged by what the input topic holds.
        await bus.publish(batch).catch(() => undefined);
        await sleep(15);
      }
    })();
    const chaos = (async () => {
      while (Date.now() < until - 4_000) {
        await sleep(2_000 + random() * 1_500);
        const victim = [...children][Math.floor(random() * children.size)]!;
        if ((kills + pauses) % 3 !== 1) { victim.kill('SIGKILL'); children.delete(victim); start(); kills += 1; continue; }
        victim.kill('SIGSTOP');
        pauses += 1;
        start();
        await sleep(8_000);
        victim.kill('SIGCONT');
        await sleep(2_500);
        victim.kill('SIGKILL');
      }
    })();
    await Promise.all([load, chaos]);
    proxy.lose(0);
    const ends = await bus.ends(topics.INPUT);
    const judge = new Kafka({ clientId: 'judge', brokers: [`127.0.0.1:${proxy.port}`], logLevel: logLevel.NOTHING });
    const admin = judge.admin();
    await admin.connect();
    const deadline = Date.now() + 120_000;
    for (let done = false; !done && Date.now() < deadline; await sleep(200)) {
      const [found] = await admin.fetchOffsets({ groupId: group, topics: [topics.INPUT] });
      done = ends.every((end, partition) => found!.partitions.find((one) => one.partition === partition)?.offset === String(end));
    }
    await admin.disconnect();
    for (const child of children) child.kill('SIGKILL');
    const [input, first, second] = [await readBy(judge, topics.INPUT, ends), await readBy(judge, topics.FIRST, ends), await readBy(judge, topics.SECOND, ends)];
    // Offsets of the input are dense (one idempotent writer without transactions), so position, input offset and order must coincide.
    const expected = input.map((values) => values.map((value, n) => `${n} ${n} ${value}`));
    const messages = input.reduce((sum, values) => sum + values.length, 0);
    console.log(JSON.stringify({ messages, kills, pauses, owned, lost: proxy.lost, errors: Object.fromEntries(errors) }));
    // (How many it is in that time is the machine's affair.)
    expect(messages).toBeGreaterThan(1_000);
    expect(kills).toBeGreaterThan(2);
    expect(pauses).toBeGreaterThan(0);
    expect(Object.values(proxy.lost).reduce((a, b) => a + b, 0)).toBeGreaterThan(5);
    expect(first.map((values) => values.length)).toEqual(expected.map((values) => values.length));
    expect(first).toEqual(expected);
    expect(second).toEqual(first);
  }, 600_000);
});
