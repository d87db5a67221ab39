import type { Pool } from 'pg';
import type { Leases } from '../app/leases.ts';
import type { Lease } from '../core/lease.ts';

const columns = 'l.run, l.agent, l.holder, l.fence, l.heard_at::float8 as "heardAt", l.until::float8 as until, l.released';

export const createLeases = (pool: Pool, tenant: string): Leases => ({
  find: async (run) => (await pool.query<Lease>({ name: 'find-lease', text: `select ${columns} from run_lease l where run = $1 and tenant = $2`, values: [run, tenant] })).rows[0],
  put: async ({ run, agent, holder, fence, heardAt, until, released }, before) => (before === undefined
    ? await pool.query('insert into run_lease (run, tenant, agent, holder, fence, heard_at, until, released) values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing', [run, tenant, agent, holder, fence, heardAt, until, released])
    : await pool.query('update run_lease set holder = $3, fence = $4, heard_at = $5, until = $6, released = $7 where run = $1 and tenant = $2 and fence = $8 and until = $9', [run, tenant, holder, fence, heardAt, until, released, before.fence, before.until])).rowCount === 1,
  held: async () => (await pool.query<Lease>(`select ${columns} from run_lease l join run r on r.run = l.run where l.tenant = $1 and not l.released and r.status = 'running' order by l.until limit 10000`, [tenant])).rows,
});
