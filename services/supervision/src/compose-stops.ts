import type { Bus } from '@countersign/bus';
import type { ActionView, BulkRequest, BulkResponse, HaltNotice, HaltView, PublicJwk, RunDetail, RunStopResponse } from '@countersign/contracts';
import type { KeySet, SigningKey } from '@countersign/identity';
import { CodedError } from '@countersign/service-host';
import type { ReportingPoint } from '@countersign/tool-guard';
import { uuidV7From } from '@countersign/kernel';
import { randomBytes, randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { drill } from './app/drill.ts';
import type { Drilled } from './app/drill.ts';
import { loseOverdue } from './app/reconcile.ts';
import { stopRun, stopRuns } from './app/stop-runs.ts';
import type { RunVerb, StopRunPorts } from './app/stop-runs.ts';
import { covers } from './core/enforcement.ts';
import type { Point } from './core/enforcement.ts';
import { followEnforcement } from './outbound/enforcement-points.ts';
import type { EnforcementPoints } from './outbound/enforcement-points.ts';
import { createReconcileStore } from './outbound/postgres-actions.ts';
import type { RunEvents } from './outbound/run-events.ts';
import type { SupervisionRecord } from './outbound/record.ts';
import { createHalts } from './views/halts.ts';
import type { Runs } from './views/runs.ts';

export interface Person { readonly person: string; readonly roles: readonly string[] }

/** Stopping runs, and knowing that they stopped. */
export interface Stops {
  /** Halts in force, each with how far it holds. */
  halts(): Promise<readonly HaltView[]>;
  points(): readonly (Point & { readonly behind: number | null })[];
  readonly enforcement: EnforcementPoints;
  enrolGuard(guard: string, key: PublicJwk, by: string): Promise<void>;
  /** Throws CodedError where it cannot be done. */
  stop(run: string, verb: RunVerb, by: Person, reason: string): Promise<RunStopResponse>;
  bulk(request: BulkRequest, by: Person): Promise<BulkResponse>;
  /** How long a halt takes to everybody who enforces it, without stopping anything. */
  drill(by: Person, reason: string): Promise<Drilled>;
  /** What came of an action of which nobody knew, as people found it. Throws CodedError where it is not unknown. */
  reconcile(run: string, action: string, outcome: string, by: Person, reason: string): Promise<ActionView>;
  /** What was claimed and not heard of again; called twice a second. */
  sweep(): Promise<void>;
  /** A run with what stops it. */
  detail(run: string, filter: Parameters<Runs['get']>[2]): Promise<RunDetail | undefined>;
  /** A notice was heard at this offset of its topic. */
  noticed(notice: HaltNotice, offset: bigint): void;
  offsetOf(notice: Pick<HaltNotice, 'halt' | 'op'>): bigint | undefined;
}

export interface StopsPorts extends Omit<StopRunPorts, 'run' | 'seniors' | 'newId'> {
  readonly bus: Bus; readonly pool: Pool; readonly keys: KeySet; readonly now: () => number; readonly runs: Runs; readonly record: SupervisionRecord; readonly happened: RunEvents;
  /** How long after its claim an action may stay unheard of before it is unknown. */
  readonly outcomeWithinMs: number;
  readonly onError: (error: Error, what: string) => void;
}

const most = 500;

export const reportOf = (key: SigningKey, tenant: string, instance: string): ReportingPoint => ({ point: `claims/${instance}`, kind: 'claims', key, tenant });

export const composeStops = async (ports: StopsPorts): Promise<Stops> => {
  const { bus, pool, keys, now, runs, tenant, store, book } = ports;
  const enforcement = await followEnforcement(bus, pool, keys, now, (error) => ports.onError(error, 'enforcement reports'));
  const offsets = new Map<string, { readonly offset: bigint; readonly at: number }>();
  const confirmedAt = new Map<string, { readonly offset: bigint; readonly at: number }>();
  let last: { readonly offset: bigint; readonly at: number } | undefined;
  enforcement.onReport(({ point, seen }) => { if (last !== undefined && BigInt(seen) >= last.offset && confirmedAt.get(point)?.offset !== last.offset) confirmedAt.set(point, { offset: last.offset, at: now() }); });
  const offsetOf: Stops['offsetOf'] = ({ halt, op }) => offsets.get(`${halt}:${op}`)?.offset;
  const view = createHalts(pool, now, (notice) => enforcement.confirmation(offsetOf(notice)));
  const lost = createReconcileStore(pool);
  const verbs: StopRunPorts = {
    ...ports, newId: randomUUID,
    run: async (run) => runs.get(tenant, run),
    seniors: (run, action) => store.asked({ tenant, run, action }),
  };
  const wanted = async ({ runs: named, filter }: BulkRequest): Promise<readonly { readonly run: string; readonly agent: string }[]> => {
    if ((named === undefined) === (filter === undefined)) throw new CodedError('invalid_schema', 'name either runs or a filter', { status: 400 });
    if (named === undefined) return (await runs.list(tenant, filter!, most + 1)).filter(({ status }) => status !== 'ended' || filter!.status === 'ended');
    const found = await Promise.all([...new Set(named)].map(async (run) => ({ run, agent: (await runs.get(tenant, run))?.agent ?? '' })));
    return found;
  };
  return {
    enforcement, offsetOf,
    noticed: (notice, offset) => {
      last = { offset, at: now() };
      offsets.set(`${notice.halt}:${notice.op}`, last);
    },
    halts: async () => view.states(await book.inForce()),
    points: () => enforcement.now().map((one) => {
      const confirmed = confirmedAt.get(one.point);
      return { ...one, behind: last === undefined || confirmed === undefined || confirmed.offset < last.offset ? null : Math.max(0, confirmed.at - last.at) };
    }),
    enrolGuard: async (guard, key, by) => {
      try {
        await enforcement.enrol(guard, key, by, now());
        await ports.record.add(`guard/${guard}`, 'guard_enrolled', by, { guard, key });
      } catch (error) {
        throw new CodedError('invalid_schema', `the key is no Ed25519 public key: ${(error as Error).message}`, { status: 400 });
      }
    },
    stop: async (run, verb, by, reason) => {
      const answer = await stopRun(verbs, run, verb, { by: by.person, roles: by.roles, reason, now: now() });
      if (answer.status === 'refused') throw new CodedError(answer.code, answer.detail);
      const { halts, cancelled, reversals, irreversible } = answer.done;
      await ports.record.add(`run/${run}`, `run_${verb}`, by.person, { reason, ...answer.done });
      return { run, verb, halts: [...halts], cancelled: [...cancelled], reversals: [...reversals], irreversible: [...irreversible] };
    },
    bulk: async (request, by) => {
      const found = await wanted(request);
      if (found.length > most) throw new CodedError('too_large', `more than ${most} runs: narrow the filter, or halt the agent, the tool or the tenant`);
      const dryRun = request.dryRun === true;
      if (!dryRun && request.expect !== undefined && request.expect !== found.length) throw new CodedError('conflict', `it would be ${found.length} runs by now, not ${request.expect}: look again (dryRun)`, { status: 409 });
      if (!dryRun) await ports.record.add('bulk', `bulk_${request.verb}`, by.person, { ...request, runs: found.map(({ run }) => run) });
      const items = await stopRuns(verbs, found, request.verb, { by: by.person, roles: by.roles, reason: request.reason, now: now() }, dryRun);
      return { verb: request.verb, dryRun, count: items.length, items: [...items] };
    },
    drill: async (by, reason) => {
      const id = randomUUID();
      const done = await drill({ book, tenant, points: enforcement.now, onReport: enforcement.onReport, offsetOf, now, sleep: (ms) => new Promise((resolve) => { setTimeout(resolve, ms); }) }, { halt: `drill:${id}`, run: uuidV7From(now(), randomBytes(10)) }, by.person, reason);
      await ports.record.add('drill', 'halt_drilled', by.person, { ...done, reason });
      return done;
    },
    reconcile: async (run, action, outcome, by, reason) => {
      const shown = (await runs.get(tenant, run))?.timeline.find((one) => one.action === action);
      if (shown === undefined) throw new CodedError('not_found', 'there is no such action', { status: 404 });
      if (!await lost.reconcile({ tenant, run, action }, outcome, by.person, now())) throw new CodedError('conflict', `this action is ${shown.status}: only what is unknown is found out`, { status: 409 });
      await ports.record.add(`run/${run}`, 'action_reconciled', by.person, { run, action, outcome, reason });
      await ports.happened.add(tenant, { run, agent: shown.agent ?? '', action, tool: shown.tool, kind: 'action.reconciled', at: now(), by: by.person, outcome, reason: reason.slice(0, 300) });
      return (await runs.get(tenant, run))!.timeline.find((one) => one.action === action)!;
    },
    sweep: async () => {
      await loseOverdue({ ...lost, lose: (key) => store.lose(key) }, now(), ports.outcomeWithinMs, async ({ key, agent, tool }) => {
        await ports.record.add(`run/${key.run}`, 'action_unknown', 'supervision', { run: key.run, action: key.action, agent, tool });
        await ports.happened.add(tenant, { run: key.run, agent, action: key.action, tool, kind: 'action.unknown', at: now(), reason: 'claimed, and not heard of again' });
      });
    },
    detail: async (run, filter) => {
      const found = await runs.get(tenant, run, filter);
      if (found === undefined) return undefined;
      const over = (await book.inForce()).filter((notice) => covers(notice, { run, agent: found.agent, tenant }));
      return over.length === 0 ? found : { ...found, stops: [...await view.states(over)] };
    },
  };
};
