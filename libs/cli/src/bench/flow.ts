import type { Bus, BusMessage, Outgoing } from '@countersign/bus';
import type { Child } from './child.ts';
import { percentile } from './measured.ts';

/** What goes through Kafka and comes back as one answer per message. Echo and policy are measured by the same loader and the same sink. */
export interface Subject {
  readonly name: string;
  /** Messages to send, in order; may be called again for new ones. */
  messages(count: number): readonly Outgoing[];
  readonly output: string;
  start(): Promise<Child>;
  /** Which of the messages an answer belongs to, and what is wrong with it if anything; undefined for what is no answer to them. */
  readAnswer(answer: BusMessage): { readonly index: number; readonly wrong?: string } | undefined;
}

interface Arrival { readonly at: number; readonly messages: readonly BusMessage[] }

const sleep = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });

/** Reads the output as a read_committed reader and only notes when; what it read is judged afterwards. */
const sink = async (bus: Bus, topic: string) => {
  const arrivals: Arrival[] = [];
  let count = 0;
  const reading = await bus.follow({ topics: [topic], from: 'now', onBatch: (messages) => { arrivals.push({ at: performance.now(), messages }); count += messages.length; } });
  await reading.ready;
  const until = async (wanted: number, what: string, withinMs: number): Promise<void> => {
    for (const deadline = performance.now() + withinMs; count < wanted; await sleep(20)) if (performance.now() > deadline) throw new Error(`${what}: ${count} of ${wanted} answers after ${Math.round(withinMs / 1_000)} s`);
    // A second answer to the same message would come soon after.
    await sleep(300);
  };
  return { arrivals, until, count: () => count, stop: () => reading.stop() };
};

/** Every message answered exactly once and as expected, or an error that says what was not. Gives each message's time of arrival. */
const judge = (subject: Subject, arrivals: readonly Arrival[], count: number): Float64Array => {
  const at = new Float64Array(count);
  const problems: string[] = [];
  for (const arrival of arrivals) {
    for (const answer of arrival.messages) {
      const read = subject.readAnswer(answer);
      if (read === undefined) { problems.push(`an answer to nothing: ${answer.value?.toString().slice(0, 200)}`); continue; }
      if (at[read.index] !== 0) problems.push(`message ${read.index} was answered twice`);
      at[read.index] = arrival.at;
      if (read.wrong !== undefined) problems.push(read.wrong);
    }
  }
  at.forEach((time, index) => { if (time === 0) problems.push(`message ${index} was not answered`); });
  if (problems.length > 0) throw new Error(`${subject.name}: ${problems.length} answers are wrong. ${problems.slice(0, 3).join(' · ')}`);
  return at;
};

/** Answers per second out of a backlog: everything is in the input before the subject starts; counted from the first answers to the last. `cpuUs`: processor time of its process per message, all threads, its start left out. */
export const peak = async (bus: Bus, subject: Subject, count: number): Promise<{ readonly perSecond: number; readonly cpuUs: number }> => {
  const messages = subject.messages(count);
  for (let n = 0; n < messages.length; n += 2_000) await bus.publish(messages.slice(n, n + 2_000));
  const reading = await sink(bus, subject.output);
  const child = await subject.start();
  let cpuUs = Number.NaN;
  try {
    const started = child.cpuSeconds(), before = reading.count();
    await reading.until(messages.length, subject.name, 120_000);
    cpuUs = (child.cpuSeconds() - started) * 1e6 / (messages.length - before);
  } finally {
    await child.stop();
    await reading.stop();
  }
  judge(subject, reading.arrivals, messages.length);
  const first = reading.arrivals[0]!;
  const last = reading.arrivals.at(-1)!;
  return { perSecond: (messages.length - first.messages.length) / ((last.at - first.at) / 1_000), cpuUs };
};

/** Milliseconds from when a message was due to its answer, at `rate` a second whatever comes back; the first `warmMs` do not count. */
export const openLoop = async (bus: Bus, subject: Subject, rate: number, seconds: number, warmMs = 4_000): Promise<{ readonly p50: number; readonly p99: number }> => {
  const count = Math.ceil(rate * (seconds + warmMs / 1_000));
  // Before the subject starts: making them takes seconds in which this process sends no heartbeats.
  const messages = subject.messages(count);
  const child = await subject.start();
  const reading = await sink(bus, subject.output);
  try {
    const begun = performance.now();
    const sends: Promise<void>[] = [];
    let failed: unknown;
    for (let sent = 0; sent < messages.length; await sleep(1)) {
      const due = Math.min(messages.length, Math.floor((performance.now() - begun) * rate / 1_000));
      if (due > sent) sends.push(bus.publish(messages.slice(sent, due)).catch((error: unknown) => { failed = error; }));
      sent = Math.max(sent, due);
    }
    await Promise.all(sends);
    if (failed !== undefined) throw failed;
    await reading.until(messages.length, subject.name, 30_000);
    const at = judge(subject, reading.arrivals, messages.length);
    const taken: number[] = [];
    at.forEach((time, index) => { const due = index * 1_000 / rate; if (due >= warmMs) taken.push(time - begun - due); });
    taken.sort((a, b) => a - b);
    return { p50: percentile(taken, 0.5), p99: percentile(taken, 0.99) };
  } finally {
    await child.stop();
    await reading.stop();
  }
};
