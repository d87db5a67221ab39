import type { Handoff } from '@countersign/contracts';
import { createClientAssertion } from '@countersign/identity';
import type { KeySet, SigningKey } from '@countersign/identity';
import { uuidV7From } from '@countersign/kernel';
import type { RuntimeContext } from './context.ts';
import { createDeadlines } from './deadlines.ts';
import { RunFailed } from './errors.ts';
import { randomSlice } from './random.ts';
import { createRun } from './run.ts';
import type { Instruction, Run } from './run.ts';
import { exchangeSession, openSession } from './session.ts';
import type { Session } from './session.ts';
import type { RuntimeTransport } from './transport.ts';

export interface AgentRuntimeOptions {
  readonly agent: string;
  readonly tenant: string;
  /** The agent's registered key; proves who asks for a run. */
  readonly clientKey?: SigningKey;
  /** Instead of the key, for whoever holds a session for an agent: hands out assertions that the agent signed, each once; undefined when there is none. */
  readonly clientAssertion?: () => string | undefined;
  /** Name of whoever holds the session for the agent; goes on the record. */
  readonly via?: string;
  readonly registryUrl: string;
  readonly supervisionUrl: string;
  /** Where receipts come from; only needed for them. */
  readonly auditUrl?: string;
  readonly transport: RuntimeTransport;
  /** `aud` of the client assertion. Default `<registryUrl>/oauth2/token`. */
  readonly tokenAudience?: string;
  /** Public keys of policy: grants are then verified before anything is executed. */
  readonly grantKeys?: KeySet;
  readonly now?: () => number;
  readonly ids?: () => string;
  readonly fetch?: typeof fetch;
  /** Wait for the first answer to a proposal, ms. Default 10,000. */
  readonly decisionTimeoutMs?: number;
  /** Default 3,000. */
  readonly attestEveryMs?: number;
  /** How long a message is sent again before the run is given up, ms. Default 60,000. */
  readonly sendTimeoutMs?: number;
  /** Largest arguments, bytes. Default 65,536. */
  readonly maxMessageBytes?: number;
}

export interface OpenRunOptions {
  /** The instruction, or how to get it signed once the run has its id. */
  readonly instruction: Instruction | ((run: string) => Promise<Instruction>);
  readonly purpose?: string;
}

export interface AgentRuntime {
  /** Opens a run: token, replies followed, `started` on the record. Throws RunFailed. */
  openRun(options: OpenRunOptions): Promise<Run>;
  /**
   * Takes a delegation up as the agent that it names: opens its child run. The other agent's words are in `handoff.arguments.instruction`; end the
   * run with what it has to return. Registry and policy check every part of it. Throws RunFailed.
   */
  acceptDelegation(handoff: Handoff): Promise<Run>;
  /**
   * Begins a run in a session that was opened elsewhere and does not wait: what is proposed at once goes out right behind `started`. Where
   * the start fails, the run has failed and its proposals are denied. The transport must have been started.
   */
  begin(session: Session, instruction: Instruction): Run;
}

/** What an agent runtime installs: one per agent and process; any number of runs at a time. */
export const createAgentRuntime = (options: AgentRuntimeOptions): AgentRuntime => {
  const now = options.now ?? Date.now;
  const registryUrl = options.registryUrl.replace(/\/+$/, '');
  const tokenAudience = options.tokenAudience ?? `${registryUrl}/oauth2/token`;
  const ids = options.ids ?? (() => uuidV7From(now(), randomSlice(10)));
  const { clientKey } = options;
  const assertion = options.clientAssertion ?? (clientKey && (() => createClientAssertion({ client: options.agent, audience: tokenAudience, jti: ids(), now: now() }, clientKey)));
  if (assertion === undefined) throw new TypeError('a runtime needs clientKey or clientAssertion');
  const context: RuntimeContext = {
    agent: options.agent, tenant: options.tenant, assertion, via: options.via, registryUrl, supervisionUrl: options.supervisionUrl.replace(/\/+$/, ''), auditUrl: options.auditUrl?.replace(/\/+$/, ''),
    transport: options.transport, grantKeys: options.grantKeys,
    now, ids, fetch: options.fetch ?? fetch, deadlines: createDeadlines(now),
    decisionTimeoutMs: options.decisionTimeoutMs ?? 10_000, attestEveryMs: options.attestEveryMs ?? 3_000, sendTimeoutMs: options.sendTimeoutMs ?? 60_000,
    maxMessageBytes: options.maxMessageBytes ?? 65_536, unclaimedTools: new Set(),
  };
  const startFailed = (error: unknown): RunFailed => (error instanceof RunFailed ? error : new RunFailed('start_failed', 'the run could not be started', { cause: error }));
  return {
    begin(session, instruction) {
      const { run, start, abandon } = createRun(context, session);
      start(instruction).catch((error: unknown) => abandon(startFailed(error)));
      return run;
    },
    async acceptDelegation(handoff) {
      await context.transport.start();
      const { run, start, abandon } = createRun(context, await exchangeSession(context, handoff));
      try {
        await start({ text: handoff.instruction, attestation: null }, { grant: handoff.grant, arguments: handoff.arguments });
      } catch (error) {
        abandon(startFailed(error));
        throw error;
      }
      return run;
    },
    async openRun({ instruction, purpose }) {
      const [session] = await Promise.all([openSession(context, purpose), context.transport.start()]);
      const { run, start, abandon } = createRun(context, session);
      try {
        await start(typeof instruction === 'function' ? await instruction(run.id) : instruction);
      } catch (error) {
        abandon(startFailed(error));
        throw error;
      }
      return run;
    },
  };
};
