import { Worker } from 'node:worker_threads';
import type { BundleChecks, BundleFile } from '../app/bundles/ports.ts';
import type { BundleSpec } from '../core/rules/bundle.ts';
import type { CompiledBundle } from '../core/rules/compile.ts';
import { compileSteps } from '../core/rules/compile.ts';
import type { Catalogue } from './types.ts';

export type Task =
  | { readonly task: 'check'; readonly files: readonly BundleFile[]; readonly catalogue: Catalogue }
  | { readonly task: 'test'; readonly files: readonly BundleFile[]; readonly catalogue: Catalogue }
  | { readonly task: 'compare'; readonly old: readonly BundleFile[]; readonly next: readonly BundleFile[]; readonly catalogue: Catalogue }
  | { readonly task: 'parse'; readonly files: readonly BundleFile[] };
export type Answer = { readonly id: number; readonly error: string } | { readonly id: number; readonly result: unknown };

/** Longest that anything may take, ms. */
const patienceMs = 120_000;

export interface BundleWorker {
  checks(catalogue: () => Catalogue): BundleChecks;
  /** Rejects with every problem of a bundle that cannot be used. */
  compile(files: readonly BundleFile[]): Promise<{ readonly spec: BundleSpec; readonly bundle: CompiledBundle }>;
  stop(): Promise<void>;
}

/** Longest that compiling holds up a batch, ms. */
const stretchMs = 4;

/** Compiled code cannot come from another thread; what it costs here is spread between batches. The worker has compiled it before, so it takes no surprises. */
const compileGently = async (spec: BundleSpec): Promise<CompiledBundle> => {
  const steps = compileSteps(spec);
  for (let from = performance.now(); ;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (performance.now() - from < stretchMs) continue;
    await new Promise((resolve) => { setImmediate(resolve); });
    from = performance.now();
  }
};

/** Reading, testing and comparing bundles on a thread of its own: a thousand rules take seconds, in which decisions go on. Started when first needed. */
export const startBundleWorker = (onError: (error: Error) => void): BundleWorker => {
  let worker: Worker | undefined;
  let nextId = 0;
  const waiting = new Map<number, { readonly resolve: (value: never) => void; readonly reject: (error: Error) => void; readonly timer: NodeJS.Timeout }>();
  const settle = (id: number, how: (one: { readonly resolve: (value: never) => void; readonly reject: (error: Error) => void }) => void): void => {
    const one = waiting.get(id);
    if (one === undefined) return;
    waiting.delete(id);
    clearTimeout(one.timer);
    how(one);
  };
  const lose = (lost: Worker, why: Error): void => {
    if (worker !== lost) return;
    worker = undefined;
    void lost.terminate();
    for (const id of [...waiting.keys()]) settle(id, ({ reject }) => reject(why));
  };
  const running = (): Worker => {
    if (worker !== undefined) return worker;
    const source = import.meta.url.endsWith('.ts');
    const started = new Worker(new URL(source ? './bundle-thread.ts' : './bundle-thread.js', import.meta.url), { execArgv: source ? ['--conditions=source', '--disable-warning=ExperimentalWarning'] : [] });
    started.on('message', (answer: Answer) => settle(answer.id, ({ resolve, reject }) => ('error' in answer ? reject(new Error(answer.error)) : resolve(answer.result as never))));
    started.on('error', (error: Error) => { onError(error); lose(started, error); });
    started.on('exit', () => lose(started, new Error('the bundle worker ended')));
    started.unref();
    return worker = started;
  };
  const ask = <T>(task: Task): Promise<T> => new Promise<T>((resolve, reject) => {
    const id = nextId++;
    const to = running();
    const timer = setTimeout(() => lose(to, new Error(`a bundle took longer than ${patienceMs / 1000} s`)), patienceMs);
    waiting.set(id, { resolve: resolve as (value: never) => void, reject, timer });
    to.postMessage({ id, ...task });
  });

  return {
    checks: (catalogue) => ({
      check: (files) => ask({ task: 'check', files, catalogue: catalogue() }),
      test: (files) => ask({ task: 'test', files, catalogue: catalogue() }),
      compare: (old, next) => ask({ task: 'compare', old, next, catalogue: catalogue() }),
    }),
    compile: async (files) => {
      const spec = await ask<BundleSpec>({ task: 'parse', files });
      return { spec, bundle: await compileGently(spec) };
    },
    stop: async () => {
      const ending = worker;
      worker = undefined;
      await ending?.terminate();
    },
  };
};
