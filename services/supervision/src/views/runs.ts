import type { ActionView, Money, RunDetail, RunView } from '@countersign/contracts';
import type { Pool } from 'pg';

export interface TimelineFilter {
  /** Without what waits for people, for those who may be asked about it: they have it from approvals, where a request that somebody seeded looks like any other. */
  readonly withoutAsked?: boolean | undefined;
  readonly tool?: string | undefined;
  /** At least this tier. */
  readonly tier?: number | undefined;
  /** Status of an action: open, granted, claimed, unknown, finished, cancelled, denied. */
  readonly action?: string | undefined;
}
/** Of runs: those that have an action that fits. */
export interface RunFilter extends TimelineFilter { readonly agent?: string | undefined; readonly status?: string | undefined }

export interface Runs {
  /** Newest first. */
  list(tenant: string, filter: RunFilter, limit: number): Promise<readonly RunView[]>;
  /** Actions of which nobody knows what came, the oldest first. */
  unknown(tenant: string, limit: number): Promise<readonly ActionView[]>;
  /** A run with its actions, or with those of every run of its delegations, oldest first. */
  get(tenant: string, run: string, filter?: TimelineFilter & { readonly tree?: boolean }): Promise<RunDetail | undefined>;
}

const unlessAsked = (withoutAsked: boolean | undefined): string => (withoutAsked === true ? `and not (a.status = 'open' and a.decision = 'step_up')` : '');
const counts = (withoutAsked: boolean | undefined): string => `(select count(*)::int from action a where a.run = r.run ${unlessAsked(withoutAsked)}) as actions, (select count(*)::int from action a where a.run = r.run and a.status = 'open' ${unlessAsked(withoutAsked)}) as waiting`;
const columns = (withoutAsked: boolean | undefined): string => `r.run, r.agent, r.status, r.started_at::float8 as "startedAt", r.instruction, r.parent, ${counts(withoutAsked)}`;
const some = (tool: string, tier: string, status: string): string => `(${tool}::text is null or a.tool = ${tool}) and (${tier}::int is null or a.tier >= ${tier}) and (${status}::text is null or a.status = ${status})`;

type Row = Omit<RunView, 'parent'> & { readonly parent: string | null };
const viewOf = ({ parent, ...run }: Row): RunView => ({ ...run, ...(parent !== null && { parent }) });

/** Every run of the delegations that a run belongs to, from the root down. */
const treeOf = async (pool: Pool, tenant: string, run: string, withoutAsked: boolean | undefined): Promise<NonNullable<RunDetail['tree']>> =>
  (await pool.query<NonNullable<RunDetail['tree']>[number]>(`with root as (select coalesce(ancestors->-1->>'run', run) as run from run where run = $2)
    select r.run, r.agent, r.status, r.parent, r.parent_action as "parentAction", ${counts(withoutAsked)}
    from run r, root where r.tenant = $1 and (r.run = root.run or r.ancestors @> jsonb_build_array(jsonb_build_object('run', root.run)))
    order by coalesce(jsonb_array_length(r.ancestors), 0), r.started_at limit 1000`, [tenant, run])).rows;

interface ActionLine {
  readonly run: string; readonly action: string; readonly agent: string; readonly tool: string; readonly status: string; readonly tier: ActionView['tier']; readonly decision: ActionView['decision']; readonly code: string | null;
  readonly at: number; readonly proposedAt: number | null; readonly deferral: ActionView['deferral'] | null; readonly rules: NonNullable<ActionView['rules']> | null;
  readonly grantId: string | null; readonly grantedAt: number | null; readonly claimNeeded: boolean | null; readonly claimedAt: number | null;
  readonly outcome: NonNullable<ActionView['outcome']>['status'] | null; readonly outcomeAt: number | null; readonly cost: Money | null; readonly reversibleUntil: number | null; readonly reversal: NonNullable<ActionView['reversal']> | null;
}
const line = `run, action, agent, tool, status, tier, decision, code, at::float8 as at, proposed_at::float8 as "proposedAt", deferral, rules, grant_id as "grantId", granted_at::float8 as "grantedAt",
  claim_needed as "claimNeeded", claimed_at::float8 as "claimedAt", outcome, outcome_at::float8 as "outcomeAt", cost, reversible_until::float8 as "reversibleUntil", (select r.status from reversal r where r.run = a.run and r.action = a.action) as reversal`;

const actionOf = ({ deferral, rules, proposedAt, grantId, grantedAt, claimNeeded, claimedAt, outcome, outcomeAt, cost, reversibleUntil, reversal, ...one }: ActionLine): ActionView => ({
  ...one, ...(proposedAt !== null && { proposedAt }), ...(deferral != null && one.status === 'open' && { deferral }), ...(rules !== null && { rules }),
  ...(grantId !== null && { grant: { id: grantId, at: grantedAt!, claim: claimNeeded === true, claimedAt } }),
  ...(reversibleUntil !== null && { reversibleUntil }), ...(reversal !== null && { reversal }),
  // What came of an action that was stopped is told, and changes nothing.
  ...(outcome !== null && { outcome: { status: outcome, at: outcomeAt!, cost, late: one.status === 'cancelled' || one.status === 'denied' } }),
});

/** What the actions cost together, by currency. */
const costOf = (actions: readonly ActionView[]): readonly Money[] => {
  const sums = new Map<string, number>();
  for (const { outcome } of actions) if (outcome?.cost != null) sums.set(outcome.cost.currency, (sums.get(outcome.cost.currency) ?? 0) + outcome.cost.minor);
  return [...sums].map(([currency, minor]) => ({ minor, currency }));
};

/** Live runs and their actions, as of the last governed record folded here. */
export const createRuns = (pool: Pool): Runs => ({
  list: async (tenant, { agent, status, tool, tier, action, withoutAsked }, limit) =>
    (await pool.query<Row>(`select ${columns(withoutAsked)} from run r where tenant = $1 and ($2::text is null or agent = $2) and ($3::text is null or status = $3)
      and (($5::text is null and $6::int is null and $7::text is null) or exists (select 1 from action a where a.run = r.run and ${some('$5', '$6', '$7')} ${unlessAsked(withoutAsked)})) order by started_at desc limit $4`,
    [tenant, agent ?? null, status ?? null, limit, tool ?? null, tier ?? null, action ?? null])).rows.map(viewOf),
  unknown: async (tenant, limit) => (await pool.query<ActionLine>(`select ${line} from action a where tenant = $1 and status = 'unknown' order by at limit $2`, [tenant, limit])).rows.map(actionOf),
  get: async (tenant, run, { tree: whole, tool, tier, action, withoutAsked } = {}) => {
    const { rows: [found] } = await pool.query<Row>(`select ${columns(withoutAsked)} from run r where tenant = $1 and run = $2`, [tenant, run]);
    if (!found) return undefined;
    const tree = await treeOf(pool, tenant, run, withoutAsked);
    const { rows } = await pool.query<ActionLine>(`select ${line} from action a where tenant = $1 and run = any($2) and ${some('$3', '$4', '$5')} ${unlessAsked(withoutAsked)} order by at, position limit 1000`,
      [tenant, whole === true ? tree.map((one) => one.run) : [run], tool ?? null, tier ?? null, action ?? null]);
    const timeline = rows.map(actionOf);
    return { ...viewOf(found), cost: costOf(timeline) as Money[], ...(tree.length > 1 && { tree }), timeline };
  },
});
