import type { ActionStore, TellRun } from './ports.ts';

/** How long a due timer waits before it is told again, should its `ended` not have come back. */
const againMs = 30_000;

/** Tells the inbox of every run whose life is over. A crash after telling tells again; policy ends a run once. */
export const tellDue = async (store: ActionStore, tell: TellRun, now: number): Promise<number> => {
  const due = await store.due(now, 200);
  for (const { run } of due) {
    await tell(run, { word: 'due', body: { timer: 'run', action: null } });
    await store.snooze(run, now + againMs);
  }
  return due.length;
};
