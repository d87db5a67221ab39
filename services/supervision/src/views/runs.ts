import type { Deferral } from '@countersign/contracts';
import type { Pool } from 'pg';

export interface RunView { readonly run: string; readonly agent: string; readonly status: string; readonly startedAt: number; readonly instruction: string; readonly actions: number; readonly waiting: number; /** Of a child run. */ readonly parent?: string }
/** A run of a delegation, with the one that it hangs on. */
export interface TreeRun { readonly run: string; readonly agent: string; readonly status: string; readonly parent: string | null }
export interface ActionView { readonly action: string; readonly tool: string; readonly status: string; readonly tier: number; readonly decision: string; readonly code: string | null; readonly at: number; readonly deferral?: Deferral }

export interface Runs {
  /** Newest first. */
  list(tenant: string, filter: { readonly agent?: string | undefined; readonly status?: string | undefined }, limit: number): Promise<readonly RunView[]>;
  get(tenant: string, run: string): Promise<(RunView & { readonly timeline: readonly ActionView[]; readonly tree?: readonly TreeRun[] }) | undefined>;
}

const columns = `r.run, r.agent, r.status, r.started_at::float8 as "startedAt", r.instruction, r.parent,
  (select count(*)::int from action a where a.run = r.run) as actions, (select count(*)::int from action a where a.run = r.run and a.status = 'open') as waiting`;

type Row = Omit<RunView, 'parent'> & { readonly parent: string | null };
const viewOf = ({ parent, ...run }: Row): RunView => ({ ...run, ...(parent !== null && { parent }) });

/** Every run of the delegations that a run belongs to, from the root down. */
const treeOf = async (pool: Pool, tenant: string, run: string): Promise<readonly TreeRun[]> =>
  (await pool.query<TreeRun>(`with root as (select coalesce(ancestors->-1->>'run', run) as run from run where run = $2)
    select r.run, r.agent, r.status, r.parent from run r, root where r.tenant = $1 and (r.run = root.run or r.ancestors @> jsonb_build_array(jsonb_build_object('run', root.run)))
    order by coalesce(jsonb_array_length(r.ancestors), 0), r.started_at limit 1000`, [tenant, run])).rows;

/** Live runs and their actions, as of the last governed record folded here. */
export const createRuns = (pool: Pool): Runs => ({
  list: async (tenant, { agent, status }, limit) =>
    (await pool.query<Row>(`select ${columns} from run r where tenant = $1 and ($2::text is null or agent = $2) and ($3::text is null or status = $3) order by started_at desc limit $4`, [tenant, agent ?? null, status ?? null, limit])).rows.map(viewOf),
  get: async (tenant, run) => {
    const { rows: [found] } = await pool.query<Row>(`select ${columns} from run r where tenant = $1 and run = $2`, [tenant, run]);
    if (!found) return undefined;
    const { rows } = await pool.query<Omit<ActionView, 'deferral'> & { readonly deferral: Deferral | null }>('select action, tool, status, tier, decision, code, at::float8 as at, deferral from action where tenant = $1 and run = $2 order by at, position limit 1000', [tenant, run]);
    const tree = await treeOf(pool, tenant, run);
    return { ...viewOf(found), ...(tree.length > 1 && { tree }), timeline: rows.map(({ deferral, ...one }) => ({ ...one, ...(deferral !== null && one.status === 'open' && { deferral }) })) };
  },
});
