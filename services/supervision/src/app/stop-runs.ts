import { refused } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';
import type { HaltNotice } from '@countersign/contracts';
import { stopBelow } from './cascade.ts';
import type { CascadePorts } from './cascade.ts';
import { halt, lift } from './halt.ts';

/** What each of them means stands in the README. */
export type RunVerb = 'pause' | 'resume' | 'cancel' | 'terminate';
export type RunVerbCode = 'not_found' | 'run_closed' | 'conflict' | 'store_unavailable' | 'forbidden';

export interface StopRunPorts extends CascadePorts {
  /** undefined: there is no such run. */
  readonly run: (run: string) => Promise<{ readonly agent: string; readonly status: string } | undefined>;
  /** Who may decide about the tier 4 action for which a run stands still; undefined where it waits for nobody. */
  readonly seniors: (run: string, action: string) => Promise<{ readonly route: readonly string[]; readonly requesters: readonly string[] } | undefined>;
  /** Asks for the reversal of what ran; answers the actions, the last first, and those that cannot be reversed. */
  readonly compensate: (run: string, by: string, reason: string, at: number) => Promise<{ readonly reversals: readonly string[]; readonly irreversible: readonly string[] }>;
  readonly newId: () => string;
}

export interface RunStopped { readonly run: string; readonly verb: RunVerb; readonly halts: readonly string[]; readonly cancelled: readonly string[]; readonly reversals: readonly string[]; readonly irreversible: readonly string[] }
export interface Ordered { readonly by: string; readonly roles: readonly string[]; readonly reason: string; readonly now: number }

/** Halts that stand for what cannot be undone by resuming, and those that come and go with something else than the run. */
const ownedElsewhere = /^(?:revoked:|ended:|cancelled:|terminated:|agent:)|~/;
const seniorOf = (haltId: string): string | undefined => /^tier4:[^:]+:(.+)$/.exec(haltId)?.[1];
const supervises = (roles: readonly string[]): boolean => roles.some((role) => role === 'supervisor' || role === 'operator');

/** A run that is stopped for good: halted under a name that nobody lifts, what waits in it and below it cancelled. Repeating it changes nothing. */
const stopForGood = async (ports: StopRunPorts, run: string, id: string, { by, reason, now }: Ordered): Promise<readonly string[]> => {
  const { book, tell, store, delegations, tenant } = ports;
  await book.add({ halt: id, op: 'halt', mode: 'halt', tenant, scope: { kind: 'run', id: run }, by, reason, at: now });
  await tell(run, { word: 'halted', body: { halt: id, by, reason, mode: 'halt' } });
  const cancelled: string[] = [];
  for (const action of await delegations.openActions(run)) {
    if (!await store.cancel({ tenant, run, action })) continue;
    await tell(run, { word: 'cancelled', body: { action, by, reason } });
    cancelled.push(action);
  }
  await stopBelow(ports, { kind: 'run', id: run }, { halt: id, by, reason, at: now });
  return cancelled;
};

/** Lifts what stops or pauses this run itself. What stands for a wider scope, or for good, is not lifted with one run. */
const resume = async (ports: StopRunPorts, run: string, { by, roles, reason, now }: Ordered): Promise<readonly string[] | Refused<RunVerbCode>> => {
  const own = (await ports.book.inForce()).filter(({ scope }) => scope.kind === 'run' && scope.id === run);
  const liftable = own.filter((notice) => !ownedElsewhere.test(notice.halt));
  if (liftable.length === 0) return own.length === 0 ? refused<RunVerbCode>('conflict', 'nothing stops this run itself') : refused<RunVerbCode>('conflict', 'the run was cancelled, terminated or taken back, or stops with its agent or with the run above: that is not lifted here');
  for (const notice of liftable) {
    const may = await mayLift(ports, run, notice, by, roles);
    if (may !== null) return may;
  }
  for (const notice of liftable) if (!await lift(ports.book, ports.tell, notice, { by, reason, now })) return refused<RunVerbCode>('store_unavailable', 'a lift needs the topic and the database; one of them did not answer. Try again');
  return liftable.map((notice) => notice.halt);
};

/** A run that stopped for a senior decision goes on only by those who may make it, and who did not ask for it. */
const mayLift = async ({ seniors }: StopRunPorts, run: string, { halt: id }: HaltNotice, by: string, roles: readonly string[]): Promise<Refused<RunVerbCode> | null> => {
  const action = seniorOf(id);
  if (action === undefined) return supervises(roles) ? null : refused<RunVerbCode>('forbidden', 'supervisors and operators resume runs');
  const asked = await seniors(run, action);
  if (asked === undefined) return supervises(roles) ? null : refused<RunVerbCode>('forbidden', 'supervisors and operators resume runs');
  if (asked.requesters.includes(by)) return refused<RunVerbCode>('forbidden', 'whoever asked for the action or owns its agent does not decide that its run goes on');
  return roles.some((role) => asked.route.includes(role)) ? null : refused<RunVerbCode>('forbidden', `the run stopped for a senior decision: ${asked.route.join(', ')} resume it`);
};

/** One verb for one run. */
export const stopRun = async (ports: StopRunPorts, run: string, verb: RunVerb, ordered: Ordered): Promise<{ readonly status: 'done'; readonly done: RunStopped } | Refused<RunVerbCode>> => {
  const { by, roles, reason, now } = ordered;
  const known = await ports.run(run);
  if (known === undefined) return refused<RunVerbCode>('not_found', 'there is no such run');
  if (known.status === 'ended' && verb !== 'cancel') return refused<RunVerbCode>('run_closed', 'the run has ended');
  const none = { run, verb, halts: [], cancelled: [], reversals: [], irreversible: [] };
  if (verb === 'resume') {
    const lifted = await resume(ports, run, ordered);
    return 'status' in lifted ? lifted : { status: 'done', done: { ...none, halts: lifted } };
  }
  const senior = verb === 'terminate' && await waitsForSenior(ports, run, by, roles);
  if (!supervises(roles) && !senior) return refused<RunVerbCode>('forbidden', 'supervisors and operators stop runs');
  if (verb === 'pause') {
    const id = ports.newId();
    await halt(ports.book, ports.tell, { tenant: ports.tenant, halt: id, scope: { kind: 'run', id: run }, mode: 'pause', by, reason, now });
    return { status: 'done', done: { ...none, halts: [id] } };
  }
  const id = `${verb === 'cancel' ? 'cancelled' : 'terminated'}:${run}`;
  const cancelled = await stopForGood(ports, run, id, ordered);
  const back = verb === 'cancel' ? await ports.compensate(run, by, reason, now) : { reversals: [], irreversible: [] };
  return { status: 'done', done: { ...none, halts: [id], cancelled, ...back } };
};

/** Whoever may decide that a stopped run goes on may also decide that it does not. */
const waitsForSenior = async (ports: StopRunPorts, run: string, by: string, roles: readonly string[]): Promise<boolean> => {
  for (const { halt: id, scope } of await ports.book.inForce()) {
    const action = scope.kind === 'run' && scope.id === run ? seniorOf(id) : undefined;
    const asked = action === undefined ? undefined : await ports.seniors(run, action);
    if (asked !== undefined && !asked.requesters.includes(by) && roles.some((role) => asked.route.includes(role))) return true;
  }
  return false;
};

export interface BulkItem { readonly run: string; readonly agent: string; readonly ok: boolean; readonly code: string | null; readonly detail: string | null }

/** The same verb for many runs, each on its own: what fails for one stops none of the others. */
export const stopRuns = async (ports: StopRunPorts, runs: readonly { readonly run: string; readonly agent: string }[], verb: RunVerb, ordered: Ordered, dryRun: boolean): Promise<readonly BulkItem[]> => {
  const items: BulkItem[] = [];
  for (const { run, agent } of runs) {
    if (dryRun) { items.push({ run, agent, ok: true, code: null, detail: null }); continue; }
    const answer = await stopRun(ports, run, verb, ordered).catch((error: Error): Refused<RunVerbCode> => refused<RunVerbCode>('store_unavailable', error.message.slice(0, 300)));
    items.push(answer.status === 'refused' ? { run, agent, ok: false, code: answer.code, detail: answer.detail } : { run, agent, ok: true, code: null, detail: null });
  }
  return items;
};
