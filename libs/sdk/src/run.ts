import type { ActionProposed, Delegation, DsseEnvelope, Json, JsonObject, Reply, RunEnded, RunStarted, ScopeExtension } from '@countersign/contracts';
import { canonicalJson } from '@countersign/identity';
import { delegateTool, extendScopeTool } from '@countersign/kernel';
import { createAction } from './action.ts';
import type { Execute, ExecuteOptions, ProposedAction } from './action.ts';
import type { RuntimeContext } from './context.ts';
import { createDecisionRecord } from './decision.ts';
import type { DecisionRecord } from './decision.ts';
import { argumentsOf, createReturns, delegate } from './delegate.ts';
import type { DelegatedWork, DelegateOptions } from './delegate.ts';
import { RunFailed } from './errors.ts';
import { extendScope } from './extend-scope.ts';
import type { ExtendScopeOptions, ExtraScope } from './extend-scope.ts';
import { createLease } from './lease.ts';
import type { HeldRun } from './lease.ts';
import { outcomeMessage } from './outcome.ts';
import { randomSlice } from './random.ts';
import { createSender } from './sender.ts';
import type { Session } from './session.ts';

/** The instruction a run works under; `attestation` is its person's signature (signPersonStatement 'instruction'). */
export interface Instruction { readonly text: string; readonly attestation: string | null }

export interface ProposeOptions {
  /** Id of the action, a UUIDv7; default a new one. */
  readonly action?: string;
  /** RFC 3339: decided later, it is denied `late`. */
  readonly deadline?: string | null;
  readonly reason?: string | null;
  readonly confidence?: number | null;
  /** Earlier actions of the run on whose result this one rests: it is deferred until each has succeeded. */
  readonly dependsOn?: readonly string[];
  /** Signed evidence of what was tested, found and fixed (`signEvidence`, `subjectOfCall` of @countersign/identity). */
  readonly evidence?: readonly DsseEnvelope[];
  /** How long to wait for the first answer, ms. */
  readonly timeoutMs?: number;
}

/** Evidence is about one call: a guard gets it for the arguments at hand. */
export interface GuardOptions extends Omit<ProposeOptions, 'action' | 'evidence'> {
  readonly evidence?: (args: JsonObject) => readonly DsseEnvelope[] | Promise<readonly DsseEnvelope[]>;
}

export interface Run {
  readonly id: string;
  readonly traceId: string;
  propose(tool: string, args: JsonObject, options?: ProposeOptions): ProposedAction;
  /** Wraps a tool: the function returned proposes, waits, executes with grant and claim, and reports. */
  guard<R>(tool: string, execute: Execute<R>, options?: ExecuteOptions<R> & GuardOptions): (args: JsonObject) => Promise<R>;
  /** Has another agent act, within what this run may do: waits for the grant and makes the handoff for that agent's runtime. Throws ActionDenied. */
  delegate(wanted: Delegation, options?: DelegateOptions & Omit<ProposeOptions, 'evidence'>): Promise<DelegatedWork>;
  /** Asks for more tools for a time, a governed action; what is proposed afterwards may use them. Throws ActionDenied. */
  extendScope(wanted: ExtraScope, options?: ExtendScopeOptions & Omit<ProposeOptions, 'evidence'>): Promise<ScopeExtension>;
  /** Takes the lease on the run under a name: from then on supervision misses this runtime when it goes silent, and no other one can claim. Throws RunFailed. */
  hold(holder: string): Promise<HeldRun>;
  /** Ends the run; what is open is denied. Resolves when the broker has it. @param result what a child run returns to the one that delegated */
  end(reason?: RunEnded['reason'], result?: Json): Promise<void>;
  readonly halted: boolean;
  /** Epoch ms: when the run is over for good, and when its token needs to have been renewed. */
  readonly notAfter: number;
  readonly tokenExpiresAt: number;
  /** Renews the token now; else it is done in time by itself, where assertions can be had. */
  renew(): Promise<void>;
  /** Why the run cannot go on, if so. */
  readonly failed: RunFailed | undefined;
}

interface Open { readonly record: DecisionRecord; readonly tool: string; seq: number | undefined }

export const createRun = (context: RuntimeContext, session: Session): { readonly run: Run; readonly start: (instruction: Instruction, delegation?: RunStarted['delegation']) => Promise<void>; readonly abandon: (reason: RunFailed) => void } => {
  const traceId = randomSlice(16).toString('hex');
  const open = new Map<string, Open>();
  const returns = createReturns();
  let instructed = '';
  let halted = false;
  let failed: RunFailed | undefined;

  const fail = (reason: RunFailed): void => {
    failed ??= reason;
    sender.close(failed);
    for (const { record } of open.values()) record.deny(failed.code, failed.message);
    open.clear();
    returns.close(failed.code, failed.message);
    lease.stop();
    detach();
  };
  const lease = createLease(context, session, (reason) => fail(reason));
  const sender = createSender(context, session, traceId, (error) => fail(error));

  const hear = (reply: Reply): void => {
    if (reply.kind === 'halted' || reply.kind === 'resumed') halted = reply.kind === 'halted';
    if (reply.code === 'seq_gap') {
      if (reply.expectedSeq === null || !sender.resendFrom(reply.expectedSeq)) fail(new RunFailed('seq_gap', 'messages of this run were lost and are no longer kept'));
      return;
    }
    if (reply.returned !== undefined) returns.hear(reply);
    const about = reply.action === null ? undefined : open.get(reply.action);
    if (about !== undefined && (reply.kind === 'decided' || (reply.kind === 'refused' && (reply.seq === null || reply.seq === about.seq)))) {
      if (reply.decision === 'allow' || reply.decision === 'modify') context.unclaimedTools[reply.claim ? 'delete' : 'add'](about.tool);
      about.record.hear(reply);
    } else if (reply.kind === 'refused' && reply.seq === 0) fail(new RunFailed(reply.code, reply.detail ?? 'the start of the run was refused'));
  };
  const detach = context.transport.attach(session.run, hear, () => session.token().text);

  const propose = (tool: string, args: JsonObject, options: ProposeOptions = {}): ProposedAction => {
    const action = options.action ?? context.ids();
    const record = createDecisionRecord(args, context.deadlines);
    const entry: Open = { record, tool, seq: undefined };
    const message: ActionProposed = { action, tool, arguments: args, deadline: options.deadline ?? null, reason: options.reason ?? null, confidence: options.confidence ?? null, ...(options.dependsOn !== undefined && { dependsOn: options.dependsOn }), ...(options.evidence !== undefined && options.evidence.length > 0 && { evidence: options.evidence }) };
    const problem = failed !== undefined ? [failed.code, failed.message] as const : problemOf(message, context.maxMessageBytes);
    if (problem !== undefined) record.deny(...problem);
    else open.set(action, entry);
    const sent = problem !== undefined ? Promise.resolve() : sender.send('proposed', () => message, { attest: !context.unclaimedTools.has(tool), onSeq: (seq) => { entry.seq = seq; } });
    sent.catch((error: unknown) => record.deny(error instanceof RunFailed ? error.code : 'internal', (error as Error).message));
    const close = (send: () => Promise<void>): Promise<void> => {
      open.delete(action);
      return problem !== undefined ? Promise.resolve() : send();
    };
    return createAction({
      context, session, action, tool, record, sent, halted: () => halted, fence: () => lease.fence,
      timeoutAt: context.now() + (options.timeoutMs ?? context.decisionTimeoutMs),
      sendOutcome: (report) => close(() => sender.send('outcome', () => outcomeMessage(action, report))),
      sendCancel: (reason) => close(() => sender.send('cancel', () => ({ action, reason }))),
    });
  };

  const run: Run = {
    id: session.run, traceId, propose, hold: (holder) => lease.hold(holder),
    guard: (tool, execute, { evidence, ...options } = {}) => async (args) => propose(tool, args, { ...options, ...(evidence && { evidence: await evidence(args) }) }).execute(execute, options),
    delegate: (wanted, options = {}) => delegate(propose(delegateTool, argumentsOf(wanted), options), session, instructed, returns, options),
    extendScope: (wanted, options = {}) => extendScope(context, propose(extendScopeTool, { ...wanted, tools: [...wanted.tools] }, options), session, options),
    async end(reason = 'completed', result) {
      if (failed !== undefined) return;
      const ending = sender.send('ended', (seq): RunEnded => ({ reason, messages: seq + 1, ...(result !== undefined && { result }) }), { attest: true });
      failed = new RunFailed('run_closed', 'the run has ended');
      lease.stop();
      for (const { record } of open.values()) record.deny('run_closed', 'the run has ended');
      open.clear();
      returns.close('run_closed', 'the run has ended');
      try {
        await ending;
      } finally {
        detach();
      }
    },
    notAfter: session.notAfter, renew: session.renew,
    get tokenExpiresAt() { return session.token().expiresAt; },
    get halted() { return halted; },
    get failed() { return failed; },
  };
  const start = (instruction: Instruction, delegation?: RunStarted['delegation']): Promise<void> => {
    instructed = instruction.text;
    return sender.send('started', () => ({ instruction, traceId, ...(delegation !== undefined && { delegation }) }), { attest: true });
  };
  return { run, abandon: fail, start };
};

/** What the door would refuse anyway, found before a seq is spent on it. */
const problemOf = (message: ActionProposed, maxBytes: number): readonly [string, string] | undefined => {
  try {
    const bytes = Buffer.byteLength(canonicalJson(message.arguments));
    return bytes > maxBytes ? ['too_large', `arguments of ${bytes} bytes, at most ${maxBytes}`] : undefined;
  } catch (error) {
    return ['malformed_json', `arguments are not I-JSON: ${(error as Error).message}`];
  }
};

