import type { Disposition, Finding, FindingView } from '@countersign/contracts';
import { argumentsDigest } from '@countersign/identity';
import type { Pool } from 'pg';
import { toDetection } from '../outbound/ocsf.ts';

export interface Findings {
  /** Keeps findings and what was said of them; one kept already stays as it is. */
  add(findings: readonly Finding[], dispositions: readonly Disposition[]): Promise<void>;
  /** Newest first. */
  list(tenant: string, filter: { readonly agent?: string | undefined }, limit: number): Promise<readonly Finding[]>;
  show(tenant: string, finding: string): Promise<FindingView | undefined>;
}

const column = (name: string, type: string): string => `$${name}::${type}[]`;
const addFindings = `insert into finding (finding, tenant, agent, at, body) select * from unnest(${column('1', 'text')}, ${column('2', 'text')}, ${column('3', 'text')}, ${column('4', 'bigint')}, ${column('5', 'json')}) on conflict (finding) do nothing`;
const addDispositions = `insert into disposition (place, tenant, finding, at, body) select * from unnest(${column('1', 'text')}, ${column('2', 'text')}, ${column('3', 'text')}, ${column('4', 'bigint')}, ${column('5', 'json')}) on conflict (place) do nothing`;

/** What was found and what analysts said of it, for people to read. */
export const createFindings = (pool: Pool): Findings => ({
  add: async (findings, dispositions) => {
    if (findings.length > 0) {
      await pool.query({ name: 'add-findings', text: addFindings, values: [findings.map((one) => one.finding), findings.map((one) => one.tenant), findings.map((one) => one.agent), findings.map((one) => one.at), findings.map((one) => JSON.stringify(one))] });
    }
    if (dispositions.length > 0) {
      await pool.query({ name: 'add-dispositions', text: addDispositions, values: [dispositions.map((one) => `${one.finding}:${one.person}:${one.at}`), dispositions.map((one) => one.tenant), dispositions.map((one) => one.finding), dispositions.map((one) => one.at), dispositions.map((one) => JSON.stringify(one))] });
    }
  },
  list: async (tenant, { agent }, limit) =>
    (await pool.query<{ body: Finding }>('select body from finding where tenant = $1 and ($2::text is null or agent = $2) order by at desc, finding desc limit $3', [tenant, agent ?? null, limit])).rows.map((row) => row.body),
  show: async (tenant, id) => {
    const { rows: [found] } = await pool.query<{ body: Finding }>('select body from finding where tenant = $1 and finding = $2', [tenant, id]);
    if (found === undefined) return undefined;
    const { rows } = await pool.query<{ body: Disposition }>('select body from disposition where tenant = $1 and finding = $2 order by at, place limit 64', [tenant, id]);
    const dispositions = rows.map((row) => row.body);
    return { finding: found.body, digest: argumentsDigest(found.body as never), dispositions, detection: toDetection(found.body, dispositions.at(-1)) };
  },
});
