import type { HaltScope } from '@countersign/contracts';
import type { Pool } from 'pg';

export interface RunRow { readonly run: string; readonly agent: string; readonly status: string }
export interface RanRow { readonly run: string; readonly action: string; readonly agent: string; readonly tool: string; readonly outcome: string; readonly reversibleUntil: number | null; readonly reversal: string | null }
export interface Picture {
  readonly runs: number; readonly waiting: number; readonly underWay: number; readonly unknown: number; readonly done: number; readonly reversals: number;
  readonly agents: readonly string[]; readonly tools: readonly string[];
}

/** What there is to see of a scope in an incident. */
export interface Incidents {
  picture(tenant: string, scope: HaltScope, since: number): Promise<Picture>;
  /** Runs that have not ended, the newest first. */
  runs(tenant: string, scope: HaltScope, limit: number): Promise<readonly RunRow[]>;
  /** What was done since, the last first. */
  ran(tenant: string, scope: HaltScope, since: number, limit: number): Promise<readonly RanRow[]>;
}

const ofAction = `a.tenant = $1 and case $2 when 'agent' then a.agent = $3 when 'tool' then a.tool = $3 when 'run' then a.run = $3 else true end`;

export const createIncidents = (pool: Pool): Incidents => ({
  picture: async (tenant, { kind, id }, since) => (await pool.query<Picture>(`
    select (select count(*)::int from run r where r.tenant = $1 and r.status <> 'ended' and case $2 when 'agent' then r.agent = $3 when 'run' then r.run = $3 when 'tool' then exists (select 1 from action t where t.run = r.run and t.tool = $3) else true end) as runs,
      count(*) filter (where a.status = 'open')::int as waiting, count(*) filter (where a.status = 'claimed' or (a.status = 'granted' and not coalesce(a.claim_needed, false)))::int as "underWay",
      count(*) filter (where a.status = 'unknown')::int as unknown, count(*) filter (where a.status = 'finished')::int as done,
      (select count(*)::int from reversal v join action a on a.run = v.run and a.action = v.action where v.status in ('requested', 'proposed', 'executing') and ${ofAction}) as reversals,
      coalesce((array_agg(distinct a.agent))[1:20], '{}') as agents, coalesce((array_agg(distinct a.tool))[1:20], '{}') as tools
    from action a where ${ofAction} and (a.status in ('open', 'granted', 'claimed', 'unknown') or a.at > $4)`, [tenant, kind, id, since])).rows[0]!,
  runs: async (tenant, { kind, id }, limit) => (await pool.query<RunRow>(`select r.run, r.agent, r.status from run r where r.tenant = $1 and r.status <> 'ended' and case $2 when 'agent' then r.agent = $3 when 'run' then r.run = $3 else true end order by r.started_at desc limit $4`, [tenant, kind, id, limit])).rows,
  ran: async (tenant, { kind, id }, since, limit) => (await pool.query<RanRow>(`
    select a.run, a.action, a.agent, a.tool, a.outcome, a.reversible_until::float8 as "reversibleUntil", (select v.status from reversal v where v.run = a.run and v.action = a.action) as reversal
    from action a where ${ofAction} and a.outcome in ('succeeded', 'partial') and a.granted_at > $4 order by a.granted_at desc limit $5`, [tenant, kind, id, since, limit])).rows,
});
