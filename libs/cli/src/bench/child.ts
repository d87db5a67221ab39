import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processorSeconds } from './processor-time.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });
const running = new Set<ChildProcess>();
process.once('exit', () => { for (const child of running) child.kill('SIGKILL'); });

export interface Child {
  /** SIGTERM, then after some patience SIGKILL; resolves when it is gone. */
  stop(): Promise<void>;
  /** Seconds of processor time it has used so far, all threads; NaN where the system does not tell (no /proc). */
  cpuSeconds(): number;
  /** Resident memory now, MB; NaN where the system does not tell. */
  memoryMb(): number;
}

const memoryMb = (pid: number): number => {
  try {
    return Math.round(Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1_024);
  } catch {
    return Number.NaN;
  }
};

/** Starts a Node program and waits until `ready` says so. It ends with this process at the latest. Its output is kept for the error message, and goes when it is stopped. */
export const startNode = async (name: string, args: readonly string[], options: { readonly env?: Readonly<Record<string, string>>; /** Asked again and again, with what the program has printed. */ readonly ready: (output: string) => Promise<boolean>; readonly withinMs?: number; readonly nodeOptions?: readonly string[] }): Promise<Child> => {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-bench-'));
  const log = join(folder, `${name}.log`);
  const output = openSync(log, 'w');
  const child = spawn(process.execPath, ['--enable-source-maps', '--disable-warning=TimeoutNegativeWarning', ...(options.nodeOptions ?? []), ...args], { stdio: ['ignore', output, output], env: { ...process.env, ...options.env } });
  running.add(child);
  const gone = new Promise<void>((resolve) => { child.once('exit', () => { running.delete(child); resolve(); }); });
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const patience = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await gone;
    clearTimeout(patience);
  };
  const deadline = Date.now() + (options.withinMs ?? 60_000);
  while (!await options.ready(await readFile(log, 'utf8'))) {
    const ended = child.exitCode !== null || child.signalCode !== null;
    if (ended || Date.now() > deadline) {
      await stop();
      throw new Error(`${name} ${ended ? 'ended' : 'was not ready in time'}. Its last lines:\n${(await readFile(log, 'utf8')).trimEnd().split('\n').slice(-15).join('\n')}`);
    }
    await sleep(20);
  }
  return { stop: async () => { await stop(); await rm(folder, { recursive: true, force: true }); }, cpuSeconds: () => processorSeconds(child.pid!), memoryMb: () => memoryMb(child.pid!) };
};

/** Whether a service answers on /readyz. */
export const answersReady = (url: string) => (): Promise<boolean> => fetch(`${url}/readyz`, { signal: AbortSignal.timeout(1_000) }).then((answer) => answer.ok, () => false);

/** Options with which Node writes CPU profiles (one per thread) into a folder when it ends; none without a folder. test/load/where-time-goes.ts reads them. */
export const profiled = (folder: string | undefined): readonly string[] => (folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`]);
