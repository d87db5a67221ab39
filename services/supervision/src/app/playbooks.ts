import { refused } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';
import type { HaltScope } from '@countersign/contracts';
import { evolvePlaybook, mayConfirm, nextStep } from '../core/playbook-run.ts';
import type { ConfirmCode, PlaybookEvent, PlaybookRun } from '../core/playbook-run.ts';
import type { Playbook, Step } from '../core/playbook.ts';
import type { Streams } from './breakers.ts';

/** What a step does. Each may be begun again after a crash and comes to the same: what it sets has its name from the run and the step. */
export interface StepWork {
  /** What there is to say about what was done; undefined: not yet, ask again. */
  perform(run: PlaybookRun, step: Step): Promise<string | undefined>;
  /** What it would do. Changes nothing. */
  rehearse(scope: HaltScope, step: Step): Promise<string>;
}

export interface PlaybookPorts { readonly streams: Streams; readonly work: StepWork; readonly now: () => number; readonly onError: (error: Error, what: string) => void }

export interface Playbooks {
  start(id: string, playbook: Playbook, digest: string, scope: HaltScope, by: string, reason: string): Promise<PlaybookRun>;
  rehearse(playbook: Playbook, scope: HaltScope): Promise<readonly string[]>;
  find(id: string): Promise<PlaybookRun | undefined>;
  list(): Promise<readonly PlaybookRun[]>;
  confirm(id: string, step: string, person: string, roles: readonly string[], jws: string): Promise<PlaybookRun | Refused<ConfirmCode | 'not_found'>>;
  abandon(id: string, person: string, reason: string): Promise<PlaybookRun | Refused<'not_found' | 'conflict'>>;
  /** Does what is due; called twice a second. */
  sweep(): Promise<void>;
}

const prefix = 'playbook/';
const longestSays = 3_500;
/** Sweeps between two looks for what another instance began or left behind. */
const lookEvery = 60;

export const createPlaybooks = ({ streams, work, now, onError }: PlaybookPorts): Playbooks => {
  /** Those that are not over, as far as is known here; what another instance began is found at the next look. */
  const atWork = new Set<string>();
  let sweeps = 0;
  const find = async (id: string): Promise<PlaybookRun | undefined> =>
    (await streams.load(`${prefix}${id}`)).reduce<PlaybookRun | undefined>((run, { type, by, at, data }) => evolvePlaybook(id, run, { ...(data as object), type, by, at } as PlaybookEvent), undefined);
  const append = async (run: PlaybookRun, type: PlaybookEvent['type'], by: string, data: object): Promise<boolean> => streams.append(`${prefix}${run.id}`, run.events, type, by, data);
  const ids = async (): Promise<readonly string[]> => (await streams.streams(prefix)).map((stream) => stream.slice(prefix.length));

  /** Steps until one waits. Another instance may be at it as well: what is done comes to the same, and one of the two writes it down. */
  const goOn = async (id: string): Promise<void> => {
    for (;;) {
      const run = await find(id);
      if (run === undefined) return;
      const next = nextStep(run);
      if (next.status === 'over') atWork.delete(id);
      if (next.status !== 'do') return;
      const says = await work.perform(run, next.step);
      if (says === undefined || !await append(run, 'playbook_step_done', 'supervision', { step: next.step.id, says: says.slice(0, longestSays).toWellFormed() })) return;
    }
  };

  return {
    find,
    rehearse: async (playbook, scope) => { const said = []; for (const step of playbook.steps) said.push(await work.rehearse(scope, step)); return said; },
    start: async (id, playbook, digest, scope, by, reason) => {
      const event: PlaybookEvent = { type: 'playbook_started', at: now(), by, playbook, digest, scope, reason };
      const { type, at: _, by: __, ...data } = event;
      await streams.append(`${prefix}${id}`, 0, type, by, data);
      atWork.add(id);
      await goOn(id).catch((error: Error) => onError(error, `playbook ${id}`));
      return (await find(id))!;
    },
    list: async () => { const all = []; for (const id of await ids()) all.push(await find(id)); return all.filter((one) => one !== undefined).sort((a, b) => b.startedAt - a.startedAt); },
    confirm: async (id, step, person, roles, jws) => {
      for (let attempt = 0; attempt < 5; attempt++) {
        const run = await find(id);
        if (run === undefined) return refused<'not_found'>('not_found', 'there is no such playbook at work');
        const refusal = mayConfirm(run, step, person, roles);
        if (refusal !== null) return refusal;
        if (!await append(run, 'playbook_step_confirmed', person, { step, jws })) continue;
        await goOn(id).catch((error: Error) => onError(error, `playbook ${id}`));
        return (await find(id))!;
      }
      return refused<'conflict'>('conflict', 'others act on it at the same time: try again');
    },
    abandon: async (id, person, reason) => {
      const run = await find(id);
      if (run === undefined) return refused<'not_found'>('not_found', 'there is no such playbook at work');
      if (nextStep(run).status === 'over' || !await append(run, 'playbook_abandoned', person, { reason })) return refused<'conflict'>('conflict', 'it is over, or others act on it at the same time');
      return (await find(id))!;
    },
    sweep: async () => {
      if (sweeps++ % lookEvery === 0) for (const id of await ids()) atWork.add(id);
      for (const id of [...atWork]) await goOn(id).catch((error: Error) => onError(error, `playbook ${id}`));
    },
  };
};
