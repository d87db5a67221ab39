import type { BreakerList, BudgetList, HaltNotice, LeaseList, LeaseRequest, LeaseResponse, QuarantineRequest, QuarantineResponse } from '@countersign/contracts';
import { sha256Text, verifyAgentToken, verifySessionProof } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';
import { CodedError } from '@countersign/service-host';
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { createBreakers } from './app/breakers.ts';
import { createLeaseWatch, holdRun } from './app/leases.ts';
import { isQuarantine, quarantine } from './app/quarantine.ts';
import type { Quarantined } from './app/quarantine.ts';
import type { Delegations } from './app/cascade.ts';
import type { ActionStore, AgentsNow, HaltBook, TellRun } from './app/ports.ts';
import type { Person } from './compose-stops.ts';
import type { BreakerEffect, BreakerLimits } from './core/breaker.ts';
import { mayClaim, silentOf } from './core/lease.ts';
import { createLeases } from './outbound/postgres-leases.ts';
import { createRates } from './outbound/postgres-rates.ts';
import type { SupervisionRecord } from './outbound/record.ts';

/** What stops by itself: breakers of agents and tools, runs whose runtime is silent; and what is taken out until somebody lets it back. */
export interface Breaking {
  keep: ReturnType<typeof createRates>['keep'];
  quarantine(request: QuarantineRequest, by: Person): Promise<QuarantineResponse>;
  /** Throws CodedError where the runtime is not the run's, or another one holds it. */
  lease(run: string, request: LeaseRequest): Promise<LeaseResponse>;
  /** Throws CodedError where somebody holds the run and this fence is not theirs. */
  fence(run: string, fence: number | undefined): Promise<void>;
  leases(): Promise<LeaseList>;
  breakers(): BreakerList;
  budgets(): Promise<BudgetList>;
  /** Called once a second. */
  sweep(): Promise<void>;
}

export interface BreakingPorts {
  readonly pool: Pool; readonly book: HaltBook; readonly tell: TellRun; readonly store: ActionStore; readonly delegations: Pick<Delegations, 'openActions'>; readonly record: SupervisionRecord;
  readonly agents: AgentsNow; readonly keys: KeySet; readonly tenant: string; readonly tokenAudience: string; readonly limits: readonly BreakerLimits[]; readonly breakersEffect: BreakerEffect; readonly leaseMs: number; readonly now: () => number;
}

const keptMs = 2 * 3_600_000;

export const composeBreaking = (ports: BreakingPorts): Breaking => {
  const { pool, book, tell, store, delegations, record, agents, keys, tenant, tokenAudience, limits, breakersEffect: effect, leaseMs, now } = ports;
  const rates = createRates(pool, tenant), leases = createLeases(pool, tenant);
  const takeOut = async (scope: QuarantineRequest['scope'], name: string, by: string, reason: string): Promise<Quarantined> => {
    const done = await quarantine({ book, tell, store, openActions: (run) => delegations.openActions(run), tenant, now }, scope, name, by, reason);
    await record.add(`quarantine/${scope.kind}/${scope.id}`, 'quarantined', by, { scope, reason, ...done });
    return done;
  };
  /** By itself, once for one cause: what a person let back is not taken out for the same again. */
  const once = async (scope: QuarantineRequest['scope'], name: string, reason: string): Promise<void> => { if (await book.find(`quarantine:${name}`) === undefined) await takeOut(scope, name, 'supervision', reason); };
  const breakers = createBreakers({
    rates, streams: record, book, limits, effect, tenant, digest: sha256Text, now,
    quarantine: (agent, reason) => once({ kind: 'agent', id: agent }, `breaker:${sha256Text(`${tenant} ${agent}`).slice(0, 22)}:${now()}`, reason),
  });
  const watch = createLeaseWatch({
    leases, leaseMs, now,
    quarantined: async () => new Set((await book.inForce()).filter((notice: HaltNotice) => isQuarantine(notice.halt) && notice.scope.kind === 'run').map(({ scope }) => scope.id!)),
    quarantine: async (run, reason) => { const held = await leases.find(run); if (held !== undefined) await once({ kind: 'run', id: run }, `lease:${run}:${held.fence}`, reason); },
    hiccup: (silent, of) => record.add('leases', 'fleet_silent', 'supervision', { silent, of }),
  });
  let sweeps = 0;
  return {
    keep: rates.keep,
    quarantine: async ({ scope, reason }, by) => {
      const { halt, paths, cancelled } = await takeOut(scope, randomUUID(), by.person, reason);
      return { halt, paths, cancelled: [...cancelled] };
    },
    lease: async (run, { holder, token, proof, fence, release = false }) => {
      const checked = verifyAgentToken(token, keys, { now: now(), audience: tokenAudience });
      const refuse = (detail: string): CodedError => new CodedError('token_invalid', detail, { status: 401 });
      if (!checked.ok) throw refuse(`${checked.code}: ${checked.detail}`);
      const { claims } = checked;
      if (claims.run !== run || claims.tenant !== tenant) throw refuse('the token is for another run');
      const proven = verifySessionProof(proof, { grant: `lease:${run}:${holder}`, audience: 'supervision', jkt: claims.cnf.jkt, now: now() });
      if (!proven.ok) throw refuse(`${proven.code}: ${proven.detail}`);
      if (!agents.isActive(tenant, claims.sub)) throw new CodedError('agent_not_active', 'the agent was suspended or retired', { status: 403 });
      const answer = await holdRun(leases, { run, agent: claims.sub, holder, fence, release, now: now(), leaseMs });
      if (answer.status === 'refused') throw new CodedError(answer.code, answer.detail, { status: 409 });
      const { until, fence: held } = answer.lease;
      if (fence !== held) await record.add(`run/${run}`, 'run_held', claims.sub, { run, holder, fence: held });
      return { run, holder, fence: held, until };
    },
    fence: async (run, fence) => {
      if (!mayClaim(await leases.find(run), fence)) throw new CodedError('fenced', 'the run is held by another runtime, or the claim names no fence', { status: 409 });
    },
    leases: async () => {
      const held = await leases.held(), { silent, of, hiccup } = silentOf(held, now(), leaseMs / 2);
      return { leases: held.map(({ run, agent, holder, fence, heardAt, until }) => ({ run, agent, holder, fence, heardAt, until, silent: silent.some((one) => one.run === run) })), silent: silent.length, of, hiccup };
    },
    breakers: () => ({
      breakers: breakers.notClosed().map(({ kind, id, state, halt }) => ({ kind, id, status: state.status, since: state.since, until: state.status === 'open' ? state.until : null, why: state.why.slice(0, 200) || 'unknown', times: state.times, halt })),
      effect, limits: limits.map((one) => ({ ...one })),
    }),
    budgets: async () => ({ budgets: (await rates.budgets(now())).map((one) => ({ ...one })) }),
    sweep: async () => {
      await breakers.sweep();
      await watch.sweep();
      if (++sweeps % 600 === 0) await rates.forget(now() - keptMs);
    },
  };
};
