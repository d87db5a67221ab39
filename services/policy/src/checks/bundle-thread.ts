import { parentPort } from 'node:worker_threads';
import { parseBundle } from '../inbound/bundle-files.ts';
import type { Answer, Task } from './bundle-worker.ts';
import { createBundleChecks } from './bundle-checks.ts';
import { diffBundles } from './diff/diff.ts';
import { lintBundle } from './lint/lint.ts';

/** What bundle-worker.ts asks, on this thread. */
const answer = async (task: Task): Promise<unknown> => {
  if (task.task === 'parse') return parseBundle(task.files).spec;
  const checks = createBundleChecks(() => task.catalogue, { lint: lintBundle, diff: diffBundles }, (error) => { process.emitWarning(error); });
  if (task.task === 'test') return checks.test(task.files);
  return task.task === 'check' ? checks.check(task.files) : checks.compare(task.old, task.next);
};

parentPort!.on('message', ({ id, ...task }: Task & { readonly id: number }) => {
  answer(task as Task).then(
    (result) => parentPort!.postMessage({ id, result } satisfies Answer),
    (error: unknown) => parentPort!.postMessage({ id, error: (error as Error).message } satisfies Answer),
  );
});
