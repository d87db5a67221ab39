import type { GrantClaims } from '@countersign/contracts';
import { lengthPrefixed, sha256Text } from '@countersign/identity';
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

/** Outcomes kept at a time; beyond that the oldest are forgotten, and whoever asks for one again is told that the grant is used. */
const mostKept = 1_000;

/**
 * Stands between agent and tool and holds what neither of the two sees of the other: the agent brings a grant and gets a result; the
 * tool gets a credential of one operation that was made for this grant. The grant is spent before the exchange: an exchange that failed
 * leaves nothing executed, and the action is proposed again. Whoever lost the answer and shows the session key again gets the same one while the grant
 * lives, from this process's memory: no second credential is made and nothing runs twice.
 */
export const createBroker = <Result>(options: { readonly guard: ToolGuard; readonly exchange: Exchange; readonly tools: Readonly<Record<string, BrokeredTool<Result>>>; /** Milliseconds. */ readonly now?: () => number }): Broker<Result> => {
  type Outcome = Awaited<ReturnType<Broker<Result>['call']>>;
  const now = options.now ?? Date.now;
  const kept = new Map<string, { readonly outcome: Promise<Outcome>; readonly until: number }>();
  const keep = (call: GuardedCall, outcome: Promise<Outcome>, until: number): void => {
    for (const [key, one] of kept) if (one.until <= now() || kept.size >= mostKept) kept.delete(key); else break;
    kept.set(keyOf(call), { outcome, until });
  };

  const execute = async (call: GuardedCall, tool: BrokeredTool<Result>, claims: GrantClaims): Promise<Outcome> => {
    const exchanged = await options.exchange(call.grant, { resource: tool.resource, scope: tool.scope });
    if (!exchanged.ok) return guardRefusal(exchanged.code, `${exchanged.detail}; nothing was executed, propose the action again`);
    const { credential } = exchanged;
    let result: Result;
    try {
      result = await tool.call(call.arguments, credential, claims);
    } catch (error) {
      throw told(error).includes(credential.accessToken) ? new Error('the call of the tool failed, and what it says of that holds the credential') : error;
    }
    return told(result).includes(credential.accessToken) ? guardRefusal('credential_in_result', 'the tool was called, and its result holds the credential: it is not handed on') : { ok: true, result, claims };
  };

  return {
    call: async (call) => {
      const tool = Object.hasOwn(options.tools, call.tool) ? options.tools[call.tool] : undefined;
      if (tool === undefined) return guardRefusal('wrong_tool', 'this broker has no such tool');
      const checked = await options.guard.check(call);
      if (checked.ok) {
        const outcome = execute(call, tool, checked.claims);
        keep(call, outcome, checked.claims.exp * 1_000);
        return outcome;
      }
      // The guard has looked at everything else by then: grant, arguments, session key, halts. Without a session key nobody can tell who asks.
      const before = checked.code === 'grant_used' && call.sessionProof ? kept.get(keyOf(call)) : undefined;
      return before !== undefined && now() < before.until ? before.outcome : checked;
    },
  };
};

/** What is asked for. A claim and a session proof may be new: they are checked each time. */
const keyOf = ({ grant, tool, definition }: GuardedCall): string => sha256Text(lengthPrefixed([grant, tool, definition ?? '']));

const told = (value: unknown): string => (value instanceof Error ? `${value.message} ${value.stack ?? ''} ${JSON.stringify(value)}` : JSON.stringify(value) ?? '');
