import type { ActionStore, HaltsNow, TellRun } from './ports.ts';

/** How long a due timer waits before it is told again, should its end not have come back; policy's clock may be a moment behind ours. */
const againMs = { run: 30_000, defer: 1_000 } as const;

/** Tells the inbox of every run whose life is over and of every deferred action whose time is. A crash after telling tells again; policy ends each once. */
export const tellDue = async (store: ActionStore, tell: TellRun, now: number): Promise<number> => {
  const due = await store.due(now, 200);
  for (const timer of due) {
    const { run, action } = timer;
    const kind = action === null ? 'run' : 'defer';
    await tell(run, { word: 'due', body: { timer: kind, action } });
    await store.snooze(timer, now + againMs[kind]);
  }
  return due.length;
};

/** Actions whose pause was lifted are due at once: policy decides them again, with everything as of then. Asked twice a second, so that it does not matter who lifted it and when. */
export const releasePaused = async (store: Pick<ActionStore, 'paused' | 'hasten'>, halts: HaltsNow, now: number): Promise<number> => {
  if (halts.isStale()) return 0;
  const free = (await store.paused(500)).filter(({ tenant, tool, run, agent, ancestors }) => [{ run, agent }, ...(ancestors ?? [])].every((one) => halts.paused?.({ tenant, tool, run: one.run, agent: one.agent }) === undefined));
  if (free.length > 0) await store.hasten(free, now);
  return free.length;
};
