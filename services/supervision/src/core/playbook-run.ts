import { refused } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';
import type { HaltScope } from '@countersign/contracts';
import type { Playbook, Step } from './playbook.ts';

/** A playbook at work is its stream on the record: what stands there was done, and nothing is done twice for it. */
export type PlaybookEvent =
  | { readonly type: 'playbook_started'; readonly at: number; readonly by: string; readonly playbook: Playbook; readonly digest: string; readonly scope: HaltScope; readonly reason: string }
  | { readonly type: 'playbook_step_confirmed'; readonly at: number; readonly by: string; readonly step: string; readonly jws: string }
  | { readonly type: 'playbook_step_done'; readonly at: number; readonly by: string; readonly step: string; readonly says: string }
  | { readonly type: 'playbook_abandoned'; readonly at: number; readonly by: string; readonly reason: string };

export interface PlaybookRun {
  readonly id: string; readonly playbook: Playbook; readonly digest: string; readonly scope: HaltScope; readonly by: string; readonly reason: string; readonly startedAt: number;
  readonly done: readonly { readonly step: string; readonly at: number; readonly says: string }[];
  readonly confirmed: Readonly<Record<string, readonly string[]>>;
  readonly abandoned: boolean;
  /** Events in its stream. */
  readonly events: number;
}

export const evolvePlaybook = (id: string, run: PlaybookRun | undefined, event: PlaybookEvent): PlaybookRun => {
  if (event.type === 'playbook_started') {
    const { playbook, digest, scope, by, reason, at } = event;
    return { id, playbook, digest, scope, by, reason, startedAt: at, done: [], confirmed: {}, abandoned: false, events: 1 };
  }
  if (run === undefined) throw new Error(`the stream of ${id} begins with ${event.type}`);
  const events = run.events + 1;
  switch (event.type) {
    case 'playbook_step_confirmed': return { ...run, events, confirmed: { ...run.confirmed, [event.step]: [...run.confirmed[event.step] ?? [], event.by] } };
    case 'playbook_step_done': return { ...run, events, done: [...run.done, { step: event.step, at: event.at, says: event.says }] };
    case 'playbook_abandoned': return { ...run, events, abandoned: true };
  }
};

export type Next = { readonly status: 'over' } | { readonly status: 'do' | 'ask'; readonly step: Step };

/** The step that comes: done at once, or asked for first. */
export const nextStep = ({ playbook, done, confirmed, abandoned }: PlaybookRun): Next => {
  const step = playbook.steps[done.length];
  if (step === undefined || abandoned) return { status: 'over' };
  return { status: (confirmed[step.id]?.length ?? 0) >= (step.people?.quorum ?? 0) ? 'do' : 'ask', step };
};

/** What a person signs: this step of this run, with everything that was done before it as they saw it. */
export const shownAt = ({ id, digest, scope, done }: PlaybookRun, step: string): object => ({ playbook: id, digest, scope: { kind: scope.kind, id: scope.id }, step, done: done.map(({ step: before, says }) => ({ step: before, says })) });

export type ConfirmCode = 'conflict' | 'forbidden';

/** Whether this person's word counts for the step that waits. */
export const mayConfirm = (run: PlaybookRun, step: string, person: string, roles: readonly string[]): Refused<ConfirmCode> | null => {
  const next = nextStep(run);
  if (next.status !== 'ask' || next.step.id !== step) return refused<ConfirmCode>('conflict', next.status === 'ask' ? `the step that waits is ${next.step.id}` : 'no step waits for people');
  const needed = next.step.people!.roles;
  if (run.by === person) return refused<ConfirmCode>('forbidden', 'who began the playbook does not confirm its steps');
  if (!roles.some((role) => needed.includes(role))) return refused<ConfirmCode>('forbidden', `this step is confirmed by ${needed.join(', ')}`);
  return run.confirmed[step]?.includes(person) === true ? refused<ConfirmCode>('conflict', 'you have confirmed this step already') : null;
};

export const statusOf = (run: PlaybookRun): 'running' | 'waiting' | 'done' | 'abandoned' => {
  const next = nextStep(run);
  if (run.abandoned) return 'abandoned';
  return next.status === 'over' ? 'done' : next.status === 'ask' ? 'waiting' : 'running';
};
