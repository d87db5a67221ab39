import type { ActionDecision, AgentRuntime, Permission, ProposedAction, Run } from '@countersign/sdk';
import { ActionDenied } from '@countersign/sdk';
import type { JsonObject } from '@countersign/contracts';
import { signPersonStatement, instructionDigest } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import type { RecordedCall, RecordedSession } from './session.ts';
import { isConsequential } from './tally.ts';
import type { CallResult } from './tally.ts';

/** The tool as the replay has it: checks grant and claim like any tool would, then gives the recorded result instead of acting. */
export type RecordedTool = (tool: string, args: JsonObject, permission: Permission) => Promise<void>;

export interface Player {
  readonly tenant: string;
  readonly runtimeFor: (session: RecordedSession) => AgentRuntime;
  readonly agentFor: (session: RecordedSession) => string;
  /** The user whose instruction this session carries out, and the key it is signed with. */
  readonly userFor: (session: RecordedSession) => { readonly person: string; readonly key: SigningKey };
  readonly tool: RecordedTool;
  /** Wait this long for people after a step_up; 0: leave the request pending and go on. */
  readonly waitForPeopleMs: number;
  readonly now: () => number;
  readonly onProposed: (run: string, action: string) => void;
  readonly onResult: (result: CallResult, call: RecordedCall) => void;
}

const halted = new Set(['run_halted', 'halted']);

/** Plays one session as a run: every call is proposed in turn, what is allowed runs with grant and claim, what is stopped leaves no result in the run. */
export const playSession = async (player: Player, session: RecordedSession): Promise<void> => {
  const { person, key } = player.userFor(session);
  const agent = player.agentFor(session);
  const run = await player.runtimeFor(session).openRun({
    instruction: async (id) => ({
      text: session.instruction,
      attestation: signPersonStatement('instruction', { sub: person, run: id, instruction: instructionDigest(session.instruction), agent, tenant: player.tenant, iat: Math.floor(player.now() / 1000) }, key),
    }),
    purpose: 'replay of a recorded session',
  });
  const pending: ProposedAction[] = [];
  for (const call of session.calls) await playCall(player, run, session.suite, call, pending);
  for (const action of pending) await action.outcome({ status: 'not_executed' });
  await run.end('completed');
};

const playCall = async (player: Player, run: Run, suite: string, call: RecordedCall, pending: ProposedAction[]): Promise<void> => {
  const tool = `${suite}.${call.tool}`;
  const begun = player.now();
  const proposed = run.propose(tool, call.arguments as JsonObject);
  player.onProposed(run.id, proposed.action);
  const first = await proposed.decision;
  const latencyMs = player.now() - begun;
  const final = first.decision === 'step_up' && player.waitForPeopleMs > 0 ? await proposed.settled(player.waitForPeopleMs) : first;
  const executed = final.decision === 'allow' || final.decision === 'modify' ? await execute(player, proposed, tool, call) : false;
  if (!executed && final.decision === 'step_up') pending.push(proposed);
  else if (!executed && final.decision === 'deny' && first.round !== null) await proposed.outcome({ status: 'not_executed' });
  player.onResult({
    injected: call.injected, consequential: isConsequential(call.tool), tier: first.tier, decision: first.decision, code: first.code,
    executed, byPerson: executed && first.decision === 'step_up', afterHalt: haltedBefore(first), latencyMs,
  }, call);
};

const haltedBefore = (decision: ActionDecision): boolean => decision.decision === 'deny' && halted.has(decision.code);

/** Runs it for the record; false where grant or claim was refused after all. */
const execute = async (player: Player, proposed: ProposedAction, tool: string, call: RecordedCall): Promise<boolean> => {
  try {
    await proposed.execute(async (args, permission) => {
      await player.tool(tool, args, permission);
      if (call.error !== null) throw new RecordedFailure(call.error);
      return call.result ?? '';
    }, { report: (result) => ({ result }) });
    return true;
  } catch (error) {
    if (error instanceof RecordedFailure) return true;
    if (error instanceof ActionDenied) return false;
    throw error;
  }
};

/** The recording says that the tool itself failed. */
class RecordedFailure extends Error {}
