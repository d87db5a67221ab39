import type { PreApprovalTerms } from '@countersign/kernel';
import type { RuntimeBody, ServiceBody } from '../../services/policy/src/core/commands.ts';
import { outcomeOf, proposed, start, started } from '../../services/policy/src/core/scene.fixture.ts';
import { initialState } from '../../services/policy/src/core/state.ts';
import { action, agrees, cancel, claim, deeds, edits, foldRows, halted, hear, looks, openOnes, readApprovals, real, sweep, tellApproval, tellPreApproval, votes, write } from './action-approval-run.services.ts';
import type { Code, Deed, Model } from './action-approval-run.services.ts';

const deliveries = ['policy hears the runtime', 'policy hears approvals', 'policy hears supervision', 'policy hears halts', 'approvals read', 'supervision reads'] as const;
export type Step = Deed | (typeof deliveries)[number];
export const steps: readonly Step[] = [...deliveries, ...deeds];

/** What each action moves: the sum of the terms holds for two of them. */
const amount = 400;
export const usualTerms: PreApprovalTerms = { tenant: 'acme', agent: 'clerk', tool: 'tier3', targets: [], amount: { minor: 500, currency: 'EUR' }, sum: { minor: 900, currency: 'EUR' }, uses: 3, from: start / 1_000, until: start / 1_000 + 30 };

/** Undefined where it cannot happen now. */
export const next = (m: Model, what: Step, code: Code = real): Model | undefined => {
  const queue = <K extends keyof Model['queues']>(name: K): Model | undefined => {
    const [first, ...rest] = m.queues[name];
    if (first === undefined) return undefined;
    const heard = hear({ ...m, queues: { ...m.queues, [name]: rest } }, first, name);
    return name === 'runtime' ? heard : { ...heard, delivered: { ...heard.delivered, [name]: first as ServiceBody } };
  };
  switch (what) {
    case 'policy hears the runtime': return queue('runtime');
    case 'policy hears approvals': return queue('approvals');
    case 'policy hears supervision': return queue('supervision');
    case 'policy hears halts': return m.policyHalts.join() === m.supervision.halts.join() ? undefined : { ...m, policyHalts: m.supervision.halts };
    case 'approvals read': return m.approvals.cursor === m.log.length ? undefined : readApprovals(m, m.approvals.cursor, code);
    case 'supervision reads': return m.supervision.cursor === m.log.length ? undefined : { ...m, supervision: { ...m.supervision, rows: m.log.slice(m.supervision.cursor).reduce(foldRows, m.supervision.rows), cursor: m.log.length } };
    default: return m.left[what] === 0 ? undefined : deed({ ...m, left: { ...m.left, [what]: m.left[what] - 1 } }, what, code);
  }
};

const passes = (m: Model, ms: number, code: Code): Model => openOnes(m).reduce((one, id) => tellApproval(one, id, { type: 'tick', now: m.now + ms }, code), { ...m, now: m.now + ms });

const deed = (m: Model, what: Deed, code: Code): Model | undefined => {
  const tell = (body: RuntimeBody): Model => ({ ...m, queues: { ...m.queues, runtime: [...m.queues.runtime, body] } });
  /** What came of the newest that was claimed and of which nobody has said it yet. */
  const ends = (status: 'succeeded' | 'failed'): Model | undefined => {
    const said = [...m.queues.runtime, ...m.log].flatMap((one) => ('message' in one && one.kind === (('position' in one) ? 'action.outcome' : 'outcome') && 'action' in one.message ? [one.message.action] : []));
    const open = m.claims.findLast((one) => !said.includes(one.action));
    return open === undefined ? undefined : tell({ kind: 'outcome', message: { action: open.action, status, result: null, error: status === 'failed' ? 'no answer' : null, cost: null, tokens: null, durationMs: 1 } });
  };
  switch (what) {
    case 'tom approves': return openOnes(m).length === 0 ? undefined : votes(m, 'tom', 'approve', code);
    case 'tina approves': return openOnes(m).length === 0 ? undefined : votes(m, 'tina', 'approve', code);
    case 'tim approves': return openOnes(m).length === 0 ? undefined : votes(m, 'tim', 'approve', code);
    case 'tina edits': return openOnes(m).length === 0 ? undefined : edits(m, 'tina', { text: 'as tina says', amount }, code);
    case 'tina denies': return openOnes(m).length === 0 ? undefined : votes(m, 'tina', 'deny', code);
    case 'time passes': return passes(m, 61_000, code);
    case 'half a minute passes': return passes(m, 31_000, code);
    case 'operator cancels': return cancel(m);
    case 'runtime cancels': return tell({ kind: 'cancel', message: { action, reason: 'changed my mind' } });
    case 'halt': return halted(m, true);
    case 'lift': return m.supervision.halts.includes('h1') ? halted(m, false) : undefined;
    case 'rules forbid': return { ...m, rules: 'forbid' };
    case 'rules rewrite': return { ...m, rules: 'rewrite' };
    case 'late outcome': return m.log.length < 2 ? undefined : tell(outcomeOf(1));
    case 'duplicate': {
      const again = m.delivered.approvals ?? m.delivered.supervision;
      return again === null ? undefined : hear(m, again, m.delivered.approvals === null ? 'supervision' : 'approvals');
    }
    // A consumer that died before it kept its place reads everything once more.
    case 'reread': return m.approvals.cursor === 0 ? undefined : { ...readApprovals(m, 0, code), supervision: { ...m.supervision, rows: m.log.slice(0, m.supervision.cursor).reduce(foldRows, m.supervision.rows) } };
    case 'claim': return m.grants.length === 0 ? undefined : claim(m, code);
    case 'another action': return { ...tell(proposed(m.proposed + 1, 'tier3', { text: 'as asked', amount })), proposed: m.proposed + 1 };
    case 'tom agrees beforehand': return agrees(m, 'tom');
    case 'tina agrees beforehand': return agrees(m, 'tina');
    case 'tom revokes': return tellPreApproval(m, { type: 'revoke', person: 'tom', operator: false, now: m.now });
    case 'approvals read one': return m.approvals.cursor === m.log.length ? undefined : readApprovals(m, m.approvals.cursor, code, m.approvals.cursor + 1);
    case 'another instance looks': return looks(m, code);
    case 'another instance writes': return m.approvals.prepared === null ? undefined : write({ ...m, approvals: { ...m.approvals, prepared: null } }, m.approvals.prepared, code);
    case 'what was claimed fails': return ends('failed');
    case 'what was claimed works': return ends('succeeded');
    case 'supervision sweeps': return sweep(m, code, false);
    case 'supervision dies sweeping': return sweep(m, code, true);
  }
};

/** A run that has begun, with its first action proposed. */
export const opened = (left: Partial<Record<Deed, number>>, over: { readonly rules?: Model['rules']; readonly terms?: Partial<PreApprovalTerms>; readonly agreed?: readonly string[] } = {}): Model => {
  let m: Model = {
    policy: initialState(), seq: 0, head: 'A'.repeat(43), now: start, rules: over.rules ?? 'ask', queues: { runtime: [], approvals: [], supervision: [] }, delivered: { approvals: null, supervision: null }, log: [],
    approvals: { cursor: 0, streams: {}, terms: { ...usualTerms, ...over.terms }, agreed: [], prepared: null }, supervision: { cursor: 0, rows: {}, halts: [], breaker: [] }, policyHalts: [], grants: [], claims: [], proposed: 1,
    left: { ...Object.fromEntries(deeds.map((one) => [one, 0])) as Record<Deed, number>, ...left }, cancelWon: false,
  };
  for (const person of over.agreed ?? []) m = agrees(m, person)!;
  m = hear(m, started, 'runtime');
  return hear(m, proposed(1, 'tier3', { text: 'as asked', amount }), 'runtime');
};

/** Two states with the same key have the same futures: the log says all that policy's state does. */
export const keyOf = (m: Model): string => JSON.stringify([
  m.now, m.rules, m.queues, m.delivered, m.log.map((record) => [record.kind, record.now, 'action' in record ? record.action : null, 'decision' in record ? [record.decision.decision, record.decision.code, record.decision.approval?.digest, record.round] : 'code' in record ? record.code : record.kind === 'action.outcome' ? record.message.status : null]),
  m.approvals, m.supervision, m.policyHalts, m.grants.map(({ jti, args }) => [jti, args]), m.claims, m.proposed, m.left, m.cancelWon,
]);
