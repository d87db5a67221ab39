import type { ActionKey } from './ports.ts';

export interface Lost { readonly key: ActionKey; readonly agent: string; readonly tool: string }

export interface ReconcileStore {
  /** Claimed longer ago than this without an outcome, oldest first. */
  overdue(before: number, limit: number): Promise<readonly Lost[]>;
  /** claimed → unknown; false where it ended meanwhile. */
  lose(key: ActionKey): Promise<boolean>;
  /** unknown → finished, as people found it; what a runtime says later is told and changes nothing. */
  reconcile(key: ActionKey, outcome: string, by: string, now: number): Promise<boolean>;
}

/**
 * What was handed out to be executed and is not heard of again is unknown, never assumed undone: nothing executes it again, what follows it waits, and
 * people find out.
 */
export const loseOverdue = async (store: ReconcileStore, now: number, withinMs: number, tell: (lost: Lost) => Promise<void>): Promise<number> => {
  const overdue = await store.overdue(now - withinMs, 200);
  for (const one of overdue) if (await store.lose(one.key)) await tell(one);
  return overdue.length;
};
