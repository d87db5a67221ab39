import type { GovernedRecord, GrantClaims, HaltNotice, JsonObject } from '@countersign/contracts';
import { fold } from '@countersign/kernel';
import type { CheckedVote, PreApprovalTerms } from '@countersign/kernel';
import { noRecord } from '../../services/approvals/src/core/agent-record.ts';
import type { ApprovalCommand } from '../../services/approvals/src/core/commands.ts';
import { approvalDecider } from '../../services/approvals/src/core/decider.ts';
import type { ApprovalEvent } from '../../services/approvals/src/core/events.ts';
import { answeredBefore, preApprovalDecider } from '../../services/approvals/src/core/pre-approval.ts';
import type { PreApproval, PreApprovalCommand, PreApprovalEvent } from '../../services/approvals/src/core/pre-approval.ts';
import { react } from '../../services/approvals/src/core/react.ts';
import type { Approval } from '../../services/approvals/src/core/state.ts';
import type { RuntimeBody, ServiceBody } from '../../services/policy/src/core/commands.ts';
import { actionId, runId, start, world } from '../../services/policy/src/core/scene.fixture.ts';
import type { PartitionState } from '../../services/policy/src/core/state.ts';
import { step } from '../../services/policy/src/core/step.ts';
import type { Judgement, Question } from '../../services/policy/src/core/world.ts';
import { moves, statusAfter } from '../../services/supervision/src/core/action.ts';
import { addUp, closed, countOf, evolveBreaker, holds, nextOfBreaker } from '../../services/supervision/src/core/breaker.ts';
import type { BreakerEvent, BreakerLimits } from '../../services/supervision/src/core/breaker.ts';
import { decideClaim } from '../../services/supervision/src/core/claim.ts';
import type { ActionRow } from '../../services/supervision/src/core/claim.ts';

/**
 * Actions that two people have to approve, in one run, as three services see them: policy (its real step and fold), approvals (its real deciders and
 * reactions) and supervision (its real moves, claims and breakers). Messages between them wait in queues, one per sender, and are delivered in any interleaving;
 * what was delivered last may be delivered again. Only what is storage is written down here anew: a row moved by compare-and-set, streams appended to where they
 * still have so many events, a queue, a cursor.
 */
export interface Model {
  readonly policy: PartitionState;
  readonly seq: number; readonly head: string; readonly now: number;
  readonly rules: 'ask' | 'forbid' | 'rewrite' | 'allow';
  readonly queues: { readonly runtime: readonly RuntimeBody[]; readonly approvals: readonly ServiceBody[]; readonly supervision: readonly ServiceBody[] };
  readonly delivered: { readonly approvals: ServiceBody | null; readonly supervision: ServiceBody | null };
  readonly log: readonly GovernedRecord[];
  readonly approvals: {
    readonly cursor: number; readonly streams: Readonly<Record<string, readonly ApprovalEvent[]>>;
    /** What people agreed to beforehand, and what another instance is about to write about it. */
    readonly terms: PreApprovalTerms; readonly agreed: readonly PreApprovalEvent[]; readonly prepared: Prepared | null;
  };
  readonly supervision: { readonly cursor: number; readonly rows: Readonly<Record<string, Row>>; readonly halts: readonly string[]; readonly breaker: readonly BreakerEvent[] };
  /** What policy knows of the halts: it hears them when it hears them. */
  readonly policyHalts: readonly string[];
  readonly grants: readonly GrantClaims[];
  readonly claims: readonly { readonly jti: string; readonly action: string }[];
  readonly proposed: number;
  /** What the world outside may still do, each so many times. */
  readonly left: Readonly<Record<Deed, number>>;
  /** What has certainly won of the first action, said in words of this model and not of the code under test. */
  readonly cancelWon: boolean;
}
type Row = ActionRow & { readonly position: number };
interface Prepared { readonly approval: string; readonly asked: readonly ApprovalEvent[]; readonly used: readonly PreApprovalEvent[]; readonly after: number }

export const deeds = ['tom approves', 'tina approves', 'tim approves', 'tina denies', 'tina edits', 'time passes', 'half a minute passes', 'operator cancels', 'runtime cancels', 'halt', 'lift', 'rules forbid', 'rules rewrite', 'late outcome', 'duplicate', 'reread', 'claim',
  'another action', 'tom agrees beforehand', 'tina agrees beforehand', 'tom revokes', 'approvals read one', 'another instance looks', 'another instance writes', 'what was claimed fails', 'what was claimed works', 'supervision sweeps', 'supervision dies sweeping'] as const;
export type Deed = (typeof deeds)[number];

/** The code under test that a mutant may replace, to show that its promise can be broken. */
export interface Code {
  readonly answeredBefore: typeof answeredBefore; readonly decideClaim: typeof decideClaim; readonly nextOfBreaker: typeof nextOfBreaker; readonly holds: typeof holds;
  /** Whether a stream is appended to only where it has as many events as were read. */
  readonly compares: boolean;
  /** Whom approvals names to policy as who edited it. */
  readonly editor: (person: string) => string;
  /** What policy's door says of a vote that was given beforehand. */
  readonly checked: (vote: CheckedVote, terms: PreApprovalTerms) => CheckedVote;
}
export const real: Code = { answeredBefore, decideClaim, nextOfBreaker, holds, compares: true, editor: (person) => person, checked: (vote, terms) => ({ ...vote, terms, conditions: { until: terms.until, cap: terms.amount! } }) };

export const action = actionId(1);
const agentHalt = 'h1', breakerHalt = 'breaker:';
export const limits: BreakerLimits = { scope: 'agent', match: '*', windowMs: 120_000, minimum: 1, errors: 1, denials: null, spend: null, coolMs: 60_000, trial: 1 };

const judge = (rules: Model['rules']) => ({ approval, proposal }: Question): Judgement => {
  const fired = [{ id: `about-${proposal.tool}`, tier: null, decision: null, reason: 'because' }];
  const verdict = rules === 'forbid' ? { decision: 'deny' as const, tier: 3 as const, code: 'forbidden', approval: null }
    : rules === 'allow' ? { decision: 'allow' as const, tier: 2 as const, code: null, approval: null }
      : { decision: approval === null ? 'step_up' as const : rules === 'rewrite' ? 'modify' as const : 'allow' as const, tier: 3 as const, code: null, approval: approval === null ? { route: ['controller'], quorum: 2, expiresInMs: 60_000 } : null };
  const amount = proposal.arguments['amount'] as number;
  const derived = (value: Judgement['facts'][string]['value']) => ({ value, origin: 'derived' as const });
  return {
    facts: { amount: derived(amount), target: derived([]), level: derived('normal'), 'tool.reversible': derived(true) }, failed: [], money: { minor: amount, currency: 'EUR' },
    verdict: { ...verdict, rules: fired, ...(rules === 'rewrite' && { modify: [{ path: 'args.text', value: 'other', rule: 'r' }] }) },
  };
};

/** What an approval's stream says goes to the inbox, as publish.ts does. */
const say = (m: Model, approval: string, events: readonly ApprovalEvent[], code: Code): Model => {
  const stream = [...m.approvals.streams[approval] ?? [], ...events], state = fold(approvalDecider, stream);
  const resolved = events.find((event) => event.type === 'resolved');
  const said: ServiceBody[] = resolved === undefined || resolved.resolution === 'cancelled' || state.status === 'none' ? [] : [{
    kind: 'resolved', message: { approval, action: state.question.action, answers: state.question.answers, digest: state.question.digest, resolution: resolved.resolution as 'approved', votes: [], ...(state.edit !== undefined && { edit: { person: state.edit.person, arguments: state.edit.arguments, jws: state.edit.jws } }) },
    ...(state.edit !== undefined && { editor: { person: code.editor(state.edit.person), roles: ['controller'], why: null } }),
    votes: state.votes.map(({ vote: { person, vote, preApproval } }) => {
      const cast: CheckedVote = { person, vote, roles: ['controller'], why: null, channel: null };
      return preApproval === undefined ? cast : code.checked(cast, m.approvals.terms);
    }),
  }];
  return { ...m, approvals: { ...m.approvals, streams: { ...m.approvals.streams, [approval]: stream } }, queues: { ...m.queues, approvals: [...m.queues.approvals, ...said] } };
};

export const tellApproval = (m: Model, approval: string, command: ApprovalCommand, code: Code): Model => {
  const outcome = approvalDecider.decide(command, stateOf(m, approval));
  const events = outcome.status === 'nothing-new' ? [] : outcome.events;
  return events.length === 0 ? m : say(m, approval, events, code);
};

const stateOf = (m: Model, approval: string): Approval => fold(approvalDecider, m.approvals.streams[approval] ?? []);
export const openOnes = (m: Model): readonly string[] => Object.keys(m.approvals.streams).filter((id) => stateOf(m, id).status === 'open');

export const votes = (m: Model, person: string, vote: 'approve' | 'deny', code: Code): Model => openOnes(m).reduce((next, id) => {
  const state = stateOf(m, id);
  return state.status === 'none' ? next : tellApproval(next, id, { type: 'vote', vote: { person, vote, jws: `${person}'s` }, speaker: { person, roles: ['controller'] }, digest: state.question.digest, reason: 'looked', now: m.now }, code);
}, m);

export const edits = (m: Model, person: string, args: JsonObject, code: Code): Model => openOnes(m).reduce((next, id) => {
  const state = stateOf(m, id);
  return state.status === 'none' ? next : tellApproval(next, id, { type: 'edit', speaker: { person, roles: ['controller'] }, digest: state.question.digest, edit: { person, arguments: args, reason: 'better so', jws: `${person}'s` }, now: m.now }, code);
}, m);

/** Agrees to the terms beforehand, or takes that back. Undefined where it changes nothing. */
export const tellPreApproval = (m: Model, command: PreApprovalCommand): Model | undefined => {
  const outcome = preApprovalDecider.decide(command, fold(preApprovalDecider, m.approvals.agreed));
  return outcome.status === 'accepted' ? { ...m, approvals: { ...m.approvals, agreed: [...m.approvals.agreed, ...outcome.events] } } : undefined;
};
export const agrees = (m: Model, person: string): Model | undefined => tellPreApproval(m, { type: 'agree', id: 'p1', terms: m.approvals.terms, signer: { person, jws: `${person}'s`, reason: 'as every day', at: m.now, agreedAt: m.now }, now: m.now });

export const hear = (m: Model, body: RuntimeBody | ServiceBody, from: 'runtime' | 'approvals' | 'supervision'): Model => {
  const policy = structuredClone(m.policy);
  const envelope = { tenant: 'acme', run: runId, ceType: `countersign.runs.${body.kind}.v1`, traceparent: null, offset: String(m.log.length), at: m.now, rightPartition: true };
  const hash = `hash-${m.seq}-${body.kind}`;
  const now = world({ now: m.now, judge: judge(m.rules), policyVersion: m.rules, halt: () => m.policyHalts[0] ?? null });
  const draft = from === 'runtime'
    ? step({ ...envelope, from, token: tokenOf(), seq: m.seq, prev: m.head, hash, ceTime: m.now, attested: false, body: body as RuntimeBody }, policy, now)
    : step({ ...envelope, from: 'service', service: from, hash: 'h', body: body as ServiceBody }, policy, now);
  return { ...m, policy, ...(from === 'runtime' && { seq: m.seq + 1, head: hash }), log: [...m.log, ...draft.records], grants: [...m.grants, ...draft.grants.map(({ claims }) => claims)] };
};

const tokenOf = () => ({
  iss: 'registry', aud: 'countersign', sub: 'clerk', jti: 't1', iat: start / 1000, exp: start / 1000 + 600, tenant: 'acme', run: runId, run_not_after: start / 1000 + 3600, scope: '',
  cnf: { jkt: 'j'.repeat(43), jwk: { kty: 'OKP' as const, crv: 'Ed25519' as const, x: 'x'.repeat(43), kid: 's' } },
});

/** The rows as their statement moves them (postgres-actions.ts): forward in the log, and only where a move is allowed. */
export const foldRows = (rows: Model['supervision']['rows'], record: GovernedRecord): Model['supervision']['rows'] => {
  const to = statusAfter(record);
  if (to === undefined || !('action' in record)) return rows;
  const row = rows[record.action];
  if (row === undefined) return { ...rows, [record.action]: { status: to, agent: record.agent ?? '', tool: 'tool' in record ? record.tool : '', claimedBy: null, claim: null, position: record.position } };
  return row.position >= record.position ? rows : { ...rows, [record.action]: { ...row, position: record.position, status: moves[to].includes(row.status) ? to : row.status } };
};

const making = { approvalId: (_run: string, _action: string, position: number) => `a${position}`, digest: (value: unknown) => JSON.stringify(value), agentRecord: noRecord };
type Request = Extract<ApprovalCommand, { type: 'request' }>;

/** As pre-approved.ts: asked, voted and approved and the use of it, in one transaction with both expected versions; null where people have to be asked. */
const before = (m: Model, command: Request, code: Code): Prepared | null => {
  const pre: PreApproval = fold(preApprovalDecider, m.approvals.agreed);
  const found = pre.status === 'none' ? undefined : code.answeredBefore(pre, command, (person) => ({ person, roles: ['controller'] }), m.now);
  return found === undefined ? null : { approval: command.question.approval, ...found, after: m.approvals.agreed.length };
};
export const write = (m: Model, { approval, asked, used, after }: Prepared, code: Code): Model => {
  if ((m.approvals.streams[approval] ?? []).length > 0 || (code.compares && m.approvals.agreed.length !== after)) return m;
  return say({ ...m, approvals: { ...m.approvals, agreed: [...m.approvals.agreed, ...used] } }, approval, asked, code);
};

const requests = (m: Model, record: GovernedRecord) => {
  const open = openOnes(m);
  return react(record, { forAction: (_, about) => open.filter((id) => { const state = stateOf(m, id); return state.status !== 'none' && state.question.action === about; }), forRun: () => open, approved: () => [] }, making);
};
export const readApprovals = (m: Model, from: number, code: Code, to = m.log.length): Model => {
  let next = m;
  for (const record of m.log.slice(from, to)) {
    for (const { approval, command } of requests(next, record)) {
      const answered = command.type === 'request' ? before(next, command, code) : null;
      const done = answered === null ? next : write(next, answered, code);
      next = done === next ? tellApproval(next, approval, command, code) : done;
    }
  }
  return { ...next, approvals: { ...next.approvals, cursor: to } };
};
/** Another instance has read the same and gets as far as its transaction. */
export const looks = (m: Model, code: Code): Model | undefined => {
  const prepared = m.log.slice(m.approvals.cursor).flatMap((record) => requests(m, record)).flatMap(({ command }) => (command.type === 'request' ? before(m, command, code) ?? [] : [])).at(-1);
  return prepared === undefined ? undefined : { ...m, approvals: { ...m.approvals, prepared } };
};

const noticeOf = (halt: string): HaltNotice => ({ halt, op: 'halt', mode: 'halt', tenant: 'acme', scope: { kind: 'agent', id: 'clerk' }, by: 'sue', reason: 'r', at: 1 });

/** Supervision's claim for each grant, the newest first. */
export const claim = (m: Model, code: Code): Model => m.grants.toReversed().reduce((next, grant) => {
  const row = next.supervision.rows[grant.action], halt = next.supervision.halts[0];
  const answer = code.decideClaim(grant, row, halt === undefined ? undefined : noticeOf(halt), { now: m.now, jti: `c${next.claims.length}-${m.left.claim}` });
  if (answer.status !== 'move' || row === undefined || !moves.claimed.includes(row.status)) return next;
  const { jti, iat, exp } = answer.claims;
  return { ...next, claims: [...next.claims, { jti, action: grant.action }], supervision: { ...next.supervision, rows: { ...next.supervision.rows, [grant.action]: { ...row, status: 'claimed', claimedBy: grant.jti, claim: { jti, iat, exp } } } } };
}, m);

export const cancel = (m: Model): Model => {
  const row = m.supervision.rows[action];
  if (row === undefined || !moves.cancelled.includes(row.status)) return m;
  return { ...m, cancelWon: true, supervision: { ...m.supervision, rows: { ...m.supervision.rows, [action]: { ...row, status: 'cancelled' } } }, queues: { ...m.queues, supervision: [...m.queues.supervision, { kind: 'cancelled', message: { action, by: 'sue', reason: 'r' } }] } };
};

/** One look at the breaker, as app/breakers.ts: it moves, then its halt is made to agree, unless whoever looks dies in between. */
export const sweep = (m: Model, code: Code, dies: boolean): Model => {
  const { breaker, cursor, halts } = m.supervision;
  const state = breaker.reduce(evolveBreaker, closed);
  const event = code.nextOfBreaker(state, addUp(m.log.slice(0, cursor).flatMap((record) => countOf(record) ?? [])), limits, 'clerk', m.now);
  const events = event === undefined ? breaker : [...breaker, event];
  const stands = code.holds(events.reduce(evolveBreaker, closed));
  const others = halts.filter((halt) => !halt.startsWith(breakerHalt));
  return { ...m, supervision: { ...m.supervision, breaker: events, halts: dies ? halts : [...others, ...(stands ? [halts.find((halt) => halt.startsWith(breakerHalt)) ?? `${breakerHalt}${events.length}`] : [])] } };
};
export const halted = (m: Model, on: boolean): Model => ({ ...m, supervision: { ...m.supervision, halts: [...m.supervision.halts.filter((halt) => halt !== agentHalt), ...(on ? [agentHalt] : [])] } });
