import { fold } from '@countersign/kernel';
import type { EventStore } from '@countersign/event-store';
import type { Pool } from 'pg';
import type { ApprovalIndex } from '../app/ports.ts';
import { streamOf } from '../app/handle.ts';
import { approvalDecider } from '../core/decider.ts';
import type { ApprovalEvent } from '../core/events.ts';
import { nextDue, unreviewed } from '../core/state.ts';
import type { Approval } from '../core/state.ts';

export const schema = `
create table if not exists approval (
  approval text primary key, tenant text not null, run text not null, action text not null, status text not null,
  expires_at bigint not null, version int not null, state text not null
);
alter table approval add column if not exists glass boolean not null default false;
create index if not exists approval_glass on approval (tenant) where glass;
alter table approval add column if not exists due_at bigint, add column if not exists agent text, add column if not exists owners text[];
create index if not exists approval_open_agent on approval (agent) where status = 'open';
create index if not exists approval_open_owners on approval using gin (owners) where status = 'open';
create index if not exists approval_due on approval (due_at) where status = 'open';
create index if not exists approval_run on approval (run);`;

export type Known = Exclude<Approval, { status: 'none' }>;

/** `after`: the end and the id of the last one on the page before. */
export interface ListFilter { readonly status?: 'open' | 'closed' | undefined; readonly run?: string | undefined; readonly after?: { readonly expiresAt: number; readonly approval: string } | undefined }

export interface Approvals extends ApprovalIndex {
  /** Brings rows up to their streams: a crash may have left some behind. */
  catchUp(store: EventStore): Promise<void>;
  /** Open ones with the soonest end first, others with the newest; those that come after a place, up to so many. */
  list(tenant: string, filter: ListFilter, limit: number): Promise<readonly Known[]>;
  /** Whose glass was broken and not reviewed; the oldest first. */
  unreviewed(tenant: string, limit: number): Promise<readonly Known[]>;
  /** Requests of an agent, those that are open and the newest first. */
  of(tenant: string, agent: string, limit: number): Promise<readonly Known[]>;
  get(tenant: string, approval: string): Promise<Known | undefined>;
}

/** Text, not jsonb: an agent's words may hold what jsonb refuses, and one such row would stop everything behind it. */
const known = (state: string): Known => JSON.parse(state) as Known;

/** As the index tells them apart: what policy was told is approved may come back. */
const statusOf = (state: Known): string => (state.status === 'closed' && state.resolution === 'approved' ? 'approved' : state.status);

/** One question: which approvals are there, and which are open? */
export const createApprovals = (pool: Pool): Approvals => {
  const put: ApprovalIndex['put'] = async (approval, state, version) => {
    if (state.status === 'none') return;
    const { question } = state;
    await pool.query(
      `insert into approval as kept (approval, tenant, run, action, status, expires_at, version, state, due_at, agent, owners, glass) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
       on conflict (approval) do update set status = excluded.status, version = excluded.version, state = excluded.state, due_at = excluded.due_at, glass = excluded.glass where kept.version < excluded.version`,
      [approval, question.tenant, question.run, question.action, statusOf(state), question.expiresAt, version, JSON.stringify(state), nextDue(state), question.agent, question.ask.bound?.owners ?? [], unreviewed(state)]);
  };
  return {
    put,
    open: async (runs) => {
      const { rows } = await pool.query<{ approval: string; run: string; action: string; status: string }>(`select approval, run, action, status from approval where run = any($1) and status in ('open', 'approved')`, [runs]);
      return {
        forAction: (run, action) => rows.filter((row) => row.status === 'open' && row.run === run && row.action === action).map((row) => row.approval),
        forRun: (run) => rows.filter((row) => row.status === 'open' && row.run === run).map((row) => row.approval),
        approved: (run, action) => rows.filter((row) => row.status === 'approved' && row.run === run && row.action === action).map((row) => row.approval),
      };
    },
    crowded: async (agent, owners, most) => {
      const { rows } = await pool.query<{ agent: string; owner: string | null }>(
        `select (select count(*) from (select 1 from approval where status = 'open' and agent = $1 limit $3) a) as agent,
                (select max(n) from (select (select count(*) from (select 1 from approval where status = 'open' and owners @> array[o.owner] limit $4) b) as n from unnest($2::text[]) as o (owner)) c) as owner`,
        [agent, owners, most.agent, most.owner]);
      return Number(rows[0]!.agent) >= most.agent || Number(rows[0]!.owner ?? 0) >= most.owner;
    },
    due: async (now, limit) => {
      const { rows } = await pool.query<{ approval: string; state: string; version: number }>(`select approval, state, version from approval where status = 'open' and coalesce(due_at, expires_at) <= $1 order by due_at limit $2`, [now, limit]);
      return rows.map(({ approval, state, version }) => ({ approval, state: known(state), version }));
    },
    putAll: async (changes) => {
      const those = changes.filter((one): one is typeof one & { readonly state: Known } => one.state.status !== 'none');
      await pool.query(
        `update approval as kept set status = c.status, version = c.version, state = c.state, due_at = c.due_at
         from unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::bigint[]) as c (approval, status, version, state, due_at) where kept.approval = c.approval and kept.version < c.version`,
        [those.map(({ approval }) => approval), those.map(({ state }) => statusOf(state)), those.map(({ version }) => version), those.map(({ state }) => JSON.stringify(state)), those.map(({ state }) => nextDue(state))]);
    },
    catchUp: async (store) => {
      const { rows } = await pool.query<{ stream: string }>(
        `select e.stream from (select stream, max(version) as version from event where starts_with(stream, $1) group by stream) e
         left join approval a on a.approval = substr(e.stream, length($1) + 1) where a.version is null or a.version < e.version`, [streamOf('')]);
      for (const { stream } of rows) {
        const { events, version } = await store.load(stream);
        await put(stream.slice(streamOf('').length), fold(approvalDecider, events.map((event) => event.data as ApprovalEvent)), version);
      }
    },
    list: async (tenant, { status, run, after }, limit) =>
      (await pool.query<{ state: string }>(`select state from approval where tenant = $1 and ($2::text is null or (status = 'open') = ($2 = 'open')) and ($4::text is null or run = $4)
        and ($5::bigint is null or (expires_at, approval) ${status === 'open' ? '>' : '<'} ($5, $6)) order by expires_at ${status === 'open' ? '' : 'desc'}, approval ${status === 'open' ? '' : 'desc'} limit $3`, [tenant, status ?? null, limit, run ?? null, after?.expiresAt ?? null, after?.approval ?? null])).rows.map((row) => known(row.state)),
    of: async (tenant, agent, limit) => (await pool.query<{ state: string }>('select state from approval where tenant = $1 and agent = $2 order by (status = \'open\') desc, expires_at desc limit $3', [tenant, agent, limit])).rows.map((row) => known(row.state)),
    unreviewed: async (tenant, limit) => (await pool.query<{ state: string }>('select state from approval where tenant = $1 and glass order by expires_at limit $2', [tenant, limit])).rows.map((row) => known(row.state)),
    get: async (tenant, approval) =>
      (await pool.query<{ state: string }>('select state from approval where tenant = $1 and approval = $2', [tenant, approval])).rows.map((row) => known(row.state))[0],
  };
};
