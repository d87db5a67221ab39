import { envelope, startHeartbeats } from '@countersign/bus';
import type { Bus } from '@countersign/bus';
import type { FactSupplied, GovernedRecord } from '@countersign/contracts';
import { issueClaim, sha256Text, signServiceMessage, verifyGrant } from '@countersign/identity';
import type { KeySet, SigningKey } from '@countersign/identity';
import { CodedError } from '@countersign/service-host';
import type { PersonDirectory } from '@countersign/service-host';
import { createHaltView, createRevocationView } from '@countersign/tool-guard';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Pool } from 'pg';
import { cascade, liftBelow, revoke, stopBelow } from './app/cascade.ts';
import { claimAction } from './app/claim.ts';
import { halt, lift } from './app/halt.ts';
import type { HaltRequest } from './app/halt.ts';
import type { AgentsNow, VotersNow } from './app/ports.ts';
import { unknownScope } from './core/unknown-scope.ts';
import type { UnknownScope } from './core/unknown-scope.ts';
import { createAgentStops } from './app/stop-agents.ts';
import type { AgentStanding } from './app/stop-agents.ts';
import { takeGoverned } from './app/react.ts';
import { supply } from './app/supply.ts';
import { releasePaused, tellDue } from './app/timers.ts';
import { composeBreaking } from './compose-breakers.ts';
import type { Breaking } from './compose-breakers.ts';
import { composeRecovery } from './compose-recovery.ts';
import type { RecoveryService } from './compose-recovery.ts';
import { composeReversals } from './compose-reversals.ts';
import type { ReversalService, ToolsNow } from './compose-reversals.ts';
import type { Compensate } from './app/reversals.ts';
import type { BreakerEffect, BreakerLimits } from './core/breaker.ts';
import { rootOf } from './core/recovery.ts';
import { openRecord } from './outbound/record.ts';
import { composeStops, reportOf } from './compose-stops.ts';
import type { Stops } from './compose-stops.ts';
import { createHaltBook, haltsTopic } from './outbound/halt-book.ts';
import { createPostgresActions } from './outbound/postgres-actions.ts';
import { createDelegations } from './outbound/postgres-delegations.ts';
import { createRunEvents } from './outbound/run-events.ts';
import { createTellRun } from './outbound/tell-run.ts';
import { createEvents } from './views/events.ts';
import type { Events } from './views/events.ts';
import { createRuns } from './views/runs.ts';
import type { Runs } from './views/runs.ts';

export interface SupervisionPorts {
  readonly bus: Bus;
  readonly pool: Pool;
  readonly key: SigningKey;
  /** Public keys of all services: grants are policy's. */
  readonly keys: KeySet;
  readonly agents: AgentsNow;
  /** Who may vote, and with which keys. */
  readonly voters: VotersNow;
  readonly tools: ToolsNow;
  /** Calls a compensator, as supervision's own agent. */
  readonly compensate: Compensate;
  /** How long after its claim an action may stay unheard of before it is unknown, ms. */
  readonly outcomeWithinMs: number;
  readonly limits: readonly BreakerLimits[];
  readonly breakersEffect: BreakerEffect;
  /** How long a runtime holds its run without renewing, ms. */
  readonly leaseMs: number;
  /** `aud` of agent tokens. */
  readonly tokenAudience: string;
  readonly person: PersonDirectory['person'];
  readonly tenant: string;
  readonly now: () => number;
  readonly onError: (error: Error, what: string) => void;
}

export interface Supervision {
  /** Records of one partition, in order. */
  take(records: readonly GovernedRecord[], partition: number): Promise<void>;
  /** Told after each batch that was taken. */
  onTaken(tell: () => void): void;
  /** A signed claim for a grant; throws CodedError where the action may not start. `fence`: of the lease on its run. */
  claim(grant: string, fence?: number): Promise<string>;
  /** `unknown`: it stands, and nobody here knows what it names. */
  halt(request: Omit<HaltRequest, 'tenant' | 'halt' | 'now'>): Promise<{ readonly halt: string; readonly paths: { readonly topic: boolean; readonly database: boolean }; readonly unknown?: UnknownScope }>;
  /** undefined: no such halt; false: one of the two paths failed, so nothing may run again yet. Throws CodedError where it is not this person's to lift. */
  lift(halt: string, by: string, reason: string): Promise<boolean | undefined>;
  cancel(run: string, action: string, by: string, reason: string): Promise<boolean>;
  /** How an agent stands now, as the registry says. */
  agentChanged(agent: AgentStanding): void;
  /** A signed fact for a deferred action; throws CodedError where it waits for no such fact from this person. */
  supply(run: string, action: string, by: { readonly person: string; readonly roles: readonly string[] }, said: Omit<FactSupplied, 'action' | 'by'>): Promise<void>;
  /** Takes a delegation back for good; answers the halt. Throws CodedError where the run is no child, or the person may not. */
  revoke(run: string, by: { readonly person: string; readonly roles: readonly string[] }, reason: string): Promise<string>;
  readonly stops: Stops;
  readonly reversals: ReversalService;
  readonly recovery: RecoveryService;
  readonly breaking: Breaking;
  readonly runs: Runs;
  readonly events: Events;
  readonly ready: () => { readonly ok: boolean; readonly why: string };
  stop(): Promise<void>;
}

/** How long the lines of timelines are kept; the records themselves are audit's. */
const eventsKeptMs = 30 * 24 * 3_600_000;

/** Puts supervision together out of its ports; knows no Nest. */
export const composeSupervision = async (ports: SupervisionPorts): Promise<Supervision> => {
  const { bus, pool, key, tenant, now } = ports;
  await pool.query(await readFile(new URL('./outbound/schema.sql', import.meta.url), 'utf8'));
  const store = createPostgresActions(pool);
  const book = createHaltBook(bus, pool, key, now);
  const tell = createTellRun(bus, key, tenant, now);
  const hanging = { delegations: createDelegations(pool), book, tell, store, tenant };
  const known = new Set<string>();
  const runs = createRuns(pool);
  /** Names of the kind that a scope is of, as far as they matter; undefined where nobody can tell now. */
  const namesOf = async ({ kind, id }: HaltRequest['scope'], database: boolean): Promise<ReadonlySet<string> | undefined> => {
    if (kind === 'agent') return ports.agents.isStale() ? undefined : ports.agents.ids(tenant);
    if (kind === 'tenant') return new Set([tenant]);
    if (kind === 'run') return !database || id === null ? undefined : new Set(await runs.get(tenant, id) === undefined ? [] : [id]);
    const tools = new Set([...ports.tools.entries()].map(([name]) => name));
    return kind === 'tool' && tools.size > 0 ? tools : undefined;
  };
  const happened = createRunEvents(pool);
  const record = await openRecord(bus, pool, key, tenant, now, (error) => ports.onError(error, 'outbox'));
  const reversals = composeReversals({ pool, tenant, tools: ports.tools, agents: ports.agents, compensate: ports.compensate, tell, record, happened, now, onError: ports.onError });
  const stops = await composeStops({ ...hanging, bus, pool, keys: ports.keys, now, runs, record, happened, outcomeWithinMs: ports.outcomeWithinMs, compensate: reversals.compensate, onError: ports.onError });
  const recovery = composeRecovery({ ...hanging, pool, record, stops, tools: ports.tools, agents: ports.agents, person: ports.person, now, onError: ports.onError });
  const breaking = composeBreaking({ ...hanging, pool, record, agents: ports.agents, keys: ports.keys, tokenAudience: ports.tokenAudience, limits: ports.limits, breakersEffect: ports.breakersEffect, leaseMs: ports.leaseMs, now });
  const agentStops = createAgentStops({ store, book, tell, tenant, digest: sha256Text, now, onError: ports.onError });
  const halts = createHaltView({
    bus, jwks: ports.keys, now, onError: (error) => ports.onError(error, 'halts'), report: reportOf(key, tenant, randomUUID()),
    onNotice: (notice, offset) => {
      known.add(`${notice.halt}:${notice.op}`);
      agentStops.heard(notice);
      stops.noticed(notice, offset);
      const { halt: id, op, by, reason, at, scope, mode } = notice;
      book.keep(notice).then(() => (mode === 'halt' && scope.kind === 'agent' && scope.id !== null ? (op === 'halt' ? stopBelow : liftBelow)(hanging, { kind: 'agent', id: scope.id }, { halt: id, by, reason, at }) : undefined))
        .catch((error: Error) => ports.onError(error, 'keeping a halt'));
    },
  });
  const revocations = createRevocationView({ bus, jwks: ports.keys, now, onError: (error) => ports.onError(error, 'revocations') });
  // Twice a second (DESIGN 7): guards refuse when they have heard nothing for three seconds.
  const beats = startHeartbeats(bus, haltsTopic, {
    everyMs: 500, now, onError: (error) => ports.onError(error, 'heartbeat'),
    sign: (beatKey, value, at) => signServiceMessage({ topic: haltsTopic, key: beatKey, value, headers: envelope({ id: randomUUID(), type: 'countersign.supervision.heartbeat.v1', source: 'supervision', time: at, tenant }) }, key).headers,
  });
  let taken = (): void => undefined;
  let stopped = false;
  const reconcile = halts.ready.then(() => book.republish((notice) => known.has(`${notice.halt}:${notice.op}`))).catch((error: Error) => { if (!stopped) ports.onError(error, 'republishing halts'); });
  Promise.all([halts.ready, ports.agents.ready]).then(agentStops.begin, () => undefined);
  const sweep = async (): Promise<void> => { if (!stopped) await agentStops.sweep(); };
  const timers = setInterval(() => {
    if (++ticks % 1_200 === 0) happened.forget(now() - eventsKeptMs).catch((error: Error) => ports.onError(error, 'old events'));
    releasePaused(store, halts, now()).then(() => tellDue(store, tell, now())).catch((error: Error) => ports.onError(error, 'timers'));
    reversing = (reversing ?? reversals.sweep().then(stops.sweep).catch((error: Error) => ports.onError(error, 'reversals'))).finally(() => { reversing = undefined; });
    if (ticks % 2 === 0) breakingNow = (breakingNow ?? breaking.sweep().then(recovery.sweep).catch((error: Error) => { if (!stopped) ports.onError(error, 'breakers'); })).finally(() => { breakingNow = undefined; });
    sweeping = (sweeping ?? sweep().catch((error: Error) => ports.onError(error, 'stopped agents'))).finally(() => { sweeping = undefined; });
  }, 500);
  let ticks = 0;
  let sweeping: Promise<void> | undefined, reversing: Promise<void> | undefined, breakingNow: Promise<void> | undefined;

  return {
    agentChanged: agentStops.take,
    take: async (records, partition) => {
      await takeGoverned(store, book, records);
      await happened.keep(partition, records);
      await breaking.keep(partition, records);
      taken();
      await cascade(hanging, records);
    },
    onTaken: (tell) => { taken = tell; },
    events: createEvents(pool),
    revoke: async (run, by, reason) => {
      const child = await hanging.delegations.find(run);
      if (child === undefined) throw new CodedError('not_found', 'there is no such run, or no agent delegated it', { status: 404 });
      const mayRevoke = by.roles.some((role) => role === 'supervisor' || role === 'operator') || child.ancestors.some((one) => ports.agents.owner(tenant, one.agent) === by.person);
      if (!mayRevoke) throw new CodedError('forbidden', 'supervisors, operators and the owners of the agents that delegated revoke', { status: 403 });
      return revoke(hanging, child, by.person, reason, now());
    },
    claim: async (text, fence) => {
      const grant = verifyGrant(text, ports.keys, { now: now(), audience: null });
      if (!grant.ok) throw new CodedError('grant_invalid', `${grant.code}: ${grant.detail}`, { status: 400 });
      if (!grant.kid.startsWith('policy-')) throw new CodedError('grant_invalid', 'grants are signed by policy', { status: 400 });
      await breaking.fence(grant.claims.run, fence);
      const answer = await claimAction(store, halts, ports.agents, revocations, ports.voters, grant.claims, { now: now(), jti: randomUUID() });
      if (answer.status === 'refused') throw new CodedError(answer.code, answer.detail, answer.code === 'approval_lapsed' ? {} : { status: answer.code === 'not_ready' || answer.code === 'stale_snapshot' ? 503 : 409 });
      return issueClaim(answer.claims, key);
    },
    halt: async (request) => {
      const id = randomUUID();
      const paths = await halt(book, tell, { ...request, tenant, halt: id, now: now() });
      // Looked up once it stands: nothing that is slow or away holds up a halt.
      const unknown = unknownScope(request.scope, await namesOf(request.scope, paths.database).catch(() => undefined));
      return { halt: id, paths, ...(unknown !== undefined && { unknown }) };
    },
    lift: async (id, by, reason) => {
      const root = await book.find(rootOf(id)) ?? await book.find(id);
      if (root === undefined) return undefined;
      const refusal = recovery.mayLift(root, by);
      if (refusal !== null) throw refusal;
      // With a halt goes the stage at which it stands, and with a stage its halt: nothing is left that nobody sees.
      const stages = (await book.inForce()).filter((notice) => rootOf(notice.halt) === root.halt);
      for (const notice of stages.length > 0 ? stages : [root]) if (!await lift(book, tell, notice, { by, reason, now: now() })) return false;
      return true;
    },
    cancel: async (run, action, by, reason) => {
      if (!await store.recall({ tenant, run, action })) return false;
      await tell(run, { word: 'cancelled', body: { action, by, reason } });
      return true;
    },
    supply: async (run, action, by, said) => {
      const answer = await supply(store, tell, { tenant, run, action }, by, said);
      if (answer.status === 'refused') throw new CodedError(answer.code, answer.detail);
    },
    runs, stops, reversals, recovery, breaking,
    ready: () => (halts.isStale() ? { ok: false, why: 'the view of halts is not live yet' } : ports.agents.isStale() ? { ok: false, why: 'the snapshot of agents is not live yet' } : revocations.isStale() ? { ok: false, why: 'the view of revocations is not live yet' } : { ok: true, why: '' }),
    stop: async () => {
      stopped = true;
      clearInterval(timers);
      await Promise.all([sweeping, reversing, breakingNow]);
      await record.stop();
      await beats.stop();
      await stops.enforcement.stop();
      await halts.stop();
      await revocations.stop();
      await reconcile;
    },
  };
};
