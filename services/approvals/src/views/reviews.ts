import type { Pool } from 'pg';
import type { Drawn } from '../core/review.ts';

export const reviewSchema = `
create table if not exists review (
  run text not null, action text not null, tenant text not null, at bigint not null, given boolean not null default false, drawn text not null, primary key (run, action)
);
create index if not exists review_open on review (at) where not given;`;

/** What was drawn for review, and whether it has its verdict. Text, not jsonb: an agent's words may hold what jsonb refuses. */
export const createReviews = (pool: Pool) => ({
  /** Safe to repeat. */
  put: async (drawn: Drawn): Promise<void> => {
    await pool.query('insert into review (run, action, tenant, at, drawn) values ($1, $2, $3, $4, $5) on conflict do nothing', [drawn.run, drawn.action, drawn.tenant, drawn.at, JSON.stringify(drawn)]);
  },
  given: async (run: string, action: string): Promise<void> => { await pool.query('update review set given = true where run = $1 and action = $2', [run, action]); },
  get: async (tenant: string, run: string, action: string): Promise<Drawn | undefined> => {
    const { rows } = await pool.query<{ drawn: string }>('select drawn from review where tenant = $1 and run = $2 and action = $3', [tenant, run, action]);
    return rows[0] && JSON.parse(rows[0].drawn) as Drawn;
  },
  open: async (tenant: string, limit: number): Promise<readonly Drawn[]> =>
    (await pool.query<{ drawn: string }>('select drawn from review where tenant = $1 and not given order by at limit $2', [tenant, limit])).rows.map(({ drawn }) => JSON.parse(drawn) as Drawn),
});
export type Reviews = ReturnType<typeof createReviews>;
