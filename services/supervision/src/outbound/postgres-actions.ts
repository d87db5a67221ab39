import type { Deferral, GovernedRecord } from '@countersign/contracts';
import { effectiveArguments } from '@countersign/kernel';
import type { Pool } from 'pg';
import type { ActionStore, Work } from '../app/ports.ts';
import type { ReconcileStore } from '../app/reconcile.ts';
import { moves, statusAfter } from '../core/action.ts';
import { storableJson } from './storable-json.ts';

/** One statement per kind of row, a batch of records each: records of one action are folded to the last that may move it. */
const foldActions = `
  insert into action as kept (tenant, run, action, agent, tool, status, tier, decision, code, position, at, deferral, due_at, claim_needed, rules, proposed_at, grant_id, granted_at, arguments, outcome, outcome_at, result, cost, approval, reversible_until, approved)
  select * from jsonb_to_recordset($1::jsonb) as r(tenant text, run text, action text, agent text, tool text, status text, tier int, decision text, code text, position bigint, at bigint, deferral jsonb, due_at bigint, claim_needed boolean,
    rules jsonb, proposed_at bigint, grant_id text, granted_at bigint, arguments jsonb, outcome text, outcome_at bigint, result text, cost jsonb, approval jsonb, reversible_until bigint, approved jsonb)
  on conflict (tenant, run, action) do update
  set status = case when kept.status = any (array(select jsonb_array_elements_text($2::jsonb -> excluded.status))) then excluded.status else kept.status end,
      tier = greatest(kept.tier, excluded.tier), decision = case when excluded.decision = '' then kept.decision else excluded.decision end,
      code = coalesce(excluded.code, kept.code), position = excluded.position, at = excluded.at,
      deferral = excluded.deferral, due_at = excluded.due_at, claim_needed = coalesce(excluded.claim_needed, kept.claim_needed),
      rules = coalesce(excluded.rules, kept.rules), proposed_at = coalesce(kept.proposed_at, excluded.proposed_at), grant_id = coalesce(excluded.grant_id, kept.grant_id), granted_at = coalesce(excluded.granted_at, kept.granted_at),
      arguments = coalesce(excluded.arguments, kept.arguments), outcome = case when kept.reconciled_by is null then coalesce(excluded.outcome, kept.outcome) else kept.outcome end, outcome_at = coalesce(excluded.outcome_at, kept.outcome_at), result = coalesce(excluded.result, kept.result), cost = coalesce(excluded.cost, kept.cost), approval = coalesce(excluded.approval, kept.approval), reversible_until = coalesce(excluded.reversible_until, kept.reversible_until), approved = coalesce(excluded.approved, kept.approved)
  where kept.position < excluded.position`;
const startRuns = `
  insert into run (run, tenant, agent, status, started_at, not_after, due_at, position, instruction, parent, parent_action, ancestors)
  select run, tenant, agent, 'running', started_at, not_after, not_after, position, instruction, parent, parent_action, ancestors
  from jsonb_to_recordset($1::jsonb) as r(run text, tenant text, agent text, started_at bigint, not_after bigint, position bigint, instruction text, parent text, parent_action text, ancestors jsonb)
  on conflict (run) do nothing`;
const moveRuns = `
  update run set status = r.status, due_at = case when r.status = 'ended' then null else run.due_at end, position = r.position
  from jsonb_to_recordset($1::jsonb) as r(run text, status text, position bigint)
  where run.run = r.run and run.position < r.position and run.status <> 'ended'`;

const runStatus: Partial<Record<GovernedRecord['kind'], string>> = { 'run.halted': 'halted', 'run.resumed': 'running', 'run.ended': 'ended' };

/** Splits records into rounds in which no action (or run) occurs twice: one statement cannot touch a row twice. */
const rounds = (records: readonly GovernedRecord[]): GovernedRecord[][] => {
  const result: GovernedRecord[][] = [];
  const seen = new Map<string, number>();
  for (const record of records) {
    const key = 'action' in record ? `${record.run}/${record.action}` : `${record.run}`;
    const round = seen.get(key) ?? 0;
    seen.set(key, round + 1);
    (result[round] ??= []).push(record);
  }
  return result;
};

/** The votes that let it through; null where nobody had to be asked. */
const approvedBy = (record: GovernedRecord) => {
  if (record.kind !== 'action.decided' || record.resolved?.resolution !== 'approved') return null;
  const { approval, digest, votes } = record.resolved;
  return { approval, digest, votes };
};

const actionRow = (record: GovernedRecord) => {
  const status = statusAfter(record);
  if (status === undefined || !('action' in record)) return [];
  const decided = record.kind === 'action.decided' ? record.decision : undefined;
  const granted = status === 'granted';
  const came = record.kind === 'action.outcome' ? record.message : undefined;
  return [{
    tenant: record.tenant, run: record.run, action: record.action, agent: record.agent ?? '', tool: 'tool' in record ? record.tool : '', status,
    tier: decided?.tier ?? 0, decision: decided?.decision ?? '', code: decided?.code ?? null, position: record.position, at: record.now,
    deferral: decided?.deferral ?? null, due_at: decided?.deferral?.until ?? null, claim_needed: decided?.claim ?? null,
    rules: decided?.rules ?? null, proposed_at: decided === undefined ? null : record.now, arguments: record.kind === 'action.decided' ? effectiveArguments(record) : null,
    grant_id: granted && record.kind === 'action.decided' ? `${record.run}:${record.action}:${record.round}` : null, granted_at: granted ? record.now : null,
    outcome: came?.status ?? null, outcome_at: came === undefined ? null : record.now, result: came?.result ?? null, cost: came?.cost ?? null, approval: decided?.approval ?? null, reversible_until: decided?.reversibleUntil ?? null, approved: granted ? approvedBy(record) : null,
  }];
};

/** What was claimed and not heard of, and what people found out about it. */
export const createReconcileStore = (pool: Pool): Omit<ReconcileStore, 'lose'> => ({
  overdue: async (before, limit) => (await pool.query<{ tenant: string; run: string; action: string; agent: string; tool: string }>(`select tenant, run, action, agent, tool from action where status = 'claimed' and claimed_at < $1 order by claimed_at limit $2`, [before, limit]))
    .rows.map(({ tenant, run, action, agent, tool }) => ({ key: { tenant, run, action }, agent, tool })),
  reconcile: async ({ tenant, run, action }, outcome, by, now) => (await pool.query(`update action set status = 'finished', outcome = $4, outcome_at = $5, reconciled_by = $6 where tenant = $1 and run = $2 and action = $3 and status = 'unknown'`, [tenant, run, action, outcome, now, by])).rowCount === 1,
});

export const createPostgresActions = (pool: Pool): ActionStore => ({
  fold: async (records) => {
    for (const round of rounds(records)) {
      const started = round.flatMap((one) => (one.kind === 'run.started' ? [{ run: one.run, tenant: one.tenant, agent: one.agent, started_at: one.now, not_after: one.token.run_not_after * 1000, position: one.position, instruction: (one.message.delegation?.arguments.instruction ?? one.message.instruction.text).slice(0, 500).toWellFormed(),
        ...(one.delegation !== undefined && { parent: one.token.parent?.run, parent_action: one.token.parent?.action, ancestors: one.delegation.ancestors }) }] : []));
      if (started.length > 0) await pool.query({ name: 'start-runs', text: startRuns, values: [storableJson(started)] });
      const actions = round.flatMap(actionRow);
      if (actions.length > 0) await pool.query({ name: 'fold-actions', text: foldActions, values: [storableJson(actions), JSON.stringify(moves)] });
      const runs = round.flatMap((one) => (runStatus[one.kind] ? [{ run: one.run, status: runStatus[one.kind], position: one.position }] : []));
      if (runs.length > 0) await pool.query({ name: 'move-runs', text: moveRuns, values: [JSON.stringify(runs)] });
    }
  },

  find: async ({ tenant, run, action }) => {
    const { rows: [row] } = await pool.query({ name: 'find-action', text: 'select status, agent, tool, claimed_by, claim_jti, claim_iat, claim_exp, approval, approved, (select ancestors from run where run.run = action.run) as ancestors from action where tenant = $1 and run = $2 and action = $3', values: [tenant, run, action] });
    return row && { status: row.status, agent: row.agent, tool: row.tool, ancestors: row.ancestors, asked: row.approval, approved: row.approved, claimedBy: row.claimed_by, claim: row.claim_jti === null ? null : { jti: row.claim_jti, iat: Number(row.claim_iat), exp: Number(row.claim_exp) } };
  },

  claim: async ({ tenant, run, action, grant, jti, iat, exp }) => {
    const { rowCount } = await pool.query({
      name: 'claim-action', text: `update action set status = 'claimed', claimed_by = $4, claim_jti = $5, claim_iat = $6, claim_exp = $7, claimed_at = $6::bigint * 1000 where tenant = $1 and run = $2 and action = $3 and status = any($8)`,
      values: [tenant, run, action, grant, jti, iat, exp, moves.claimed],
    });
    return rowCount === 1;
  },

  cancel: async ({ tenant, run, action }) => {
    const { rowCount } = await pool.query(`update action set status = 'cancelled' where tenant = $1 and run = $2 and action = $3 and status = any($4)`, [tenant, run, action, moves.cancelled]);
    return rowCount === 1;
  },

  recall: async ({ tenant, run, action }) => {
    const { rowCount } = await pool.query(`update action set status = 'cancelled' where tenant = $1 and run = $2 and action = $3 and status = any($4) and (status <> 'granted' or claim_needed)`, [tenant, run, action, moves.cancelled]);
    return rowCount === 1;
  },

  work: async (tenant, agents, gone, limit) => {
    const [{ rows: actions }, { rows: runs }] = await Promise.all([
      pool.query<Work['actions'][number]>(`select tenant, run, action, agent, status, coalesce(claim_needed, false) as "claimNeeded" from action where tenant = $1 and agent = any($2) and status in ('open', 'granted', 'claimed') order by at limit $3`, [tenant, agents, limit]),
      pool.query<Work['runs'][number]>(`select run, agent, status = 'halted' as halted from run where tenant = $1 and agent = any($2) and (status = 'running' or (status <> 'ended' and agent = any($4))) order by started_at limit $3`, [tenant, agents, limit, gone]),
    ]);
    return { actions, runs };
  },

  lose: async ({ tenant, run, action }) => {
    const { rowCount } = await pool.query(`update action set status = 'unknown' where tenant = $1 and run = $2 and action = $3 and status = any($4)`, [tenant, run, action, moves.unknown]);
    return rowCount === 1;
  },

  due: async (now, limit) => {
    const { rows } = await pool.query(`(select run, null::text as action, due_at from run where due_at <= $1 order by due_at limit $2)
      union all (select run, action, due_at from action where due_at <= $1 and status = 'open' order by due_at limit $2) order by due_at limit $2`, [now, limit]);
    return rows.map(({ run, action }: { run: string; action: string | null }) => ({ run, action }));
  },

  snooze: async ({ run, action }, until) => {
    if (action === null) await pool.query('update run set due_at = $2 where run = $1 and due_at is not null', [run, until]);
    else await pool.query('update action set due_at = $3 where run = $1 and action = $2 and due_at is not null', [run, action, until]);
  },

  paused: async (limit) => (await pool.query(`select a.tenant, a.run, a.action, a.agent, a.tool, r.ancestors from action a left join run r on r.run = a.run where a.status = 'open' and a.code = 'paused' order by a.at limit $1`, [limit])).rows,

  hasten: async (keys, now) => { await pool.query(`update action set due_at = least(due_at, $3) where (run, action) in (select * from unnest($1::text[], $2::text[])) and status = 'open' and due_at is not null`, [keys.map(({ run }) => run), keys.map(({ action }) => action), now]); },

  asked: async ({ tenant, run, action }) => (await pool.query<{ approval: { route: string[]; requesters: string[] } | null }>('select approval from action where tenant = $1 and run = $2 and action = $3', [tenant, run, action])).rows[0]?.approval ?? undefined,

  waiting: async ({ tenant, run, action }) => {
    const { rows: [row] } = await pool.query<{ status: string; deferral: Deferral | null }>('select status, deferral from action where tenant = $1 and run = $2 and action = $3', [tenant, run, action]);
    return row && (row.status === 'open' ? row.deferral : null);
  },
});
