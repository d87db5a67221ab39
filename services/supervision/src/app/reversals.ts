import { refused, timeOfUuidV7, uuidV7From } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';
import type { Json, JsonObject, ToolSnapshot } from '@countersign/contracts';
import { compensation, mayBegin, mayReverse, standing } from '../core/reversal.ts';
import type { Ran, ReversalCode, ReversalStatus } from '../core/reversal.ts';
import type { ActionKey, TellRun } from './ports.ts';

export interface ReversalRow extends ActionKey {
  readonly status: ReversalStatus; readonly compensator: string; readonly arguments: JsonObject | null; readonly by: string; readonly reason: string; readonly requestedAt: number; readonly grantedAt: number;
  readonly attempt: number; readonly ownRun: string | null; readonly ownAction: string; readonly leaseUntil: number | null; readonly code: string | null; readonly detail: string | null; readonly at: number;
}

export interface ReversalStore {
  ran(key: ActionKey): Promise<Ran | undefined>;
  /** What was granted in a run, the last first. */
  ranIn(tenant: string, run: string): Promise<readonly Ran[]>;
  find(key: ActionKey): Promise<ReversalRow | undefined>;
  /** A new one, or one that failed begun again; false where there is one. */
  request(key: ActionKey, request: { readonly compensator: string; readonly arguments: JsonObject | null; readonly by: string; readonly reason: string; readonly now: number; readonly grantedAt: number; readonly ownAction: string }): Promise<boolean>;
  /** Compare-and-set along reversalMoves; false where something else moved it. */
  move(key: ActionKey, to: ReversalStatus, as: { readonly now: number; readonly leaseUntil?: number | null; readonly code?: string | null; readonly detail?: string | null }): Promise<boolean>;
  lease(key: ActionKey, until: number, ownRun?: string): Promise<void>;
  /** All reversals of runs that have an unsettled one. */
  open(tenant: string): Promise<readonly ReversalRow[]>;
  list(tenant: string, filter: { readonly run?: string | undefined; readonly status?: string | undefined }, limit: number): Promise<readonly ReversalRow[]>;
  /** What was done at tier 2 and can still be taken back. */
  notices(tenant: string, now: number, limit: number): Promise<readonly (Ran & { readonly reversal: string | null })[]>;
}

/** What came of calling the compensator. `executing` is told before the tool is called, and awaited: from there on nothing is tried again. */
export type Taken = { readonly status: 'reversed' } | { readonly status: 'failed' | 'unknown'; readonly code: string; readonly detail: string };
export type Compensate = (order: { readonly tool: string; readonly arguments: JsonObject; readonly action: string; readonly reason: string; readonly audience: string; readonly onRun: (run: string) => Promise<void>; readonly executing: () => Promise<boolean> }) => Promise<Taken>;

export interface ReversalPorts {
  readonly store: ReversalStore;
  readonly tenant: string;
  readonly tool: (name: string) => ToolSnapshot | undefined;
  readonly owner: (agent: string) => string | undefined;
  readonly compensate: Compensate;
  readonly tell: TellRun;
  /** On the record, in the live feed. */
  readonly note: (type: string, row: ReversalRow, agent: string, more: Readonly<Record<string, Json>>) => Promise<void>;
  readonly digest: (text: string) => Uint8Array;
  readonly parse: (text: string) => Json | undefined;
  readonly now: () => number;
  readonly onError: (error: Error, what: string) => void;
}

export interface Reversals {
  request(run: string, action: string, by: { readonly person: string; readonly roles: readonly string[] }, reason: string, args: JsonObject | null): Promise<{ readonly status: 'ok'; readonly row: ReversalRow } | Refused<ReversalCode>>;
  /** Everything a run did, as far as it can be taken back. */
  requestRun(run: string, by: string, reason: string): Promise<{ readonly reversals: readonly string[]; readonly irreversible: readonly string[] }>;
  /** Begins what may begin and gives up what was left behind; called twice a second. */
  sweep(): Promise<void>;
  /** Resolves when nothing is under way any more. */
  settled(): Promise<void>;
}

const leaseMs = 20_000;

/** The id under which an action is taken back: always the same one, so that however often it is tried, a tool that knows the id does it once. */
export const reversalId = ({ tenant, run, action }: ActionKey, digest: (text: string) => Uint8Array): string => uuidV7From(timeOfUuidV7(action), digest(`countersign/reversal ${tenant} ${run} ${action}`));

export const createReversals = (ports: ReversalPorts): Reversals => {
  const { store, tenant, now, note } = ports;
  const working = new Map<string, Promise<void>>();
  const keyOf = ({ run, action }: { readonly run: string; readonly action: string }): ActionKey => ({ tenant, run, action });

  const finish = async (row: ReversalRow, ran: Ran, to: 'reversed' | 'failed' | 'unknown' | 'not_needed', code: string | null, detail: string | null): Promise<void> => {
    if (!await store.move(row, to, { now: now(), code, detail: detail?.slice(0, 500) ?? null })) return;
    if (to === 'reversed' || to === 'failed') await ports.tell(row.run, { word: 'reversed', body: { action: row.action, compensator: row.compensator, by: row.by, status: to === 'reversed' ? 'succeeded' : 'failed' } });
    // People look after what failed or is unknown: it stands in the attention list, in the live feed, and on the record.
    await note(to === 'failed' ? 'reversal_failed' : `reversal_${to}`, row, ran.agent, { ...(code !== null && { code }), ...(detail !== null && { detail: detail.slice(0, 300) }) });
  };

  const run = async (row: ReversalRow, ran: Ran): Promise<void> => {
    const tool = ports.tool(ran.tool), compensator = ports.tool(row.compensator);
    if (tool === undefined || compensator === undefined) return finish(row, ran, 'failed', 'unknown_tool', `${row.compensator} is not in the catalogue`);
    const call = compensation(ran, tool, compensator, row.arguments, ports.parse);
    if (call.status === 'refused') return finish(row, ran, 'failed', call.code, call.detail);
    if (!await store.move(row, 'proposed', { now: now(), leaseUntil: now() + leaseMs })) return;
    const leasing = setInterval(() => { store.lease(row, now() + leaseMs).catch((error: Error) => ports.onError(error, 'reversal lease')); }, leaseMs / 4);
    try {
      const taken = await ports.compensate({
        tool: row.compensator, arguments: call.arguments, action: row.ownAction, reason: row.reason, audience: compensator.audience,
        onRun: (own) => store.lease(row, now() + leaseMs, own),
        executing: () => store.move(row, 'executing', { now: now(), leaseUntil: now() + leaseMs }),
      });
      await finish(row, ran, taken.status, 'code' in taken ? taken.code : null, 'detail' in taken ? taken.detail : null);
    } finally {
      clearInterval(leasing);
    }
  };

  const begin = (row: ReversalRow, ran: Ran): void => {
    const id = `${row.run}/${row.action}`;
    if (working.has(id)) return;
    working.set(id, run(row, ran).catch((error: Error) => ports.onError(error, `reversing ${id}`)).finally(() => working.delete(id)));
  };

  /** One that another instance, or an earlier life of this one, was at: what was not executed is begun again; what may have been is for people. */
  const leftBehind = async (row: ReversalRow): Promise<void> => {
    if (row.leaseUntil === null || row.leaseUntil > now() || working.has(`${row.run}/${row.action}`)) return;
    if (row.status === 'proposed') { await store.move(row, 'requested', { now: now() }); return; }
    const ran = await store.ran(row);
    if (ran !== undefined) await finish(row, ran, 'unknown', 'lost', 'whoever executed it stopped before it was known what came of it');
  };

  const order = async (ran: Ran, by: string, reason: string, args: JsonObject | null): Promise<{ readonly status: 'ok'; readonly row: ReversalRow } | Refused<ReversalCode>> => {
    const key = keyOf(ran), before = await store.find(key), tool = ports.tool(ran.tool);
    const may = mayReverse(ran, tool, before?.status, now());
    if (may.status === 'refused') return may;
    const compensator = ports.tool(may.compensator);
    // What cannot be called is said now, not when it is too late; a result that is still to come may bring what lacks.
    if (compensator !== undefined && standing(ran) === 'ran') { const call = compensation(ran, tool!, compensator, args, ports.parse); if (call.status === 'refused') return call; }
    if (!await store.request(key, { compensator: may.compensator, arguments: args, by, reason, now: now(), grantedAt: ran.grantedAt!, ownAction: reversalId(key, ports.digest) })) return refused<ReversalCode>('conflict', 'somebody else asked for it at the same time');
    const row = (await store.find(key))!;
    await note('reversal_requested', row, ran.agent, {});
    return { status: 'ok', row };
  };

  return {
    request: async (runId, action, by, reason, args) => {
      const ran = await store.ran(keyOf({ run: runId, action }));
      if (ran !== undefined && !by.roles.some((role) => role === 'supervisor' || role === 'operator') && ports.owner(ran.agent) !== by.person) return refused<ReversalCode>('forbidden', 'supervisors, operators and the agent\'s owner take back what it did');
      return ran === undefined ? refused<ReversalCode>('not_found', 'there is no such action') : order(ran, by.person, reason, args);
    },
    requestRun: async (runId, by, reason) => {
      const reversals: string[] = [], irreversible: string[] = [];
      for (const ran of await store.ranIn(tenant, runId)) {
        if (standing(ran) === 'nothing' || ports.tool(ran.tool)?.consequential === false) continue;
        const asked = await order(ran, by, reason, null);
        (asked.status === 'ok' ? reversals : irreversible).push(ran.action);
      }
      return { reversals, irreversible };
    },
    sweep: async () => {
      const open = await store.open(tenant);
      for (const row of open) if (row.status === 'proposed' || row.status === 'executing') await leftBehind(row);
      for (const [, rows] of Map.groupBy(open, (row) => row.run)) {
        for (const next of mayBegin(rows)) {
          const row = rows.find((one) => one.action === next.action)!, ran = await store.ran(row);
          if (ran === undefined) continue;
          const stands = standing(ran);
          if (stands === 'nothing') await finish(row, ran, 'not_needed', null, 'nothing of it ran');
          else if (stands === 'ran') begin(row, ran);
        }
      }
    },
    settled: async () => { while (working.size > 0) await Promise.all(working.values()); },
  };
};
