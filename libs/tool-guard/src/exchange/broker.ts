import type { GrantClaims } from '@countersign/contracts';
import type { GuardedCall, ToolGuard } from '../guard.ts';
import { guardRefusal } from '../refusal.ts';
import type { GuardRefusal } from '../refusal.ts';
import type { Credential, Downstream, Exchange } from './exchange.ts';

/** A tool behind the broker: what it needs downstream, and how it is called with that. */
export interface BrokeredTool<Result> extends Downstream {
  readonly call: (args: unknown, credential: Credential, grant: GrantClaims) => Promise<Result>;
}

export interface Broker<Result> {
  /** Throws only what the tool's own call throws, without the credential in it. */
  call(call: GuardedCall): Promise<{ readonly ok: true; readonly result: Result; readonly claims: GrantClaims } | GuardRefusal>;
}

/**
 * Stands between agent and tool and holds what neither of the two sees of the other: the agent brings a grant and gets a result; the
 * tool gets a credential of one operation that was made for this grant. The grant is spent before the exchange: an exchange that failed
 * leaves nothing executed, and the action is proposed again.
 */
export const createBroker = <Result>(options: { readonly guard: ToolGuard; readonly exchange: Exchange; readonly tools: Readonly<Record<string, BrokeredTool<Result>>> }): Broker<Result> => ({
  call: async (call) => {
    const tool = Object.hasOwn(options.tools, call.tool) ? options.tools[call.tool] : undefined;
    if (tool === undefined) return guardRefusal('wrong_tool', 'this broker has no such tool');
    const checked = await options.guard.check(call);
    if (!checked.ok) return checked;
    const exchanged = await options.exchange(call.grant, { resource: tool.resource, scope: tool.scope });
    if (!exchanged.ok) return guardRefusal(exchanged.code, `${exchanged.detail}; nothing was executed, propose the action again`);
    const { credential } = exchanged;
    let result: Result;
    try {
      result = await tool.call(call.arguments, credential, checked.claims);
    } catch (error) {
      throw told(error).includes(credential.accessToken) ? new Error('the call of the tool failed, and what it says of that holds the credential') : error;
    }
    return told(result).includes(credential.accessToken) ? guardRefusal('credential_in_result', 'the tool was called, and its result holds the credential: it is not handed on') : { ok: true, result, claims: checked.claims };
  },
});

const told = (value: unknown): string => (value instanceof Error ? `${value.message} ${value.stack ?? ''} ${JSON.stringify(value)}` : JSON.stringify(value) ?? '');
