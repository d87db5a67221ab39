import type { PreApprovalView } from '@countersign/contracts';
import { fold } from '@countersign/kernel';
import type { EventStore } from '@countersign/event-store';
import type { Pool } from 'pg';
import { preApprovalDecider, standingOf } from '../core/pre-approval.ts';
import type { PreApproval, PreApprovalEvent } from '../core/pre-approval.ts';

export const preApprovalSchema = `
create table if not exists pre_approval (id text primary key, tenant text not null, agent text not null, tool text not null, until_at bigint not null);
create index if not exists pre_approval_by_tool on pre_approval (tenant, agent, tool, until_at);`;

export const preApprovalStream = (id: string): string => `pre-approval-${id}`;
type Signed = Extract<PreApproval, { status: 'signed' }>;
export interface Loaded { readonly state: Signed; readonly version: number }

/**
 * One question: which pre-approvals are there for an agent and a tool? Only names are kept here, put down before their streams begin; what became
 * of them is read from the streams, so that no crash leaves a use uncounted.
 */
export const createPreApprovals = (pool: Pool, store: EventStore) => {
  const load = async (id: string): Promise<Loaded | undefined> => {
    const { events, version } = await store.load(preApprovalStream(id));
    const state = fold(preApprovalDecider, events.map(({ data }) => data as PreApprovalEvent));
    return state.status === 'none' ? undefined : { state, version };
  };
  const all = async (rows: readonly { readonly id: string }[]): Promise<readonly Loaded[]> => (await Promise.all(rows.map(({ id }) => load(id)))).filter((one) => one !== undefined);
  return {
    load,
    put: async (id: string, { tenant, agent, tool, until }: Signed['terms']): Promise<void> => {
      await pool.query('insert into pre_approval (id, tenant, agent, tool, until_at) values ($1, $2, $3, $4, $5) on conflict do nothing', [id, tenant, agent, tool, until * 1_000]);
    },
    /** Those that are not over. */
    of: async ({ tenant, agent, tool }: { readonly tenant: string; readonly agent: string; readonly tool: string }, now: number): Promise<readonly Loaded[]> =>
      all((await pool.query<{ id: string }>('select id from pre_approval where tenant = $1 and agent = $2 and tool = $3 and until_at > $4 order by until_at, id limit 100', [tenant, agent, tool, now])).rows),
    list: async (tenant: string): Promise<readonly Loaded[]> => all((await pool.query<{ id: string }>('select id from pre_approval where tenant = $1 order by until_at desc, id limit 200', [tenant])).rows),
  };
};
export type PreApprovals = ReturnType<typeof createPreApprovals>;

export const preApprovalView = ({ state }: Loaded, now: number): PreApprovalView => ({
  preApproval: state.id, terms: state.terms as PreApprovalView['terms'], status: standingOf(state, now),
  signers: state.signers.map(({ person, reason, at }) => ({ person, reason, at })), used: state.used.map(({ approval, run, action, money, at }) => ({ approval, run, action, money, at })),
  ...(state.revokedBy !== null && { revokedBy: state.revokedBy }),
});
