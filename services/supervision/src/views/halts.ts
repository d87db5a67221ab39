import type { HaltNotice, HaltView } from '@countersign/contracts';
import type { Pool } from 'pg';
import { stateOf } from '../core/enforcement.ts';
import type { confirmation } from '../core/enforcement.ts';

export interface Halts {
  /** How far each of these holds. */
  states(notices: readonly HaltNotice[]): Promise<readonly HaltView[]>;
}

/** Granted without a claim, an action may be executed for as long as its grant lives; a claimed one until its outcome is known. */
const grantMs = 60_000;

/** Actions in the scope of each halt, that may be running or of which nobody knows what came. One statement for all. */
const counts = `
  select s.n, count(*) filter (where a.status = 'claimed' or (a.status = 'granted' and not coalesce(a.claim_needed, false)))::int as "underWay", count(*) filter (where a.status = 'unknown')::int as unknown
  from unnest($1::int[], $2::text[], $3::text[], $4::text[]) as s(n, tenant, kind, id)
  join action a on a.status in ('claimed', 'granted', 'unknown') and (a.status <> 'granted' or a.granted_at > $5)
    and (s.kind = 'everything' or (a.tenant = coalesce(case when s.kind = 'tenant' then s.id end, s.tenant)
      and case s.kind when 'run' then a.run = s.id or exists (select 1 from run r where r.run = a.run and r.ancestors @> jsonb_build_array(jsonb_build_object('run', s.id))) when 'agent' then a.agent = s.id when 'tool' then a.tool = s.id else true end))
  group by s.n`;

export const createHalts = (pool: Pool, now: () => number, confirmed: (halt: HaltNotice) => ReturnType<typeof confirmation>): Halts => ({
  states: async (notices) => {
    if (notices.length === 0) return [];
    const { rows } = await pool.query<{ n: number; underWay: number; unknown: number }>(counts, [notices.map((_, n) => n), notices.map(({ tenant }) => tenant), notices.map(({ scope }) => scope.kind), notices.map(({ scope }) => scope.id), now() - grantMs]);
    return notices.map((notice, n) => {
      const { underWay = 0, unknown = 0 } = rows.find((row) => row.n === n) ?? {};
      const who = confirmed(notice);
      return { ...notice, state: stateOf({ ...who, underWay, unknown }), ...who, missing: [...who.missing], underWay, unknown };
    });
  },
});
