import type { Finding } from '@countersign/contracts';
import type { Pool } from 'pg';

export interface Findings {
  /** Keeps findings; one kept already stays as it is. */
  add(findings: readonly Finding[]): Promise<void>;
  /** Newest first. */
  list(tenant: string, filter: { readonly agent?: string | undefined }, limit: number): Promise<readonly Finding[]>;
}

/** What was found, for people to read. */
export const createFindings = (pool: Pool): Findings => ({
  add: async (findings) => {
    if (findings.length === 0) return;
    await pool.query({
      name: 'add-findings', text: 'insert into finding (finding, tenant, agent, at, body) select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::json[]) on conflict (finding) do nothing',
      values: [findings.map((one) => one.finding), findings.map((one) => one.tenant), findings.map((one) => one.agent), findings.map((one) => one.at), findings.map((one) => JSON.stringify(one))],
    });
  },
  list: async (tenant, { agent }, limit) =>
    (await pool.query<{ body: Finding }>('select body from finding where tenant = $1 and ($2::text is null or agent = $2) order by at desc, finding desc limit $3', [tenant, agent ?? null, limit])).rows.map((row) => row.body),
});
