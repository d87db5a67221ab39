import type { ChangedArgument, DecisionKind, JsonObject, Reply, Tier } from '@countersign/contracts';
import type { Deadlines } from './deadlines.ts';

/** One answer to a proposal. */
export interface ActionDecision {
  readonly decision: DecisionKind;
  readonly tier: Tier | null;
  readonly code: string;
  readonly detail: string | null;
  readonly round: number | null;
  readonly grant: string | null;
  /** Policy's signed receipt of a decision that grants nothing; of one that does, the grant is it. Null: there is none. */
  readonly receipt: string | null;
  readonly claim: boolean;
  /** What may be executed: as proposed, or as changed by a `modify`. */
  readonly arguments: JsonObject;
  /** What a `modify` changed in them; empty otherwise. */
  readonly changes: readonly ChangedArgument[];
}

export const isFinal = (decision: ActionDecision): boolean => decision.decision !== 'step_up' && decision.decision !== 'defer';

/** The answers to one proposal as they come in; the first final one stands. */
export interface DecisionRecord {
  hear(reply: Reply): void;
  /** A deny of our own making (time-out, run over); ignored once a final answer is there. */
  deny(code: string, detail: string): void;
  /** Waits for an answer at or before `until` (epoch ms); denies with `timeout` after it: no answer means no. */
  wait(what: 'first' | 'final', until: number): Promise<ActionDecision>;
  readonly latest: ActionDecision | undefined;
}

export const createDecisionRecord = (proposed: JsonObject, deadlines: Deadlines): DecisionRecord => {
  let latest: ActionDecision | undefined;
  let waiters: { readonly what: 'first' | 'final'; readonly resolve: (decision: ActionDecision) => void }[] = [];

  const settle = (decision: ActionDecision): void => {
    if (latest !== undefined && isFinal(latest)) return;
    latest = decision;
    const rest: typeof waiters = [];
    for (const waiter of waiters) if (waiter.what === 'first' || isFinal(decision)) waiter.resolve(decision); else rest.push(waiter);
    waiters = rest;
  };
  const denial = (code: string, detail: string): ActionDecision => ({ decision: 'deny', tier: latest?.tier ?? null, code, detail, round: null, grant: null, receipt: null, claim: false, arguments: proposed, changes: [] });

  return {
    get latest() { return latest; },
    deny: (code, detail) => settle(denial(code, detail)),
    hear(reply) {
      // Rounds only go forward; a refused message is a deny.
      const before = latest?.round ?? null;
      if (reply.kind === 'decided' && before !== null && reply.round !== null && reply.round < before) return;
      settle({
        decision: reply.kind === 'decided' ? reply.decision ?? 'deny' : 'deny', tier: reply.tier, code: reply.code, detail: reply.detail, round: reply.round,
        grant: reply.grant, receipt: reply.receipt ?? null, claim: reply.claim, arguments: reply.decision === 'modify' && reply.arguments !== null ? reply.arguments : proposed,
        changes: reply.decision === 'modify' ? reply.changes ?? [] : [],
      });
    },
    wait: (what, until) => new Promise((resolve) => {
      if (latest !== undefined && (what === 'first' || isFinal(latest))) return resolve(latest);
      const waiter = { what, resolve: (decision: ActionDecision) => { forget(); resolve(decision); } };
      const forget = deadlines.at(until, () => {
        waiters = waiters.filter((other) => other !== waiter);
        // Denied for good: an allow that comes later must not run behind the caller's back.
        settle(denial('timeout', what === 'first' ? 'no decision came in time' : 'the decision was still open when the wait was over'));
        resolve(latest!);
      });
      waiters.push(waiter);
      return undefined;
    }),
  };
};
