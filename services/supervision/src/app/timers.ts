import type { ActionStore, TellRun } from './ports.ts';

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
