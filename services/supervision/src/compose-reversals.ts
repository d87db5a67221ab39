import type { Json, JsonObject, ReversalView, RunStopResponse, ToolSnapshot } from '@countersign/contracts';
import { parseStrictJson, sha256 } from '@countersign/identity';
import { CodedError } from '@countersign/service-host';
import type { Pool } from 'pg';
import type { Person } from './compose-stops.ts';
import { createReversals } from './app/reversals.ts';
import type { Compensate, ReversalRow, Reversals } from './app/reversals.ts';
import type { AgentsNow, TellRun } from './app/ports.ts';
import { createPostgresReversals } from './outbound/postgres-reversals.ts';
import type { SupervisionRecord } from './outbound/record.ts';
import type { RunEvents } from './outbound/run-events.ts';

/** Which tools there are. */
export interface ToolsNow { get(tool: string): ToolSnapshot | undefined; entries(): Iterable<readonly [string, ToolSnapshot]> }

export interface ReversalService {
  /** Throws CodedError where it cannot be taken back. */
  reverse(run: string, action: string, by: Person, reason: string, args: JsonObject | null): Promise<ReversalView>;
  list(filter: { readonly run?: string | undefined; readonly status?: string | undefined }): Promise<readonly ReversalView[]>;
  /** What agents did alone and can still be taken back, the newest first. */
  notices(): Promise<readonly { readonly run: string; readonly action: string; readonly agent: string; readonly tool: string; readonly at: number; readonly until: number; readonly outcome: string | null; readonly reversal: string | null }[]>;
  compensate(run: string, by: string, reason: string): Promise<Pick<RunStopResponse, 'reversals' | 'irreversible'>>;
  sweep: Reversals['sweep'];
  settled: Reversals['settled'];
}

export interface ReversalServicePorts {
  readonly pool: Pool; readonly tenant: string; readonly tools: ToolsNow; readonly agents: Pick<AgentsNow, 'owner'>; readonly compensate: Compensate; readonly tell: TellRun;
  readonly record: SupervisionRecord; readonly happened: RunEvents; readonly now: () => number; readonly onError: (error: Error, what: string) => void;
}

const viewOf = ({ run, action, status, compensator, by, reason, requestedAt, attempt, ownRun, ownAction, code, detail, at }: ReversalRow): ReversalView =>
  ({ run, action, status, compensator, by, reason, requestedAt, attempt, ownRun, ownAction, code, detail, at });

export const composeReversals = ({ pool, tenant, tools, agents, compensate, tell, record, happened, now, onError }: ReversalServicePorts): ReversalService => {
  const store = createPostgresReversals(pool);
  const reversals = createReversals({
    store, tenant, compensate, tell, now, onError, tool: (name) => tools.get(name), owner: (agent) => agents.owner(tenant, agent), digest: (text) => sha256(Buffer.from(text)),
    parse: (text) => { const parsed = parseStrictJson(Buffer.from(text), { maxBytes: 65_536 }); return parsed.ok ? parsed.value as Json : undefined; },
    note: async (type, row, agent, more) => {
      const { run, action, compensator, by, reason, ownRun, ownAction, attempt } = row;
      await record.add(`reversal/${run}/${action}`, type, by, { run, action, agent, compensator, reason, ownRun, ownAction, attempt, ...more });
      await happened.add(tenant, { run, agent, action, tool: compensator, kind: type.replace('_', '.'), at: now(), by, reason, ...(typeof more['code'] === 'string' && { code: more['code'] }) });
    },
  });
  return {
    sweep: reversals.sweep, settled: reversals.settled, compensate: reversals.requestRun,
    reverse: async (run, action, by, reason, args) => {
      const asked = await reversals.request(run, action, by, reason, args);
      if (asked.status === 'refused') throw new CodedError(asked.code, asked.detail);
      return viewOf(asked.row);
    },
    list: async (filter) => (await store.list(tenant, filter, 500)).map(viewOf),
    notices: async () => (await store.notices(tenant, now(), 500)).map(({ run, action, agent, tool, grantedAt, reversibleUntil, outcome, reversal }) => ({ run, action, agent, tool, at: grantedAt!, until: reversibleUntil!, outcome, reversal })),
  };
};
