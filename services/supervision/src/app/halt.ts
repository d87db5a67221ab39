import type { HaltNotice, HaltScope } from '@countersign/contracts';
import type { HaltBook, TellRun } from './ports.ts';

export interface HaltRequest {
  readonly tenant: string;
  readonly scope: HaltScope;
  readonly mode: 'halt' | 'pause';
  readonly by: string;
  readonly reason: string;
  readonly halt: string;
  readonly now: number;
}

/** Stops a scope over every path that works. A halt of one run goes to its inbox as well, so that it takes its place in the run's order; a pause does not: policy asks for it while it decides. */
export const halt = async (book: HaltBook, tell: TellRun, request: HaltRequest): Promise<{ readonly topic: boolean; readonly database: boolean }> => {
  const { halt: id, tenant, scope, mode, by, reason, now } = request;
  const paths = await book.add({ halt: id, op: 'halt', mode, tenant, scope, by, reason, at: now });
  if (mode === 'halt' && scope.kind === 'run' && scope.id !== null) {
    const told = tell(scope.id, { word: 'halted', body: { halt: id, by, reason, mode } });
    // Without the topic it cannot take its place in the run's order; nothing is decided there then either, and the halt stands.
    if (paths.topic) await told; else told.catch(() => undefined);
  }
  return paths;
};

/** Lifts a halt. Unlike a halt it needs both paths: a lift that half the house missed would be a lie. */
export const lift = async (book: HaltBook, tell: TellRun, stopped: HaltNotice, request: { readonly by: string; readonly reason: string; readonly now: number }): Promise<boolean> => {
  const paths = await book.add({ ...stopped, op: 'lift', by: request.by, reason: request.reason, at: request.now });
  if (!paths.topic || !paths.database) return false;
  if (stopped.mode === 'halt' && stopped.scope.kind === 'run' && stopped.scope.id !== null) await tell(stopped.scope.id, { word: 'resumed', body: { halt: stopped.halt, by: request.by, reason: request.reason } });
  return true;
};
