import type { GovernedRecord, GrantClaims, HaltNotice } from '@countersign/contracts';
import { fold } from '@countersign/kernel';
import { approvalDecider } from '../../services/approvals/src/core/decider.ts';
import type { ApprovalCommand } from '../../services/approvals/src/core/commands.ts';
import type { ApprovalEvent } from '../../services/approvals/src/core/events.ts';
import { noRecord } from '../../services/approvals/src/core/agent-record.ts';
import { react } from '../../services/approvals/src/core/react.ts';
import type { Approval } from '../../services/approvals/src/core/state.ts';
import type { RuntimeBody, ServiceBody } from '../../services/policy/src/core/commands.ts';
import { actionId, outcomeOf, proposed, runId, start, started, world } from '../../services/policy/src/core/scene.fixture.ts';
import { initialState } from '../../services/policy/src/core/state.ts';
import type { PartitionState } from '../../services/policy/src/core/state.ts';
import { step } from '../../services/policy/src/core/step.ts';
import type { Judgement, Question } from '../../services/policy/src/core/world.ts';
import { moves, statusAfter } from '../../services/supervision/src/core/action.ts';
import { decideClaim } from '../../services/supervision/src/core/claim.ts';
import type { ActionRow } from '../../services/supervision/src/core/claim.ts';

/**
 * One action that two people have to approve, in one run, as three services see it: policy (its real step and fold), approvals (its real decider and
 * reactions) and supervision (its real moves and claims). Messages between them wait in queues, one per sender, and are delivered in any interleaving; what
 * was delivered last may be delivered again. Only what is storage is written down here anew: a row moved by compare-and-set, a queue, a cursor.
 */
export interface Model {
  readonly policy: PartitionState;
  readonly seq: number; readonly head: string; readonly now: number;
  readonly rules: 'ask' | 'forbid' | 'rewrite';
  readonly queues: { readonly runtime: readonly RuntimeBody[]; readonly approvals: readonly ServiceBody[]; readonly supervision: readonly ServiceBody[] };
  readonly delivered: { readonly approvals: ServiceBody | null; readonly supervision: ServiceBody | null };
  readonly log: readonly GovernedRecord[];
  readonly approvals: { readonly cursor: number; readonly streams: Readonly<Record<string, readonly ApprovalEvent[]>> };
  readonly supervision: { readonly cursor: number; readonly row: (ActionRow & { readonly position: number }) | null; readonly halts: readonly string[] };
  /** What policy knows of the halts: it hears them when it hears them. */
  readonly policyHalts: readonly string[];
  readonly grants: readonly GrantClaims[];
  readonly claims: readonly string[];
  /** What the world outside may still do, each so many times. */
  readonly left: Readonly<Record<Deed, number>>;
  /** What has certainly won, said in words of this model and not of the code under test. */
  readonly cancelWon: boolean;
}

export type Deed = 'tom approves' | 'tina approves' | 'tina denies' | 'time passes' | 'operator cancels' | 'runtime cancels' | 'halt' | 'lift' | 'rules forbid' | 'rules rewrite' | 'late outcome' | 'duplicate' | 'reread' | 'claim';
export type Step = Deed | 'policy hears the runtime' | 'policy hears approvals' | 'policy hears supervision' | 'policy hears halts' | 'approvals read' | 'supervision reads';

const action = actionId(1);
const agentHalt = 'h1';
const judge = (rules: Model['rules']) => ({ approval, proposal }: Question): Judgement => {
  const fired = [{ id: `about-${proposal.tool}`, tier: null, decision: null, reason: 'because' }];
  const verdict = rules === 'forbid' ? { decision: 'deny' as const, tier: 3 as const, code: 'forbidden', approval: null }
    : { decision: approval === null ? 'step_up' as const : rules === 'rewrite' ? 'modify' as const : 'allow' as const, tier: 3 as const, code: null, approval: approval === null ? { route: ['controller'], quorum: 2, expiresInMs: 60_000 } : null };
  return { facts: {}, failed: [], money: null, verdict: { ...verdict, rules: fired, ...(rules === 'rewrite' && { modify: [{ path: 'args.text', value: 'other', rule: 'r' }] }) } };
};

/** A command to an approval's stream; what it says goes to the inbox, as publish.ts does. */
const tellApproval = (m: Model, approval: string, command: ApprovalCommand): Model => {
  const before = m.approvals.streams[approval] ?? [];
  const outcome = approvalDecider.decide(command, fold(approvalDecider, before));
  const events = outcome.status === 'nothing-new' ? [] : outcome.events;
  if (events.length === 0) return m;
  const stream = [...before, ...events], state = fold(approvalDecider, stream);
  const resolved = events.find((event) => event.type === 'resolved');
  const said: ServiceBody[] = resolved === undefined || resolved.resolution === 'cancelled' || state.status === 'none' ? [] : [{
    kind: 'resolved', message: { approval, action: state.question.action, answers: state.question.answers, digest: state.question.digest, resolution: resolved.resolution as 'approved', votes: [] },
    votes: state.votes.map(({ vote }) => ({ person: vote.person, vote: vote.vote, roles: ['controller'], why: null, channel: null })),
  }];
  return { ...m, approvals: { ...m.approvals, streams: { ...m.approvals.streams, [approval]: stream } }, queues: { ...m.queues, approvals: [...m.queues.approvals, ...said] } };
};

const stateOf = (m: Model, approval: string): Approval => fold(approvalDecider, m.approvals.streams[approval] ?? []);
const openOnes = (m: Model): readonly string[] => Object.keys(m.approvals.streams).filter((id) => stateOf(m, id).status === 'open');

const votes = (m: Model, person: string, vote: 'approve' | 'deny'): Model => openOnes(m).reduce((next, id) => {
  const state = stateOf(m, id);
  return state.status === 'none' ? next : tellApproval(next, id, { type: 'vote', vote: { person, vote, jws: `${person}'s` }, speaker: { person, roles: ['controller'] }, digest: state.question.digest, reason: 'looked', now: m.now });
}, m);

const hear = (m: Model, body: RuntimeBody | ServiceBody, from: 'runtime' | 'approvals' | 'supervision'): Model => {
  const policy = structuredClone(m.policy);
  const envelope = { tenant: 'acme', run: runId, ceType: `countersign.runs.${body.kind}.v1`, traceparent: null, offset: String(m.log.length), at: m.now, rightPartition: true };
  const hash = `hash-${m.seq}-${body.kind}`;
  const now = world({ now: m.now, judge: judge(m.rules), policyVersion: m.rules, halt: () => (m.policyHalts.includes(agentHalt) ? agentHalt : null) });
  const draft = from === 'runtime'
    ? step({ ...envelope, from, token: tokenOf(), seq: m.seq, prev: m.head, hash, ceTime: m.now, attested: false, body: body as RuntimeBody }, policy, now)
    : step({ ...envelope, from: 'service', service: from, hash: 'h', body: body as ServiceBody }, policy, now);
  return { ...m, policy, ...(from === 'runtime' && { seq: m.seq + 1, head: hash }), log: [...m.log, ...draft.records], grants: [...m.grants, ...draft.grants.map(({ claims }) => claims)] };
};

const tokenOf = () => ({
  iss: 'registry', aud: 'countersign', sub: 'clerk', jti: 't1', iat: start / 1000, exp: start / 1000 + 600, tenant: 'acme', run: runId, run_not_after: start / 1000 + 3600, scope: '',
  cnf: { jkt: 'j'.repeat(43), jwk: { kty: 'OKP' as const, crv: 'Ed25519' as const, x: 'x'.repeat(43), kid: 's' } },
});

/** The row as its statement moves it (postgres-actions.ts): forward in the log, and only where a move is allowed. */
const foldRow = (row: Model['supervision']['row'], record: GovernedRecord): Model['supervision']['row'] => {
  const to = statusAfter(record);
  if (to === undefined || !('action' in record)) return row;
  if (row === null) return { status: to, agent: record.agent ?? '', tool: 'tool' in record ? record.tool : '', claimedBy: null, claim: null, position: record.position };
  if (row.position >= record.position) return row;
  return { ...row, position: record.position, status: moves[to].includes(row.status) ? to : row.status };
};

const making = { approvalId: (_run: string, _action: string, position: number) => `a${position}`, digest: (value: unknown) => JSON.stringify(value), agentRecord: noRecord };

const readApprovals = (m: Model, from: number): Model => {
  let next = m;
  for (const record of m.log.slice(from)) {
    const open = openOnes(next);
    for (const { approval, command } of react(record, { forAction: () => open, forRun: () => open, approved: () => [] }, making)) next = tellApproval(next, approval, command);
  }
  return { ...next, approvals: { ...next.approvals, cursor: m.log.length } };
};

const notice: HaltNotice = { halt: agentHalt, op: 'halt', mode: 'halt', tenant: 'acme', scope: { kind: 'agent', id: 'clerk' }, by: 'sue', reason: 'r', at: 1 };

/** Supervision's claim for the newest grant. */
const claim = (m: Model): Model => {
  const grant = m.grants.at(-1);
  if (grant === undefined) return m;
  const { row } = m.supervision;
  const answer = decideClaim(grant, row ?? undefined, m.supervision.halts.includes(agentHalt) ? notice : undefined, { now: m.now, jti: `c${m.claims.length}-${m.left.claim}` });
  if (answer.status !== 'move' || row === null || !moves.claimed.includes(row.status)) return m;
  const { jti, iat, exp } = answer.claims;
  return { ...m, claims: [...m.claims, jti], supervision: { ...m.supervision, row: { ...row, status: 'claimed', claimedBy: grant.jti, claim: { jti, iat, exp } } } };
};

const cancel = (m: Model): Model => {
  const { row } = m.supervision;
  if (row === null || !moves.cancelled.includes(row.status)) return m;
  return { ...m, cancelWon: true, supervision: { ...m.supervision, row: { ...row, status: 'cancelled' } }, queues: { ...m.queues, supervision: [...m.queues.supervision, { kind: 'cancelled', message: { action, by: 'sue', reason: 'r' } }] } };
};

/** Undefined where it cannot happen now. */
export const next = (m: Model, what: Step): Model | undefined => {
  const queue = <K extends keyof Model['queues']>(name: K): Model | undefined => {
    const [first, ...rest] = m.queues[name];
    if (first === undefined) return undefined;
    const heard = hear({ ...m, queues: { ...m.queues, [name]: rest } }, first, name);
    return name === 'runtime' ? heard : { ...heard, delivered: { ...heard.delivered, [name]: first } };
  };
  switch (what) {
    case 'policy hears the runtime': return queue('runtime');
    case 'policy hears approvals': return queue('approvals');
    case 'policy hears supervision': return queue('supervision');
    case 'policy hears halts': return m.policyHalts.length === m.supervision.halts.length ? undefined : { ...m, policyHalts: m.supervision.halts };
    case 'approvals read': return m.approvals.cursor === m.log.length ? undefined : readApprovals(m, m.approvals.cursor);
    case 'supervision reads': return m.supervision.cursor === m.log.length ? undefined : { ...m, supervision: { ...m.supervision, row: m.log.slice(m.supervision.cursor).reduce(foldRow, m.supervision.row), cursor: m.log.length } };
    default:
  }
  if (m.left[what] === 0) return undefined;
  const done = deed({ ...m, left: { ...m.left, [what]: m.left[what] - 1 } }, what);
  return done === undefined ? undefined : done;
};

const deed = (m: Model, what: Deed): Model | undefined => {
  const tell = (body: RuntimeBody): Model => ({ ...m, queues: { ...m.queues, runtime: [...m.queues.runtime, body] } });
  switch (what) {
    case 'tom approves': return openOnes(m).length === 0 ? undefined : votes(m, 'tom', 'approve');
    case 'tina approves': return openOnes(m).length === 0 ? undefined : votes(m, 'tina', 'approve');
    case 'tina denies': return openOnes(m).length === 0 ? undefined : votes(m, 'tina', 'deny');
    case 'time passes': return openOnes(m).reduce((one, id) => tellApproval(one, id, { type: 'tick', now: m.now + 61_000 }), { ...m, now: m.now + 61_000 });
    case 'operator cancels': return cancel(m);
    case 'runtime cancels': return tell({ kind: 'cancel', message: { action, reason: 'changed my mind' } });
    case 'halt': return { ...m, supervision: { ...m.supervision, halts: [agentHalt] } };
    case 'lift': return m.supervision.halts.length === 0 ? undefined : { ...m, supervision: { ...m.supervision, halts: [] } };
    case 'rules forbid': return { ...m, rules: 'forbid' };
    case 'rules rewrite': return { ...m, rules: 'rewrite' };
    case 'late outcome': return m.log.length < 2 ? undefined : tell(outcomeOf(1));
    case 'duplicate': {
      const again = m.delivered.approvals ?? m.delivered.supervision;
      return again === null ? undefined : hear(m, again, m.delivered.approvals === null ? 'supervision' : 'approvals');
    }
    // A consumer that died before it kept its place reads everything once more.
    case 'reread': return m.approvals.cursor === 0 ? undefined : { ...readApprovals(m, 0), supervision: { ...m.supervision, row: m.log.slice(0, m.supervision.cursor).reduce(foldRow, m.supervision.row) } };
    case 'claim': return m.grants.length === 0 ? undefined : claim(m);
  }
};

export const opened = (left: Partial<Record<Deed, number>>): Model => {
  const none: Record<Deed, number> = { 'tom approves': 0, 'tina approves': 0, 'tina denies': 0, 'time passes': 0, 'operator cancels': 0, 'runtime cancels': 0, halt: 0, lift: 0, 'rules forbid': 0, 'rules rewrite': 0, 'late outcome': 0, duplicate: 0, reread: 0, claim: 0 };
  let m: Model = {
    policy: initialState(), seq: 0, head: 'A'.repeat(43), now: start, rules: 'ask', queues: { runtime: [], approvals: [], supervision: [] }, delivered: { approvals: null, supervision: null }, log: [],
    approvals: { cursor: 0, streams: {} }, supervision: { cursor: 0, row: null, halts: [] }, policyHalts: [], grants: [], claims: [], left: { ...none, ...left }, cancelWon: false,
  };
  m = hear(m, started, 'runtime');
  return hear(m, proposed(1, 'tier3', { text: 'as asked' }), 'runtime');
};

export const steps: readonly Step[] = ['policy hears the runtime', 'policy hears approvals', 'policy hears supervision', 'policy hears halts', 'approvals read', 'supervision reads',
  'tom approves', 'tina approves', 'tina denies', 'time passes', 'operator cancels', 'runtime cancels', 'halt', 'lift', 'rules forbid', 'rules rewrite', 'late outcome', 'duplicate', 'reread', 'claim'];

/** Two states with the same key have the same futures: the log says all that policy's state does. */
export const keyOf = (m: Model): string => JSON.stringify([
  m.now, m.rules, m.queues, m.delivered, m.log.map((record) => [record.kind, record.now, 'decision' in record ? [record.decision.decision, record.decision.code, record.decision.approval?.digest, record.round] : 'code' in record ? record.code : null]),
  m.approvals, m.supervision, m.policyHalts, m.grants.map(({ jti, args }) => [jti, args]), m.claims, m.left, m.cancelWon,
]);

/** Everything that must hold of what a step did. Answers what is wrong. */
export const fault = (before: Model, after: Model): string | null => {
  const claimed = after.claims.length > before.claims.length;
  if (after.claims.length > 1) return 'two claims of one action: two executions';
  if (claimed && before.cancelWon) return 'claimed after a cancel had won';
  if (claimed && before.supervision.halts.length > 0) return 'claimed under a halt';
  if (after.cancelWon && after.claims.length > 0) return 'a cancel and a claim both won';
  const ended = ['cancelled', 'denied', 'finished'];
  const [was, is] = [before.supervision.row?.status, after.supervision.row?.status];
  if (was !== undefined && ended.includes(was) && is !== was) return `an action that was ${was} became ${String(is)}`;
  for (const [approval, stream] of Object.entries(after.approvals.streams)) {
    const people = stream.flatMap((event) => (event.type === 'voted' ? [event.vote.person] : []));
    if (new Set(people).size !== people.length) return `${approval}: a vote counted twice`;
    if (stream.filter(({ type }) => type === 'resolved').length > 1) return `${approval}: resolved twice`;
  }
  return grantFault(before, after);
};

/** Of every record that lets an approved action run: two people had approved exactly what runs, in time, and nothing had ended it before. */
const grantFault = (before: Model, after: Model): string | null => {
  for (const record of after.log.slice(before.log.length)) {
    if (record.kind !== 'action.decided' || (record.decision.decision !== 'allow' && record.decision.decision !== 'modify')) continue;
    const earlier = after.log.filter(({ position }) => position < record.position);
    const asked = earlier.findLast((one) => one.kind === 'action.decided');
    if (asked?.kind !== 'action.decided' || asked.decision.approval === null) return 'granted without a question';
    if (record.resolved?.digest !== asked.decision.approval.digest) return 'granted on a stale digest';
    const executable = JSON.stringify(record.modified?.arguments ?? record.message.arguments);
    if (executable !== JSON.stringify(asked.modified?.arguments ?? asked.message.arguments)) return 'granted other arguments than people saw';
    if (after.rules === 'forbid') return 'granted what the rules forbid by now';
    if (before.policyHalts.length > 0) return 'granted under a halt that policy knew of';
    if (after.now > asked.decision.approval.expiresAt) return 'granted after its time';
    const stream = Object.values(after.approvals.streams).find((events) => events.some((event) => event.type === 'requested' && event.question.answers === asked.position));
    const people = new Set(stream?.flatMap((event) => (event.type === 'voted' && event.vote.vote === 'approve' ? [event.vote.person] : [])));
    if (people.size < 2) return `granted with ${people.size} of 2 approvals`;
    if (earlier.some((one) => one.kind === 'action.cancelled' || one.kind === 'action.outcome' || (one.kind === 'action.decided' && ['allow', 'modify', 'deny'].includes(one.decision.decision)))) return 'granted after it had ended';
  }
  return null;
};
