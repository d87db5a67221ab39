import { Worker } from 'node:worker_threads';
import type { SubjectKeys } from '../../app/keys.ts';
import type { Entry } from '../../app/ports.ts';
import type { SourceRecord } from '../../core/entry.ts';
import type { HiddenOf } from '../../core/sanitise.ts';
import { readBatch, subjectNamed } from './batch.ts';
import type { Asked, Told } from './batch.ts';
import type { FromThread, ToThread } from './messages.ts';
import { packRecords, unpackEntries } from './packed.ts';

export interface PreparingOptions {
  /** Threads; 0 prepares in this one. */
  readonly threads: number;
  /** A person's name in the log. */
  readonly pseudonym: (person: string) => string;
  readonly hidden: (tool: string) => HiddenOf;
  readonly keys: SubjectKeys;
  /** Starts a thread; for tests. */
  readonly start?: () => Worker;
}

/** The stage before the sequencer: drafts, sanitises, seals and hashes. */
export interface Preparing {
  /** Entries in the order of their records. A batch whose thread dies is rejected, so that it is handed in again; the next one gets a new thread. */
  prepare(sources: readonly SourceRecord[]): Promise<readonly Entry[]>;
  close(): Promise<void>;
}

/** Fewer are not worth the way to another thread and back. */
const worthAThread = 32;
/** Batches at a thread: one that it works on, and others that wait for keys, which are synced together, or for their turn. */
const perThread = 4;
/** Batches that wait for a thread. Each partition hands in one at a time, so more is a fault. */
const mostWaiting = 256;

/** Built it is a .js, from source under type stripping a .ts. */
export const startThread = (): Worker => {
  const source = import.meta.url.endsWith('.ts');
  return new Worker(new URL(source ? './thread.ts' : './thread.js', import.meta.url), { execArgv: source ? ['--conditions=source', '--disable-warning=ExperimentalWarning'] : [] });
};

interface Job {
  readonly sources: readonly SourceRecord[];
  readonly resolve: (entries: readonly Entry[]) => void;
  readonly reject: (error: Error) => void;
}
interface Thread {
  readonly worker: Worker;
  readonly jobs: Map<number, Job>;
}

export const createPreparing = ({ threads: count, pseudonym, hidden, keys, start = startThread }: PreparingOptions): Preparing => {
  const tell = async ({ people, tools, subjects }: Asked): Promise<Told> => {
    const names = people.map(pseudonym);
    return { names, hidden: tools.map(hidden), keys: await keys.keysFor(subjects.map((subject) => subjectNamed(subject, names))) };
  };
  const threads = new Set<Thread>();
  let waiting: Job[] = [];
  let lastBatch = 0;
  let closed = false;

  const answer = async ({ worker, jobs }: Thread, batch: number, asked: Asked): Promise<void> => {
    const say = (told: Told | null): void => worker.postMessage({ batch, told } satisfies ToThread);
    try {
      say(await tell(asked));
    } catch (error) {
      // Without a key that is durable nothing is sealed.
      jobs.get(batch)?.reject(error as Error);
      jobs.delete(batch);
      say(null);
      assign();
    }
  };
  const heard = (thread: Thread, message: FromThread): void => {
    const { batch } = message;
    if ('asked' in message) { void answer(thread, batch, message.asked); return; }
    const job = thread.jobs.get(batch);
    thread.jobs.delete(batch);
    assign();
    if (job === undefined) return;
    try {
      if ('failed' in message) throw new Error(message.failed);
      job.resolve(unpackEntries(message.entries, job.sources));
    } catch (error) {
      job.reject(error as Error);
    }
  };
  const lose = (thread: Thread, why: string): void => {
    if (!threads.delete(thread)) return;
    for (const job of thread.jobs.values()) job.reject(new Error(why));
    thread.jobs.clear();
    assign();
  };
  const open = (): Thread => {
    const thread: Thread = { worker: start(), jobs: new Map() };
    thread.worker.on('message', (message: FromThread) => heard(thread, message));
    thread.worker.on('error', (error) => lose(thread, `the thread that prepared this batch failed: ${error.message}`));
    thread.worker.on('exit', () => lose(thread, 'the thread that prepared this batch ended'));
    threads.add(thread);
    return thread;
  };
  const free = (): Thread | undefined => {
    const least = [...threads].toSorted((a, b) => a.jobs.size - b.jobs.size)[0];
    if (least !== undefined && least.jobs.size === 0) return least;
    if (threads.size < count) return open();
    return least !== undefined && least.jobs.size < perThread ? least : undefined;
  };
  const assign = (): void => {
    while (waiting.length > 0 && !closed) {
      try {
        const thread = free();
        if (thread === undefined) return;
        const job = waiting.shift()!;
        const batch = ++lastBatch;
        thread.jobs.set(batch, job);
        const records = packRecords(job.sources);
        thread.worker.postMessage({ batch, records } satisfies ToThread, [records.bytes]);
      } catch (error) {
        waiting.shift()?.reject(error as Error);
      }
    }
  };

  return {
    prepare: async (sources) => {
      if (closed) throw new Error('nothing is prepared any more: audit is closing');
      if (count === 0 || sources.length < worthAThread) {
        const batch = readBatch(sources);
        return batch.finish(await tell(batch));
      }
      if (waiting.length >= mostWaiting) throw new Error(`${mostWaiting} batches wait to be prepared`);
      return new Promise((resolve, reject) => {
        waiting.push({ sources, resolve, reject });
        assign();
      });
    },
    close: async () => {
      closed = true;
      const left = waiting;
      waiting = [];
      for (const { reject } of left) reject(new Error('audit is closing'));
      await Promise.all([...threads].map(({ worker }) => worker.terminate()));
    },
  };
};
