import type { Deferral } from '@countersign/contracts';
import type { Pool } from 'pg';

export interface RunView { readonly run: string; readonly agent: string; readonly status: string; readonly startedAt: number; readonly instruction: string; readonly actions: number; readonly waiting: number }
export interface ActionView { readonly action: string; readonly tool: string; readonly status: string; readonly tier: number; readonly decision: string; readonly code: string | null; readonly at: number; readonly deferral?: Deferral }

export interface Runs {
  /** Newest first. */
  list(tenant: string, filter: { readonly agent?: string | undefined; readonly status?: string | undefined }, limit: number): Promise<readonly RunView[]>;
  get(tenant: string, run: string): Promise<(RunView & { readonly timeline: readonly ActionView[] }) | undefined>;
}

const columns = `r.run, r.agent, r.status, r.started_at::float8 as "startedAt", r.instruction,
  (select count(*)::int from action a where a.run = r.run) as actions, (select count(*)::int from action a where a.run = r.run and a.status = 'open') as waiting`;

/** Live runs and their actions, as of the last governed record folded here. */
export const createRuns = (pool: Pool): Runs => ({
  list: async (tenant, { agent, status }, limit) =>
    (await pool.query<RunView>(`select ${columns} from run r where tenant = $1 and ($2::text is null or agent = $2) and ($3::text is null or status = $3) order by started_at desc limit $4`, [tenant, agent ?? null, status ?? null, limit])).rows,
  get: async (tenant, run) => {
    const { rows: [found] } = await pool.query<RunView>(`select ${columns} from run r where tenant = $1 and run = $2`, [tenant, run]);
    if (!found) return undefined;
    const { rows } = await pool.query<Omit<ActionView, 'deferral'> & { readonly deferral: Deferral | null }>('select action, tool, status, tier, decision, code, at::float8 as at, deferral from action where tenant = $1 and run = $2 order by at, position limit 1000', [tenant, run]);
    return { ...found, timeline: rows.map(({ deferral, ...one }) => ({ ...one, ...(deferral !== null && one.status === 'open' && { deferral }) })) };
  },
});
