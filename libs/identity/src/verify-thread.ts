import { Worker } from 'node:worker_threads';

/** `key` 32 bytes raw, `signature` 64 bytes. */
export interface Question { readonly key: Uint8Array; readonly input: Uint8Array; readonly signature: Uint8Array }

export interface VerifyThread {
  /** Resolves to the verdict, or undefined if the thread could not say. Never rejects. */
  readonly ask: (question: Question) => Promise<boolean | undefined>;
  /** How many questions got a verdict, how many none, and how often a thread was lost or could not be started. */
  readonly counts: () => { readonly answered: number; readonly unanswered: number; readonly failures: number };
}

export interface VerifyThreadOptions { readonly start: () => Worker; readonly timeoutMs: number; readonly restartAfterMs: number }

type Waiting = (answers: Uint8Array | undefined) => void;

/** From source under type stripping this file is a .ts, built it is a .js; the worker lies beside it. */
export const startVerifyWorker = (): Worker => new Worker(new URL(import.meta.url.endsWith('.ts') ? './verify-worker.ts' : './verify-worker.js', import.meta.url), { execArgv: [] });

/** One worker thread that verifies Ed25519: the questions of one turn go there as one message. Started at the first question; keeps no process alive. */
export const createVerifyThread = ({ start, timeoutMs, restartAfterMs }: VerifyThreadOptions): VerifyThread => {
  let worker: Worker | undefined;
  let notBefore = -Infinity, nextId = 0, answered = 0, unanswered = 0, failures = 0;
  let collected: { readonly question: Question; readonly resolve: (ok: boolean | undefined) => void }[] = [];
  const waiting = new Map<number, Waiting>();

  const lose = (lost: Worker | undefined): void => {
    if (worker !== lost) return; // its loss is known
    worker = undefined;
    failures++;
    notBefore = performance.now() + restartAfterMs;
    void lost?.terminate().catch(() => undefined);
    for (const answer of [...waiting.values()]) answer(undefined);
  };

  const running = (): Worker | undefined => {
    if (worker !== undefined || performance.now() < notBefore) return worker;
    try {
      const started = start();
      started.on('message', ({ id, answers }: { id: number; answers: Uint8Array }) => waiting.get(id)?.(answers));
      started.on('error', () => lose(started));
      started.on('exit', () => lose(started));
      started.unref();
      worker = started;
    } catch {
      lose(undefined);
    }
    return worker;
  };

  const flush = (): void => {
    const batch = collected;
    collected = [];
    const to = running();
    const id = nextId++;
    // The timer is what holds the process until the answer: the thread itself does not.
    const timer = setTimeout(() => lose(to), timeoutMs);
    waiting.set(id, (answers) => {
      waiting.delete(id);
      clearTimeout(timer);
      batch.forEach(({ resolve }, i) => {
        const answer = answers?.[i];
        if (answer === 0 || answer === 1) answered++; else unanswered++;
        resolve(answer === 0 || answer === 1 ? answer === 1 : undefined);
      });
    });
    if (to === undefined) return waiting.get(id)!(undefined);
    try {
      const packed = pack(batch.map(({ question }) => question));
      to.postMessage({ id, count: batch.length, packed }, [packed]);
    } catch {
      waiting.get(id)?.(undefined);
    }
  };

  return {
    ask: (question) => new Promise((resolve) => {
      if (collected.push({ question, resolve }) === 1) queueMicrotask(flush);
    }),
    counts: () => ({ answered, unanswered, failures }),
  };
};

/** Per question: key, signature, length of the input (32 bits, little endian), input. */
const pack = (questions: readonly Question[]): ArrayBuffer => {
  const packed = new ArrayBuffer(questions.reduce((sum, { input }) => sum + 100 + input.length, 0));
  const bytes = new Uint8Array(packed), view = new DataView(packed);
  let at = 0;
  for (const { key, input, signature } of questions) {
    bytes.set(key, at);
    bytes.set(signature, at + 32);
    view.setUint32(at + 96, input.length, true);
    bytes.set(input, at + 100);
    at += 100 + input.length;
  }
  return packed;
};
