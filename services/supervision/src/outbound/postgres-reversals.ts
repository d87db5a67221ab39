import type { Pool } from 'pg';
import type { ReversalRow, ReversalStore } from '../app/reversals.ts';
import { reversalMoves } from '../core/reversal.ts';
import type { Ran } from '../core/reversal.ts';
import { storableJson } from './storable-json.ts';

const columns = `tenant, run, action, status, compensator, arguments, by, reason, requested_at::float8 as "requestedAt", granted_at::float8 as "grantedAt", attempt, own_run as "ownRun", own_action as "ownAction", lease_until::float8 as "leaseUntil", code, detail, at::float8 as at`;
const ranColumns = `run, action, agent, tool, status, tier, granted_at::float8 as "grantedAt", reversible_until::float8 as "reversibleUntil", outcome, arguments, result`;

export const createPostgresReversals = (pool: Pool): ReversalStore => ({
  ran: async ({ tenant, run, action }) => (await pool.query<Ran>(`select ${ranColumns} from action where tenant = $1 and run = $2 and action = $3`, [tenant, run, action])).rows[0],
  ranIn: async (tenant, run) => (await pool.query<Ran>(`select ${ranColumns} from action where tenant = $1 and run = $2 and granted_at is not null order by granted_at desc limit 1000`, [tenant, run])).rows,
  find: async ({ tenant, run, action }) => (await pool.query<ReversalRow>(`select ${columns} from reversal where tenant = $1 and run = $2 and action = $3`, [tenant, run, action])).rows[0],
  request: async ({ tenant, run, action }, { compensator, arguments: args, by, reason, now, grantedAt, ownAction }) => (await pool.query(`
    insert into reversal as kept (tenant, run, action, status, compensator, arguments, by, reason, requested_at, granted_at, own_action, at) values ($1, $2, $3, 'requested', $4, $5, $6, $7, $8, $9, $10, $8)
    on conflict (tenant, run, action) do update set status = 'requested', arguments = excluded.arguments, by = excluded.by, reason = excluded.reason, at = excluded.at, code = null, detail = null where kept.status = 'failed'`,
  [tenant, run, action, compensator, args === null ? null : storableJson(args), by, reason, now, grantedAt, ownAction])).rowCount === 1,
  move: async ({ tenant, run, action }, to, { now, leaseUntil = null, code = null, detail = null }) => (await pool.query(`
    update reversal set status = $4, at = $5, lease_until = $6, code = $7, detail = $8, attempt = attempt + case when $4 = 'proposed' then 1 else 0 end
    where tenant = $1 and run = $2 and action = $3 and status = any($9)`, [tenant, run, action, to, now, leaseUntil, code, detail, reversalMoves[to]])).rowCount === 1,
  lease: async ({ tenant, run, action }, until, ownRun) => { await pool.query(`update reversal set lease_until = $4, own_run = coalesce($5, own_run) where tenant = $1 and run = $2 and action = $3 and status in ('proposed', 'executing')`, [tenant, run, action, until, ownRun ?? null]); },
  open: async (tenant) => (await pool.query<ReversalRow>(`select ${columns} from reversal r where tenant = $1 and exists (select 1 from reversal o where o.run = r.run and o.status in ('requested', 'proposed', 'executing')) order by requested_at limit 1000`, [tenant])).rows,
  list: async (tenant, { run, status }, limit) => (await pool.query<ReversalRow>(`select ${columns} from reversal where tenant = $1 and ($2::text is null or run = $2) and ($3::text is null or status = $3) order by requested_at desc limit $4`, [tenant, run ?? null, status ?? null, limit])).rows,
  notices: async (tenant, now, limit) => (await pool.query<Ran & { readonly reversal: string | null }>(`select ${ranColumns.split(', ').map((one) => `a.${one}`).join(', ')}, r.status as reversal from action a left join reversal r using (tenant, run, action) where a.tenant = $1 and a.reversible_until >= $2 and a.tier = 2 and a.granted_at is not null order by a.granted_at desc limit $3`, [tenant, now, limit])).rows,
});

