import type { HaltNotice } from '@countersign/contracts';
import type { Pool } from 'pg';
import type { Delegations, Hanging } from '../app/cascade.ts';

const columns = 'run, agent, parent, parent_action as "action", ancestors';

/** Who hangs on whom, out of the rows of runs and actions. */
export const createDelegations = (pool: Pool): Delegations => ({
  hangingOn: async (tenant, { kind, id }) =>
    (await pool.query<Hanging>(`select ${columns} from run where tenant = $1 and status <> 'ended' and ancestors @> $2::jsonb`, [tenant, JSON.stringify([{ [kind]: id }])])).rows,
  childOf: async (run, action) => (await pool.query<Hanging>(`select ${columns} from run where parent = $1 and parent_action = $2`, [run, action])).rows[0],
  withChildren: async (runs) => new Set((await pool.query<{ run: string }>({ name: 'with-children', text: `select r.run from unnest($1::text[]) as r(run) where exists (select 1 from run where ancestors @> jsonb_build_array(jsonb_build_object('run', r.run)))`, values: [runs] })).rows.map(({ run }) => run)),
  find: async (run) => (await pool.query<Hanging>(`select ${columns} from run where run = $1 and ancestors is not null`, [run])).rows[0],
  overAncestors: async ({ ancestors }) => {
    const runs = ancestors.map((one) => one.run), agents = ancestors.map((one) => one.agent);
    const { rows: halts } = await pool.query<{ notice: HaltNotice }>(
      `select notice from halt_notice h where op = 'halt' and notice->>'mode' <> 'pause' and ((notice->'scope'->>'kind' = 'run' and notice->'scope'->>'id' = any($1)) or (notice->'scope'->>'kind' = 'agent' and notice->'scope'->>'id' = any($2)))
       and not exists (select 1 from halt_notice l where l.halt = h.halt and l.op = 'lift')`, [runs, agents]);
    const { rows: ended } = await pool.query<{ run: string }>(`select run from run where run = any($1) and status = 'ended'`, [runs]);
    return { halts: halts.map(({ notice }) => notice), ended: ended.map(({ run }) => run) };
  },
  isCancelled: async (run, action) => (await pool.query(`select 1 from action where run = $1 and action = $2 and status = 'cancelled'`, [run, action])).rowCount === 1,
  openActions: async (run) => (await pool.query<{ action: string }>(`select action from action where run = $1 and status in ('open', 'granted')`, [run])).rows.map(({ action }) => action),
});
