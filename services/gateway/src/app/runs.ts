import type { DsseEnvelope, JsonObject, RunEnded } from '@countersign/contracts';
import { ActionDenied } from '@countersign/sdk';
import type { ActionDecision, Instruction, OutcomeReport, ProposedAction } from '@countersign/sdk';
import { CodedError } from '@countersign/service-host';
import type { RateLimit } from './ports.ts';
import { refusalOf } from './refusal.ts';
import type { HeldAction, HeldRun, RunBook } from './run-book.ts';

export interface ProposalRequest {
  readonly action?: string; readonly tool: string; readonly arguments: JsonObject;
  readonly deadline: string | null; readonly reason: string | null; readonly confidence: number | null; readonly dependsOn?: readonly string[]; readonly evidence?: readonly DsseEnvelope[];
  readonly waitMs: number;
}

/** An answer to a proposal; `decision` null: none yet. */
export interface ActionAnswer {
  readonly action: string; readonly decision: string | null; readonly tier: number | null; readonly code: string | null; readonly detail: string | null; readonly round: number | null;
  readonly grant: string | null; readonly claim_required: boolean; readonly arguments: JsonObject | null; readonly changes?: ActionDecision['changes']; readonly receipt?: string; readonly session_proof: string | null;
}

/** Actions kept per run for questions by id; older ones that are decided are let go of. */
const keptActions = 1_000;

const answerOf = (proposed: ProposedAction): ActionAnswer => {
  const { latest } = proposed;
  return {
    action: proposed.action, decision: latest?.decision ?? null, tier: latest?.tier ?? null, code: latest?.code ?? null, detail: latest?.detail ?? null, round: latest?.round ?? null,
    grant: latest?.grant ?? null, claim_required: latest?.claim ?? false, arguments: latest?.arguments ?? null, ...(latest?.decision === 'modify' && { changes: latest.changes }), ...(latest?.receipt && { receipt: latest.receipt }), session_proof: proposed.sessionProof() ?? null,
  };
};

/** What callers do with runs held for them. */
export const createRuns = (book: RunBook, rate: RateLimit, now: () => number) => {
  const live = (held: HeldRun): HeldRun => {
    if (held.run.failed !== undefined) throw refusalOf(held.run.failed);
    // Sending with an expired token would end the run; refusing leaves it whole for a renewal.
    if (now() >= held.run.tokenExpiresAt - 2_500) throw new CodedError('token_expired', 'POST a fresh client_assertion to /runs/{run}/token, then send again');
    return held;
  };
  const actionOf = (held: HeldRun, action: string): HeldAction => {
    const found = held.actions.get(action);
    if (found === undefined) throw new CodedError('action_unknown', 'no such action was proposed in this run through this gateway');
    return found;
  };
  const makeRoom = (actions: Map<string, HeldAction>): void => {
    if (actions.size < keptActions) return;
    for (const [id, { proposed }] of actions) if (proposed.latest !== undefined && proposed.latest.decision === 'deny') { actions.delete(id); return; }
    for (const [id, { proposed }] of actions) if (proposed.latest !== undefined && proposed.latest.decision !== 'step_up' && proposed.latest.decision !== 'defer') { actions.delete(id); return; }
    throw new CodedError('rate_limited', `${keptActions} actions of this run wait for a decision`, { retryAfterS: 5 });
  };

  return {
    async open(request: { readonly agent: string; readonly assertion: string; readonly instruction: Instruction; readonly purpose: string | undefined }) {
      // Only what the registry accepted is counted: nobody can use up another agent's minute.
      await rate.check(request.agent);
      const { held, token } = await book.open(request);
      await rate.count(request.agent).catch(() => undefined);
      const { run } = held;
      return { run: run.id, not_after: Number.isFinite(run.notAfter) ? new Date(run.notAfter).toISOString() : null, renew_before: new Date(run.tokenExpiresAt).toISOString(), token };
    },

    async renew(held: HeldRun, assertion: string) {
      if (held.run.failed !== undefined) throw refusalOf(held.run.failed);
      held.supply(assertion);
      await held.run.renew().catch((error: Error & { code?: string }) => { throw error.name === 'RunFailed' ? refusalOf(error as never) : error; });
      return { run: held.run.id, renew_before: new Date(held.run.tokenExpiresAt).toISOString() };
    },

    async propose(held: HeldRun, request: ProposalRequest): Promise<ActionAnswer> {
      const { waitMs, action, ...body } = request;
      const asked = JSON.stringify(body);
      const before = action === undefined ? undefined : held.actions.get(action);
      if (before !== undefined && before.asked !== asked) throw new CodedError('action_conflict', 'this action id was used with another body');
      const proposed = before?.proposed ?? await (async () => {
        live(held);
        await rate.count(held.agent);
        makeRoom(held.actions);
        const fresh = held.run.propose(body.tool, body.arguments, { ...(action !== undefined && { action }), deadline: body.deadline, reason: body.reason, confidence: body.confidence, ...(body.dependsOn !== undefined && { dependsOn: body.dependsOn }), ...(body.evidence && { evidence: body.evidence }), timeoutMs: waitMs });
        held.actions.set(fresh.action, { asked, proposed: fresh });
        return fresh;
      })();
      const decision = await proposed.decision;
      // Nobody waits for it any more: it must not stay open at policy. What fails here is retried by the run's end.
      if (decision.code === 'timeout' && before === undefined) proposed.cancel('timeout').catch(() => undefined);
      return answerOf(proposed);
    },

    show: (held: HeldRun, action: string): ActionAnswer => answerOf(actionOf(held, action).proposed),

    async claim(held: HeldRun, action: string) {
      const { proposed } = actionOf(live(held), action);
      if (proposed.latest?.decision !== 'allow' && proposed.latest?.decision !== 'modify') throw new CodedError('grant_required', `the action is not granted: ${proposed.latest?.code ?? 'no decision yet'}`, { status: 409 });
      try {
        const { grant, claim, sessionProof, headers } = await proposed.permit();
        return { action, grant, claim, session_proof: sessionProof, headers };
      } catch (error) {
        throw error instanceof ActionDenied ? refusalOf(error) : error;
      }
    },

    async outcome(held: HeldRun, action: string, report: OutcomeReport): Promise<void> {
      await actionOf(live(held), action).proposed.outcome(report);
    },

    async cancel(held: HeldRun, action: string, reason: string): Promise<void> {
      await actionOf(live(held), action).proposed.cancel(reason);
    },

    async end(held: HeldRun, reason: RunEnded['reason']): Promise<void> {
      await live(held).run.end(reason);
      held.events.publish('ended', { reason });
      book.forget(held.run.id);
    },
  };
};

export type Runs = ReturnType<typeof createRuns>;
