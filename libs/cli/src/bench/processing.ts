import { randomBytes } from 'node:crypto';
import type { Bus, Outgoing } from '@countersign/bus';
import { createKafkaBus, rawEcho } from '@countersign/bus/kafka';
import { ofRounds, percentile } from './measured.ts';
import type { Results } from './measured.ts';

/** What the bench needs to know; `tell` takes progress lines. */
export interface BusBenchContext {
  readonly brokers: readonly string[];
  readonly quick?: boolean;
  readonly tell?: (line: string) => void;
}

const partitions = 4;
const rounds = 3;
type Kind = 'raw' | 'one' | 'two';
const sleep = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });
const total = async (bus: Bus, topic: string): Promise<bigint> => (await bus.ends(topic)).reduce((sum, end) => sum + end, 0n);

/** Echo of `kind` from input to output: raw kafkajs, or exactly once with one output of 1 KB, or with two of 2 KB and 0.8 KB. */
const startEcho = async (bus: Bus, context: BusBenchContext, kind: Kind, group: string, input: string, output: string, second: string): Promise<{ stop(): Promise<void> }> => {
  if (kind === 'raw') return rawEcho({ brokers: context.brokers, clientId: 'bench-raw' }, { group, input, output, partitions });
  const long = Buffer.alloc(1_000, 32);
  return bus.process({
    group, input, outputs: [output, second],
    own: async () => ({
      handle: (messages) => messages.flatMap(({ key, value }): Outgoing[] => (kind === 'one'
        ? [{ topic: output, key: key!, value }]
        : [{ topic: output, key: key!, value: Buffer.concat([value!, long]) }, { topic: second, key: key!, value: value!.subarray(0, 800) }])),
    }),
  });
};

const message = (topic: string, n: number, body: string): Outgoing => ({ topic, key: `run-${n % 997}`, value: Buffer.from(`${Date.now()}${body}`) });

const newTopics = async (bus: Bus): Promise<[string, string, string]> => {
  const id = randomBytes(4).toString('hex');
  const names: [string, string, string] = [`bench.in-${id}.v1`, `bench.out-${id}.v1`, `bench.second-${id}.v1`];
  await bus.ensureTopics(names.map((name) => ({ name, partitions, compacted: false, retentionMs: 600_000, maxMessageBytes: 1_048_576 })));
  return names;
};

/** Messages per second through a backlog, from the first output to the last. */
const peak = async (bus: Bus, context: BusBenchContext, kind: Kind, count: number): Promise<number> => {
  const [input, output, second] = await newTopics(bus);
  const body = randomBytes(493).toString('hex').padEnd(1_011, ' ');
  for (let n = 0; n < count; n += 2_000) await bus.publish(Array.from({ length: 2_000 }, (_, i) => message(input, n + i, body)));
  const echo = await startEcho(bus, context, kind, `bench-${input}`, input, output, second);
  let from = 0n;
  let begun = 0;
  const deadline = Date.now() + 120_000;
  for (let done = 0n; done < BigInt(count); await sleep(20)) {
    done = await total(bus, output);
    if (begun === 0 && done > 0n) { begun = performance.now(); from = done; }
    if (Date.now() > deadline) throw new Error(`${kind}: ${done} of ${count} in two minutes`);
  }
  const perSecond = (count - Number(from)) / ((performance.now() - begun) / 1_000);
  await echo.stop();
  return perSecond;
};

/** Milliseconds from publishing to reading the output, at 1,000 a second whatever comes back. */
const latency = async (bus: Bus, context: BusBenchContext, kind: Kind, seconds: number): Promise<{ p50: number; p99: number }> => {
  const [input, output, second] = await newTopics(bus);
  const body = randomBytes(493).toString('hex').padEnd(1_011, ' ');
  const taken: number[] = [];
  const warm = Date.now() + 3_000;
  const reading = await bus.follow({ topics: [output], from: 'start', onBatch: (batch) => {
    const now = Date.now();
    for (const { value } of batch) { const sent = Number(value!.subarray(0, 13).toString()); if (sent > warm) taken.push(now - sent); }
  } });
  const echo = await startEcho(bus, context, kind, `bench-${input}`, input, output, second);
  const begun = Date.now();
  const sends: Promise<void>[] = [];
  for (let sent = 0; Date.now() - begun < 3_000 + seconds * 1_000; await sleep(2)) {
    const due = Date.now() - begun;
    const batch: Outgoing[] = [];
    for (; sent < due; sent += 1) batch.push(message(input, sent, body));
    if (batch.length > 0) sends.push(bus.publish(batch));
  }
  await Promise.all(sends);
  await sleep(1_000);
  await echo.stop();
  await reading.stop();
  taken.sort((a, b) => a - b);
  return { p50: percentile(taken, 0.5), p99: percentile(taken, 0.99) };
};

/** bus.process.*: the bus' own process() with one output against the raw echo in the same process, interleaved; with two outputs (2 KB and 0.8 KB) as policy has them. */
export const benchProcessing = async (context: BusBenchContext): Promise<Results> => {
  const bus = await createKafkaBus({ brokers: context.brokers, clientId: 'bench' });
  try {
    const speeds: Record<Kind, number[]> = { raw: [], one: [], two: [] };
    const times: Record<'raw' | 'one', number[]> = { raw: [], one: [] };
    for (let round = 1; round <= (context.quick === true ? 1 : rounds); round += 1) {
      for (const kind of ['raw', 'one', 'two'] as const) {
        speeds[kind].push(await peak(bus, context, kind, context.quick === true ? 40_000 : 80_000));
        context.tell?.(`processing, round ${round}: ${kind} ${Math.round(speeds[kind].at(-1)!)} messages/s`);
      }
      for (const kind of ['raw', 'one'] as const) {
        times[kind].push((await latency(bus, context, kind, context.quick === true ? 4 : 8)).p99);
        context.tell?.(`processing, round ${round}: ${kind} at 1,000/s p99 ${times[kind].at(-1)!.toFixed(1)} ms`);
      }
    }
    return {
      'bus.process.per_s': ofRounds(speeds.one, '1/s', { baseline: speeds.raw, note: 'exactly once, one output; loader, echo and sink in one process' }),
      'bus.process_two.per_s': ofRounds(speeds.two, '1/s', { baseline: speeds.raw, note: 'exactly once, two outputs of 2 KB and 0.8 KB' }),
      'bus.process.p99_ms': ofRounds(times.one, 'ms', { baseline: times.raw, note: 'exactly once, one output, at 1,000/s' }),
    };
  } finally {
    await bus.close();
  }
};
