import type { Pool } from 'pg';
import type { BundleLineUp } from '@countersign/contracts';
import type { BundleArchives } from '../app/bundles/ports.ts';
import type { EvaluatorPorts } from '../app/bundles/evaluator.ts';

/** Versions by digest, and what this database's evaluators have verified last. */
export const bundleSchema = `
create table if not exists policy_bundle (digest text primary key, archive text not null, at timestamptz not null default now());
create table if not exists policy_in_force (name text primary key, activation bigint not null, signed_order text not null, line_up text, at timestamptz not null default now());`;

export const createBundleArchives = (pool: Pool): BundleArchives => ({
  put: async (digest, archive) => { await pool.query('insert into policy_bundle (digest, archive) values ($1, $2) on conflict (digest) do nothing', [digest, archive]); },
  get: async (digest) => (await pool.query<{ archive: string }>('select archive from policy_bundle where digest = $1', [digest])).rows[0]?.archive,
});

/** The activation in force only grows, over restarts too; another line-up of the same number is not kept. */
export const createInForceStore = (pool: Pool, name: string): Pick<EvaluatorPorts, 'load' | 'save'> => ({
  load: async () => {
    const row = (await pool.query<{ activation: string; line_up: string | null }>('select activation, line_up from policy_in_force where name = $1', [name])).rows[0];
    return row && { activation: Number(row.activation), lineUp: row.line_up === null ? null : JSON.parse(row.line_up) as BundleLineUp };
  },
  save: async (activation, lineUp) => {
    const { rowCount } = await pool.query(
      `insert into policy_in_force as kept (name, activation, signed_order, line_up) values ($1, $2, $3, $4)
       on conflict (name) do update set activation = excluded.activation, signed_order = excluded.signed_order, line_up = excluded.line_up, at = now()
       where kept.activation < excluded.activation or (kept.activation = excluded.activation and kept.signed_order = excluded.signed_order)`,
      [name, activation, lineUp?.order ?? '', lineUp === null ? null : JSON.stringify(lineUp)]);
    return rowCount === 1;
  },
});
