import type { Delegation, Handoff, Json, JsonObject, Reply } from '@countersign/contracts';
import { registryAudience, delegateTool } from '@countersign/kernel';
import type { ProposedAction } from './action.ts';
import { ActionDenied } from './errors.ts';
import type { Session } from './session.ts';

export interface DelegateOptions {
  /** How long to wait for people, where the delegation needs them, ms. Default 0. */
  readonly waitMs?: number;
}

/** A delegation that was granted. */
export interface DelegatedWork {
  readonly action: string;
  /** For the other agent's runtime (`acceptDelegation`), by whatever channel the two have. Good for seconds, used once, of no use to anybody but that agent. */
  readonly handoff: Handoff;
  /** What the child run returned, checked against `resultSchema`; null where nothing was asked for. Rejects with ActionDenied: `result_invalid`, or how the run ended. */
  readonly returned: Promise<{ readonly child: string; readonly result: Json }>;
  /** Takes it back: the child run, if it was begun, and everything that hangs on it stops. */
  cancel(reason: string): Promise<void>;
}

/** Where replies about child runs find those who wait for them. */
export interface Returns {
  hear(reply: Reply): void;
  wait(action: string): Promise<{ readonly child: string; readonly result: Json }>;
  close(code: string, detail: string): void;
}

export const createReturns = (): Returns => {
  const waiting = new Map<string, { readonly resolve: (value: { readonly child: string; readonly result: Json }) => void; readonly reject: (error: ActionDenied) => void }>();
  const denied = (action: string, code: string, detail: string | null) => new ActionDenied({ code, detail, action, tool: delegateTool, tier: null, decision: null });
  return {
    hear(reply) {
      const one = reply.action === null || reply.returned === undefined ? undefined : waiting.get(reply.action);
      if (one === undefined) return;
      waiting.delete(reply.action!);
      const { child, result } = reply.returned!;
      if (reply.code === 'ok') one.resolve({ child, result: result === null ? null : JSON.parse(result) as Json });
      else one.reject(denied(reply.action!, reply.code, reply.detail));
    },
    wait(action) {
      const promise = new Promise<{ readonly child: string; readonly result: Json }>((resolve, reject) => { waiting.set(action, { resolve, reject }); });
      // Whoever does not ask is not bothered.
      promise.catch(() => undefined);
      return promise;
    },
    close(code, detail) {
      for (const [action, { reject }] of waiting) reject(denied(action, code, detail));
      waiting.clear();
    },
  };
};

/** Proposes the delegation, waits for its grant and makes the handoff. @param instruction what the root run was instructed with */
export const delegate = async (proposed: ProposedAction, session: Session, instruction: string, returns: Returns, options: DelegateOptions): Promise<DelegatedWork> => {
  const decision = await proposed.settled(options.waitMs ?? 0);
  if (decision.decision !== 'allow' && decision.decision !== 'modify') throw new ActionDenied({ ...decision, action: proposed.action, tool: delegateTool });
  const { grant, claim, sessionProof } = await proposed.permit(registryAudience);
  return {
    action: proposed.action, returned: returns.wait(proposed.action), cancel: proposed.cancel,
    handoff: { subject_token: session.token().text, grant, claim, session_proof: sessionProof, arguments: decision.arguments as unknown as Delegation, instruction },
  };
};

export const argumentsOf = (wanted: Delegation): JsonObject => wanted as unknown as JsonObject;
