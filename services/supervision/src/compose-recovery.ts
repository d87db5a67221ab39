import type { ConfirmPlaybookRequest, HaltNotice, Json, PlaybookCheck, PlaybookRunList, PlaybookRunView, RecoverHaltRequest, RecoverHaltResponse, StartPlaybookRequest } from '@countersign/contracts';
import { refused } from '@countersign/kernel';
import { canonicalJson, sha256Text, verifyPersonStatement } from '@countersign/identity';
import { CodedError } from '@countersign/service-host';
import type { PersonDirectory } from '@countersign/service-host';
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { isForGood } from './app/cascade.ts';
import { createIncidentSteps, haltOf } from './app/incident-steps.ts';
import { createPlaybooks } from './app/playbooks.ts';
import { isBreaker } from './app/breakers.ts';
import { mayRelease } from './app/quarantine.ts';
import type { AgentsNow, HaltBook, TellRun } from './app/ports.ts';
import { recoverHalt } from './app/recover.ts';
import type { RecoverPorts } from './app/recover.ts';
import { isAgentStop } from './app/stop-agents.ts';
import type { ToolsNow } from './compose-reversals.ts';
import type { Person, Stops } from './compose-stops.ts';
import { nextStep, shownAt, statusOf } from './core/playbook-run.ts';
import type { PlaybookRun } from './core/playbook-run.ts';
import { rootOf, stageOf } from './core/recovery.ts';
import { readPlaybookText } from './inbound/playbook-text.ts';
import type { SupervisionRecord } from './outbound/record.ts';
import { createIncidents } from './views/incident.ts';

/** Taking a halt back in stages, and playbooks, which do it step by step. All of them throw CodedError where it cannot be done. */
export interface RecoveryService {
  recover(halt: string, request: RecoverHaltRequest, by: Person): Promise<RecoverHaltResponse>;
  /** Why this person may not lift this halt; null where they may. */
  mayLift(notice: HaltNotice, person: string): CodedError | null;
  check(text: string): PlaybookCheck;
  start(request: StartPlaybookRequest, by: Person): Promise<PlaybookRunView>;
  confirm(id: string, request: ConfirmPlaybookRequest, by: Person): Promise<PlaybookRunView>;
  abandon(id: string, reason: string, by: Person): Promise<PlaybookRunView>;
  get(id: string): Promise<PlaybookRunView | undefined>;
  list(): Promise<PlaybookRunList>;
  sweep(): Promise<void>;
}

export interface RecoveryPorts {
  readonly pool: Pool; readonly book: HaltBook; readonly tell: TellRun; readonly record: SupervisionRecord; readonly stops: Stops; readonly tools: ToolsNow; readonly agents: AgentsNow;
  readonly person: PersonDirectory['person']; readonly tenant: string; readonly now: () => number; readonly onError: (error: Error, what: string) => void;
}

const forGood = (id: string): string | undefined =>
  isForGood(id) ? 'the run was cancelled or terminated, or its delegation taken back or its giver ended: that is for good'
    : isAgentStop(id) ? 'this halt stands for an agent that is suspended or decommissioned: resume the agent, and it is lifted'
      : isBreaker(id) ? 'this halt stands for a breaker: it tries again by itself when its time is over' : undefined;
const digestOf = (run: PlaybookRun, step: string): string => sha256Text(canonicalJson(shownAt(run, step) as Json));

const viewOf = (run: PlaybookRun): PlaybookRunView => {
  const next = nextStep(run);
  return {
    id: run.id, playbook: run.playbook.name, scope: run.scope, by: run.by, reason: run.reason, status: statusOf(run), startedAt: run.startedAt,
    steps: run.playbook.steps.map((step) => {
      const done = run.done.find((one) => one.step === step.id), waits = next.status === 'ask' && next.step.id === step.id;
      return { step: step.id, do: step.do, status: done !== undefined ? 'done' : waits ? 'waiting' : 'next', at: done?.at ?? null, says: done?.says ?? '', confirmedBy: [...run.confirmed[step.id] ?? []], needs: step.people?.quorum ?? 0, roles: [...step.people?.roles ?? []], digest: waits ? digestOf(run, step.id) : null };
    }),
  };
};

export const composeRecovery = ({ pool, book, tell, record, stops, tools, agents, person, tenant, now, onError }: RecoveryPorts): RecoveryService => {
  const incidents = createIncidents(pool);
  const mayLift: RecoveryService['mayLift'] = (notice, who) => {
    const why = forGood(rootOf(notice.halt));
    if (why !== undefined) return new CodedError('conflict', why, { status: 409 });
    const refusal = mayRelease(notice, who, notice.scope.kind === 'agent' && notice.scope.id !== null ? agents.owner(tenant, notice.scope.id) : undefined);
    return refusal === null ? null : new CodedError(refusal.code, refusal.detail, { status: 403 });
  };
  const recovering: RecoverPorts = {
    book, tell, tools: () => [...tools.entries()].map(([, tool]) => tool), missing: (notice) => stops.enforcement.confirmation(stops.offsetOf(notice)).missing,
    may: (notice, who) => { const refusal = mayLift(notice, who); return refusal === null ? null : refused<'forbidden'>('forbidden', refusal.message); },
  };
  const playbooks = createPlaybooks({
    streams: record, now, onError,
    work: createIncidentSteps({
      ...recovering, book, tell, tenant, now, tool: (name) => tools.get(name), points: () => stops.enforcement.now().length,
      picture: (scope, since) => incidents.picture(tenant, scope, since), runs: (scope, limit) => incidents.runs(tenant, scope, limit), ran: (scope, since, limit) => incidents.ran(tenant, scope, since, limit),
      terminate: async (run, by, reason) => (await stops.stop(run, 'terminate', { person: by, roles: ['supervisor'] }, reason)).cancelled.length,
    }),
  });
  const sound = (text: string): ReturnType<typeof readPlaybookText> & { readonly playbook: NonNullable<ReturnType<typeof readPlaybookText>['playbook']> } => {
    const read = readPlaybookText(text);
    if (read.playbook === undefined) throw new CodedError('invalid_schema', read.problems.slice(0, 10).map(({ line, column, path, why }) => `${line}:${column}: ${path === '' ? '' : `${path} `}${why}`).join('; ').slice(0, 2_000), { status: 400 });
    return { ...read, playbook: read.playbook };
  };
  /** As it stands, and what of it still holds where it is over: who gives up on a playbook has not let anything go. */
  const standing = async (run: PlaybookRun): Promise<PlaybookRunView> => {
    const view = viewOf(run), root = haltOf(run);
    const held = nextStep(run).status === 'over' ? (await book.inForce()).find((notice) => rootOf(notice.halt) === root) : undefined;
    if (held === undefined) return view;
    const stage = stageOf(held.halt);
    return { ...view, held: { halt: held.halt, root, next: held.except?.agents !== undefined && stage !== null ? stage : stage === null ? 'reads' : stage === 'reads' ? 'reversible' : 'all' } };
  };
  const answered = async (run: PlaybookRun | { readonly status: 'refused'; readonly code: string; readonly detail: string }): Promise<PlaybookRunView> => {
    if ('status' in run) throw new CodedError(run.code as 'conflict', run.detail);
    return standing(run);
  };
  return {
    mayLift,
    recover: async (halt, { stage, agents: some = null, reason }, by) => {
      const answer = await recoverHalt(recovering, halt, { stage, agents: some, by: by.person, reason, now: now() });
      if (answer.status === 'refused') throw new CodedError(answer.code, answer.detail);
      const { root, next, lift } = answer.step, done: RecoverHaltResponse = { root, stage, halt: next?.halt ?? null, lifted: lift.halt, tools: next?.except?.tools?.length ?? 0, agents: next?.except?.agents?.length ?? null };
      await record.add(`halt/${root}`, 'halt_recovered', by.person, { ...done, scope: lift.scope, reason, tools: next?.except?.tools ?? [], agents: next?.except?.agents ?? null });
      return done;
    },
    check: (text) => {
      const { playbook, digest, problems } = readPlaybookText(text);
      return { name: playbook?.name ?? null, digest, steps: playbook?.steps.length ?? 0, problems: [...problems] };
    },
    start: async ({ text, scope, reason, rehearse = false }, by) => {
      const { playbook, digest } = sound(text);
      if (!playbook.for.includes(scope.kind)) throw new CodedError('conflict', `this playbook is for ${playbook.for.join(', ')}, not for ${scope.kind}`, { status: 409 });
      if ((scope.kind === 'everything') !== (scope.id === null)) throw new CodedError('invalid_schema', 'name the agent, the tool or the tenant', { status: 400 });
      const id = randomUUID();
      if (!rehearse) return viewOf(await playbooks.start(id, playbook, digest!, scope, by.person, reason));
      const says = await playbooks.rehearse(playbook, scope);
      await record.add('rehearsals', 'playbook_rehearsed', by.person, { playbook: playbook.name, digest, scope, reason });
      return { id, playbook: playbook.name, scope, by: by.person, reason, status: 'rehearsed', startedAt: now(), steps: playbook.steps.map((step, n) => ({ step: step.id, do: step.do, status: 'rehearsed', at: null, says: says[n]!.slice(0, 4_000), confirmedBy: [], needs: step.people?.quorum ?? 0, roles: [...step.people?.roles ?? []], digest: null })) };
    },
    confirm: async (id, { jws }, by) => {
      const run = await playbooks.find(id);
      if (run === undefined) throw new CodedError('not_found', 'there is no such playbook at work', { status: 404 });
      const checked = verifyPersonStatement('playbook-step', jws, person(by.person)?.keys ?? new Map() as never, { now: now(), person: by.person });
      if (!checked.ok) throw new CodedError('bad_signature', `${checked.code}: ${checked.detail}`);
      const { tenant: of, playbook, step, digest } = checked.statement;
      if (of !== tenant || playbook !== id) throw new CodedError('conflict', 'the statement is about another playbook', { status: 409 });
      if (run.confirmed[step]?.includes(by.person) !== true && digest !== digestOf(run, step)) throw new CodedError('conflict', 'something was done since you looked: look again, and sign that', { status: 409 });
      return answered(await playbooks.confirm(id, step, by.person, by.roles, jws));
    },
    abandon: async (id, reason, by) => answered(await playbooks.abandon(id, by.person, reason)),
    get: async (id) => { const run = await playbooks.find(id); return run && standing(run); },
    list: async () => ({ runs: (await playbooks.list()).slice(0, 1_000).map(viewOf) }),
    sweep: () => playbooks.sweep(),
  };
};
