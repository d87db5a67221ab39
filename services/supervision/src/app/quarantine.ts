import { refused } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';
import type { HaltNotice } from '@countersign/contracts';
import { halt } from './halt.ts';
import type { ActionStore, HaltBook, TellRun } from './ports.ts';

/** Halts that only somebody else than who set them lifts. */
const prefix = 'quarantine:';
export const isQuarantine = (id: string): boolean => id.startsWith(prefix);

export interface QuarantinePorts {
  readonly book: HaltBook;
  readonly tell: TellRun;
  readonly store: Pick<ActionStore, 'work' | 'cancel'>;
  readonly openActions: (run: string) => Promise<readonly string[]>;
  readonly tenant: string;
  readonly now: () => number;
}

export interface Quarantined { readonly halt: string; readonly paths: { readonly topic: boolean; readonly database: boolean }; readonly cancelled: readonly string[] }
const most = 500;

/**
 * Takes an agent or a run out: a halt like any other, and what waits is closed, so that nobody is asked about it. What it has begun goes to its end.
 * @param name what makes it this one: done again under the same name, it changes nothing
 */
export const quarantine = async ({ book, tell, store, openActions, tenant, now }: QuarantinePorts, scope: { readonly kind: 'agent' | 'run'; readonly id: string }, name: string, by: string, reason: string): Promise<Quarantined> => {
  const id = `${prefix}${name}`;
  const paths = await halt(book, tell, { tenant, halt: id, scope, mode: 'halt', by, reason, now: now() });
  const waiting = scope.kind === 'run' ? (await openActions(scope.id)).map((action) => ({ run: scope.id, action })) : (await store.work(tenant, [scope.id], [], most)).actions.filter(({ status }) => status === 'open');
  const cancelled: string[] = [];
  for (const { run, action } of waiting) {
    if (!await store.cancel({ tenant, run, action })) continue;
    await tell(run, { word: 'cancelled', body: { action, by, reason } });
    cancelled.push(action);
  }
  return { halt: id, paths, cancelled };
};

/** Whoever set it does not take it back, nor does who answers for the agent. */
export const mayRelease = (notice: HaltNotice, person: string, owner: string | undefined): Refused<'forbidden'> | null =>
  (!isQuarantine(notice.halt) || (notice.by !== person && owner !== person) ? null : refused<'forbidden'>('forbidden', 'a quarantine is lifted by another person than who set it, and not by the owner of the agent'));
