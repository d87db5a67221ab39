import type { DelegationContext, GovernedEnded, GovernedRecord, HaltNotice, RunReturned } from '@countersign/contracts';
import { lift } from './halt.ts';
import type { ActionStore, HaltBook, TellRun } from './ports.ts';

/** A child run: which action of which run delegated, and everything that it hangs on. */
export interface Hanging { readonly run: string; readonly agent: string; readonly parent: string; readonly action: string; readonly ancestors: DelegationContext['ancestors'] }

export interface Delegations {
  /** Child runs that have not ended, below a run or below any run of an agent. */
  hangingOn(tenant: string, on: { readonly kind: 'run' | 'agent'; readonly id: string }): Promise<readonly Hanging[]>;
  childOf(run: string, action: string): Promise<Hanging | undefined>;
  /** Those of the runs on which any other hangs, its parent known here yet or not: nearly always none. */
  withChildren(runs: readonly string[]): Promise<ReadonlySet<string>>;
  find(run: string): Promise<Hanging | undefined>;
  /** What has stopped something that the run hangs on: halts in force, runs that have ended. */
  overAncestors(child: Hanging): Promise<{ readonly halts: readonly HaltNotice[]; readonly ended: readonly string[] }>;
  isCancelled(run: string, action: string): Promise<boolean>;
  openActions(run: string): Promise<readonly string[]>;
}

export interface CascadePorts { readonly delegations: Delegations; readonly book: HaltBook; readonly tell: TellRun; readonly store: ActionStore; readonly tenant: string }

/** The halt that stops a run because of another one, above it. Known by its name, so that order and repetition make no difference. */
const below = (halt: string, run: string): string => `${halt}~${run}`;
const isBelow = (halt: string): boolean => halt.includes('~');
export const revokedHalt = (run: string): string => `revoked:${run}`;
const endedHalt = (run: string): string => `ended:${run}`;

/** Halts that nobody lifts: a delegation that was taken back, or whose giver has ended, and a run that was cancelled or terminated, do not come to life again. */
export const isForGood = (halt: string): boolean => /^(?:revoked|ended|cancelled|terminated):/.test(halt);

interface Stop { readonly halt: string; readonly by: string; readonly reason: string; readonly at: number }

/**
 * Stops one child run: a halt that guards and policy see, its place in the run's order, and, where it is for good, the end of what waits in it. Its
 * result is the same however often and in whatever order it is done.
 */
const stop = async ({ book, tell, store, delegations, tenant }: CascadePorts, run: string, { halt, by, reason, at }: Stop): Promise<void> => {
  await book.add({ halt, op: 'halt', mode: 'halt', tenant, scope: { kind: 'run', id: run }, by, reason, at });
  await tell(run, { word: 'halted', body: { halt, by, reason, mode: 'halt' } });
  if (!isForGood(halt)) return;
  for (const action of await delegations.openActions(run)) if (await store.cancel({ tenant, run, action })) await tell(run, { word: 'cancelled', body: { action, by, reason } });
};

/** Stops everything that hangs on a run or an agent. */
export const stopBelow = async (ports: CascadePorts, on: { readonly kind: 'run' | 'agent'; readonly id: string }, { halt, by, reason, at }: Stop): Promise<void> => {
  if (isBelow(halt)) return;
  for (const child of await ports.delegations.hangingOn(ports.tenant, on)) await stop(ports, child.run, { halt: below(halt, child.run), by, reason: `hangs on ${on.kind} ${on.id}: ${reason}`.slice(0, 500).toWellFormed(), at });
};

/** Lets go on what only this halt had stopped. */
export const liftBelow = async ({ delegations, book, tell, tenant }: CascadePorts, on: { readonly kind: 'run' | 'agent'; readonly id: string }, { halt, by, reason, at }: Stop): Promise<void> => {
  if (isBelow(halt)) return;
  for (const { run } of await delegations.hangingOn(tenant, on)) {
    const stopped = await book.find(below(halt, run));
    if (stopped !== undefined && !await lift(book, tell, stopped, { by, reason, now: at })) throw new Error('a lift needs topic and database; one of them did not answer');
  }
};

/** Takes a delegation back for good: the child run, and through its own halt everything below it. */
export const revoke = async (ports: CascadePorts, child: Hanging, by: string, reason: string, at: number): Promise<string> => {
  const halt = revokedHalt(child.run);
  await stop(ports, child.run, { halt, by, reason, at });
  await stopBelow(ports, { kind: 'run', id: child.run }, { halt, by, reason, at });
  return halt;
};

const mayStop: ReadonlySet<GovernedRecord['kind']> = new Set(['run.halted', 'run.resumed', 'run.ended', 'action.cancelled']);

/** How a child run ended, for the one that delegated; what broke its schema stays on the record. */
const returnedBy = (child: string, agent: string, reason: string, { action, spent, data, unclassified, result, fault }: NonNullable<GovernedEnded['delegation']>): RunReturned => ({
  action, child, agent, reason, spent, data, unclassified, result: fault === undefined && result !== undefined ? JSON.stringify(result) : null, fault: fault ?? null,
});

/**
 * What governed records mean for what hangs on their run. The rows are folded before; a child that starts looks up, a run that stops looks down, each
 * after its own row stands: whichever comes last sees the other. Safe to repeat.
 */
export const cascade = async (ports: CascadePorts, records: readonly GovernedRecord[]): Promise<void> => {
  const { delegations, tell, tenant } = ports;
  const stopping = records.flatMap((record) => (record.run !== null && mayStop.has(record.kind) ? [record.run] : []));
  const giving = stopping.length === 0 ? new Set<string>() : await delegations.withChildren(stopping);
  for (const record of records) {
    if (record.run === null) continue;
    if (record.kind === 'run.ended' && record.delegation !== undefined) await tell(record.delegation.run, { word: 'returned', body: returnedBy(record.run, record.agent!, record.reason, record.delegation) });
    if (record.kind !== 'run.started' && !giving.has(record.run)) continue;
    const on = { kind: 'run', id: record.run } as const;
    switch (record.kind) {
      case 'run.started':
        if (record.delegation !== undefined) await lookUp(ports, record.run, record.now);
        break;
      case 'run.halted':
        await stopBelow(ports, on, { halt: record.halt, by: record.by, reason: record.reason, at: record.now });
        break;
      case 'run.resumed':
        await liftBelow(ports, on, { halt: record.halt, by: record.by, reason: record.reason, at: record.now });
        break;
      case 'run.ended': {
        const ended = { halt: endedHalt(record.run), by: 'supervision', reason: 'the run that delegated has ended', at: record.now };
        for (const child of await delegations.hangingOn(tenant, on)) {
          await stop(ports, child.run, { ...ended, halt: below(ended.halt, child.run) });
        }
        break;
      }
      case 'action.cancelled': {
        const child = await delegations.childOf(record.run, record.action);
        if (child !== undefined) await revoke(ports, child, record.by, record.reason ?? 'the delegation was cancelled', record.now);
        break;
      }
      default:
        break;
    }
  }
};

/** A child that starts: whatever stopped what it hangs on stops it too. */
const lookUp = async (ports: CascadePorts, run: string, at: number): Promise<void> => {
  const child = await ports.delegations.find(run);
  if (child === undefined) return;
  if (await ports.delegations.isCancelled(child.parent, child.action)) await revoke(ports, child, 'supervision', 'the delegation was cancelled before it was taken up', at);
  const { halts, ended } = await ports.delegations.overAncestors(child);
  for (const { halt, by, reason, scope } of halts) if (!isBelow(halt)) await stop(ports, run, { halt: below(halt, run), by, reason: `hangs on ${scope.kind} ${scope.id}: ${reason}`.slice(0, 500).toWellFormed(), at });
  for (const one of ended) await stop(ports, run, { halt: below(endedHalt(one), run), by: 'supervision', reason: 'the run that delegated has ended', at });
};
