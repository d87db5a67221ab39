import type { ChangedArgument, GrantClaims, JsonObject, Money, Receipt } from '@countersign/contracts';
import { createSessionProof } from '@countersign/identity';
import { getClaim } from './claims-client.ts';
import type { RuntimeContext } from './context.ts';
import { isFinal } from './decision.ts';
import type { ActionDecision, DecisionRecord } from './decision.ts';
import { ActionDenied } from './errors.ts';
import { getReceipt } from './receipts-client.ts';
import { readGrant } from './grant-check.ts';
import { leavesOpen, resultText } from './outcome.ts';
import type { OutcomeReport } from './outcome.ts';
import type { Session } from './session.ts';

/** What a tool is called with beside its arguments: send them as headers `cs-grant`, `cs-claim`, `cs-session-proof`. */
export interface Permission {
  readonly grant: string;
  readonly claim: string | null;
  readonly sessionProof: string;
  /** What rules changed in the arguments; empty where they are as proposed. */
  readonly changes: readonly ChangedArgument[];
  readonly headers: Readonly<Record<string, string>>;
}
export type Execute<R> = (args: JsonObject, permission: Permission) => Promise<R> | R;

export interface ExecuteOptions<R> {
  /** How long to wait for people or a deferred fact after a step_up or defer, ms. Default 0: such an action is denied at once. */
  readonly waitMs?: number;
  /**
   * What to do where rules changed the arguments (`modify`). Default: execute with the changed ones. `refuse`: nothing runs, the outcome is
   * `not_executed`, ActionDenied with code `modification_refused`. A function is told what changed and chooses.
   */
  readonly whenModified?: 'execute' | 'refuse' | ((decision: ActionDecision) => 'execute' | 'refuse');
  /** Refuse a grant for another audience. */
  readonly audience?: string;
  /** What to put on the record of a result. Default: its text, no cost, no tokens. */
  readonly report?: (result: R) => { readonly result?: string | null; readonly cost?: Money | null; readonly tokens?: number | null };
}

/** A proposal under way. */
export interface ProposedAction {
  readonly action: string;
  readonly tool: string;
  /** Resolves when the broker has the proposal. */
  readonly sent: Promise<void>;
  /** The first answer; a deny with code `timeout` where none came in time. */
  readonly decision: Promise<ActionDecision>;
  /** The final answer, waiting through step_up and defer for at most `waitMs`. */
  settled(waitMs: number): Promise<ActionDecision>;
  /** Waits, gets the claim where one is needed, runs it, reports the outcome. Throws ActionDenied, or what `run` threw. */
  execute<R>(run: Execute<R>, options?: ExecuteOptions<R>): Promise<R>;
  /** The answer as it stands; undefined before the first. */
  readonly latest: ActionDecision | undefined;
  /** A fresh proof that this session holds the grant, for callers who execute on their own; undefined without a grant that fits. */
  sessionProof(): string | undefined;
  /** What `execute` would call the tool with, claim included. A refusal (ActionDenied) puts `not_executed` on the record. */
  permit(audience?: string): Promise<Permission>;
  /** Reports what happened, for callers who execute on their own. Resolves when the broker has it. */
  outcome(report: OutcomeReport): Promise<void>;
  cancel(reason: string): Promise<void>;
  /** The signed receipt of the last decision, waiting for it at most `waitMs` (default 5 s): it is in the log a moment after the reply. Throws RunFailed. */
  receipt(waitMs?: number): Promise<Receipt>;
}

export interface ActionParts {
  readonly context: RuntimeContext;
  readonly session: Session;
  readonly action: string;
  readonly tool: string;
  readonly record: DecisionRecord;
  readonly sent: Promise<void>;
  readonly timeoutAt: number;
  /** Of the lease that this runtime holds on the run. */
  readonly fence: () => number | undefined;
  readonly halted: () => boolean;
  readonly sendOutcome: (report: OutcomeReport) => Promise<void>;
  readonly sendCancel: (reason: string) => Promise<void>;
}

export const createAction = (parts: ActionParts): ProposedAction => {
  const { context, session, action, tool, record } = parts;
  const decision = record.wait('first', parts.timeoutAt);
  const settled = async (waitMs: number): Promise<ActionDecision> => {
    const first = await decision;
    return isFinal(first) ? first : record.wait('final', context.now() + waitMs);
  };
  const denied = (by: { code: string; detail: string | null }, from?: ActionDecision): ActionDenied => new ActionDenied({ ...by, action, tool, tier: from?.tier ?? null, decision: from?.decision ?? null });

  /** Everything between the decision and the tool; a refusal here puts `not_executed` on the record. */
  const permit = async (allowed: ActionDecision, audience: string | undefined): Promise<Permission> => {
    const stop = async (code: string, detail: string): Promise<never> => {
      await parts.sendOutcome({ status: 'not_executed', error: `${code}: ${detail}` });
      throw denied({ code, detail }, allowed);
    };
    const expected = { run: session.run, action, tool, jkt: session.jkt, arguments: allowed.arguments, audience };
    const read = readGrant(context, allowed.grant ?? '', expected);
    if (!read.ok) return stop(read.code, read.detail);
    if (parts.halted()) return stop('run_halted', 'the run is halted');
    const claim = read.claims.claim ? await getClaim(context, allowed.grant!, read.claims, session.token().text, parts.fence()) : undefined;
    if (claim?.ok === false) return stop(claim.code, claim.detail);
    if (context.now() >= read.claims.exp * 1_000) return stop('expired', 'the grant expired while the claim was on its way');
    return permissionOf(context, session, allowed, read.claims, claim?.claim ?? null);
  };

  return {
    action, tool, decision, settled, sent: parts.sent,
    get latest() { return record.latest; },
    sessionProof() {
      const granted = record.latest;
      const read = granted === undefined || granted.grant === null ? undefined : readGrant(context, granted.grant, { run: session.run, action, tool, jkt: session.jkt, arguments: granted.arguments, audience: undefined });
      return read?.ok ? createSessionProof(read.claims.jti, read.claims.aud, context.now(), session.key) : undefined;
    },
    async permit(audience) {
      const final = record.latest;
      if (final?.decision !== 'allow' && final?.decision !== 'modify') throw denied({ code: final?.code ?? 'not_ready', detail: 'the action is not granted' }, final);
      return permit(final, audience);
    },
    outcome: parts.sendOutcome,
    cancel: parts.sendCancel,
    receipt: (waitMs = 5_000) => getReceipt(context, session, action, waitMs),
    async execute(run, options = {}) {
      const final = await settled(options.waitMs ?? 0);
      if (final.decision !== 'allow' && final.decision !== 'modify') {
        if (final.code === 'timeout') parts.sendCancel('timeout').catch(() => undefined);
        throw denied(final, final);
      }
      if (final.decision === 'modify' && refused(final, options.whenModified)) {
        const detail = `rules changed ${final.changes.map(({ path }) => path).join(', ')}`.slice(0, 500);
        await parts.sendOutcome({ status: 'not_executed', error: `modification_refused: ${detail}` });
        throw denied({ code: 'modification_refused', detail }, final);
      }
      const permission = await permit(final, options.audience);
      const started = context.now();
      try {
        const result = await run(final.arguments, permission);
        const report = options.report?.(result) ?? {};
        await parts.sendOutcome({ status: 'succeeded', result: resultText(result), ...report, durationMs: context.now() - started });
        return result;
      } catch (error) {
        await parts.sendOutcome({ status: leavesOpen(error) ? 'unknown' : 'failed', error: error instanceof Error ? error.message : String(error), durationMs: context.now() - started });
        throw error;
      }
    },
  };
};

const refused = (decision: ActionDecision, when: ExecuteOptions<never>['whenModified'] = 'execute'): boolean => (typeof when === 'function' ? when(decision) : when) === 'refuse';

/** The session proof is made when it is asked for: a cooperative tool needs none, and a signature costs more than all else here. */
const permissionOf = (context: RuntimeContext, session: Session, allowed: ActionDecision, claims: GrantClaims, claim: string | null): Permission => {
  const grant = allowed.grant!;
  let proof: string | undefined;
  const sessionProof = (): string => (proof ??= createSessionProof(claims.jti, claims.aud, context.now(), session.key));
  return {
    grant, claim, changes: allowed.changes,
    get sessionProof() { return sessionProof(); },
    get headers() { return { 'cs-grant': grant, 'cs-session-proof': sessionProof(), ...(claim !== null && { 'cs-claim': claim }) }; },
  };
};
