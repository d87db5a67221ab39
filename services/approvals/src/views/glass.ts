import type { Pool } from 'pg';

export const glassSchema = 'create table if not exists glass (tenant text primary key, approval text not null);';

/** One question: is there a broken glass that nobody has reviewed? At most one per tenant, kept by the database. */
export const createGlass = (pool: Pool) => ({
  /** Whether this approval has the tenant's only glass now. */
  take: async (tenant: string, approval: string): Promise<boolean> => {
    const { rows } = await pool.query<{ approval: string }>('insert into glass as held (tenant, approval) values ($1, $2) on conflict (tenant) do update set approval = held.approval returning approval', [tenant, approval]);
    return rows[0]!.approval === approval;
  },
  giveBack: async (tenant: string, approval: string): Promise<void> => { await pool.query('delete from glass where tenant = $1 and approval = $2', [tenant, approval]); },
  held: async (tenant: string): Promise<string | undefined> => (await pool.query<{ approval: string }>('select approval from glass where tenant = $1', [tenant])).rows[0]?.approval,
});
export type Glass = ReturnType<typeof createGlass>;
