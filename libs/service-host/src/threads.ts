import { Worker, parentPort } from 'node:worker_threads';
import { mergedText, startTracing } from '@countersign/telemetry';
import type { MetricValues, Metrics } from '@countersign/telemetry';
import type { Readiness } from './health.ts';
import type { ServiceOptions } from './service.ts';

/** What a thread says of itself, again and again. */
interface Said { readonly ready: ReturnType<Readiness>; readonly metrics: MetricValues }

const everyMs = 250;

export interface Threads { readonly of: (options: ServiceOptions) => ServiceOptions }

/**
 * `count` more members of a service on threads of its process, each opened by `script` (which calls `runThread`): what a service does by
 * partitions is done on more cores, behind one door. `of` gives the service that serves for all: it is ready when all are, counts what all
 * count, and ends with any of them; a restart reads everything back.
 */
export const startThreads = (script: URL, count: number): Threads => {
  let draining = false;
  const threads = Array.from({ length: count }, () => {
    const worker = new Worker(script);
    const thread: { said: Said; readonly ended: Promise<void>; readonly worker: Worker } = { worker, said: { ready: { ok: false, why: 'a thread is starting' }, metrics: [] }, ended: new Promise((resolve) => { worker.once('exit', () => resolve()); }) };
    worker.on('message', (said: Said) => { thread.said = said; });
    worker.on('error', (error) => { process.stderr.write(`A thread failed: ${error.stack ?? error.message}\n`); });
    void thread.ended.then(() => { if (!draining) process.exit(1); });
    return thread;
  });
  return {
    of: (options) => (count < 1 ? options : {
      ...options,
      ready: () => [options.ready?.() ?? { ok: true, why: '' }, ...threads.map((thread) => thread.said.ready)].find((state) => !state.ok) ?? { ok: true, why: '' },
      ...(options.metrics && { metrics: { ...options.metrics, text: async () => mergedText([await options.metrics!.values(), ...threads.map((thread) => thread.said.metrics)]) } satisfies Metrics }),
      onDrain: async () => {
        draining = true;
        for (const { worker } of threads) worker.postMessage('drain');
        await Promise.all([options.onDrain?.(), ...threads.map((thread) => thread.ended)]);
      },
    }),
  };
};

/** The life of such a thread: works until it is told to drain. The main thread serves for it. */
export const runThread = async (options: ServiceOptions): Promise<void> => {
  const main = parentPort!;
  const tracing = await startTracing({ service: options.name, endpoint: options.otlpEndpoint });
  const tell = async (): Promise<void> => { main.postMessage({ ready: options.ready?.() ?? { ok: true, why: '' }, metrics: (await options.metrics?.values()) ?? [] } satisfies Said); };
  const telling = setInterval(() => void tell(), everyMs);
  main.once('message', () => void (async () => {
    clearInterval(telling);
    await options.onDrain?.();
    await options.bus?.close();
    await tracing.stop();
    process.exit(0);
  })());
};
