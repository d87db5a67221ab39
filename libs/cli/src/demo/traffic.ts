import type { JsonObject } from '@countersign/contracts';
import { instructionDigest, signPersonStatement } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { ActionDenied, RunFailed } from '@countersign/sdk';
import type { AgentRuntime, Permission, ProposedAction } from '@countersign/sdk';
import { ToolFailed } from './tool-server.ts';
import type { Scene, Step } from './scenes.ts';

export interface Stage {
  readonly tenant: string;
  readonly runtimeOf: (agent: string) => AgentRuntime;
  readonly keyOfUser: (person: string) => SigningKey;
  readonly call: (tool: string, args: JsonObject, permission: Permission) => Promise<string>;
  /** Between two calls of an agent, ms: so that a person can read along. */
  readonly pace: () => Promise<void>;
  /** How long an action waits for people, ms. */
  readonly patienceMs: number;
  readonly now: () => number;
  /** An agent could not go on for a reason of its run (suspended, bus away). */
  readonly onTrouble: (agent: string, error: RunFailed) => void;
}

export interface Played {
  /** Resolves when the scene's calls are decided; what waits for people goes on behind. */
  readonly decided: Promise<void>;
  /** Resolves when nothing of the scene waits any more and its run has ended. */
  readonly over: Promise<void>;
  /** Gives up what waits and ends the run. */
  abandon(): void;
}

/** The agent stopped being able to act in this run; the rest of its script makes no sense. */
const ends = new Set(['run_halted', 'halted', 'agent_not_active', 'transport_lost', 'run_closed']);

/** Plays one scene: a scripted agent under a signed instruction, each call proposed, and run with grant and claim if allowed. */
export const playScene = (stage: Stage, scene: Scene): Played => {
  const waiting = new Set<Promise<void>>();
  const giveUp = Promise.withResolvers<void>();
  const opened = stage.runtimeOf(scene.agent).openRun({
    purpose: scene.name,
    instruction: async (run) => ({
      text: scene.instruction,
      attestation: signPersonStatement('instruction', { sub: scene.user, run, instruction: instructionDigest(scene.instruction), agent: scene.agent, tenant: stage.tenant, iat: Math.floor(stage.now() / 1000) }, stage.keyOfUser(scene.user)),
    }),
  });

  const execute = async (action: ProposedAction, step: Step, waitMs: number): Promise<string | undefined> => {
    try {
      return await action.execute((args, permission) => stage.call(step.tool, args, permission), { waitMs });
    } catch (error) {
      if (error instanceof ToolFailed) return undefined;
      if (error instanceof ActionDenied) return undefined;
      if (error instanceof RunFailed) return undefined;
      throw error;
    }
  };

  const play = async (): Promise<void> => {
    const run = await opened;
    const seen: string[] = [];
    for (const step of scene.steps) {
      await stage.pace();
      const args = typeof step.args === 'function' ? step.args(seen) : step.args;
      const action = run.propose(step.tool, args, { reason: step.reason });
      const { decision, code } = await action.decision;
      if (decision === 'step_up' || decision === 'defer') {
        const work = Promise.race([execute(action, step, stage.patienceMs), giveUp.promise]).then(() => undefined, () => undefined).finally(() => waiting.delete(work));
        waiting.add(work);
        seen.push('');
      } else if (decision === 'deny' && ends.has(code)) return;
      else seen.push((await execute(action, step, 0)) ?? '');
    }
  };
  const decided = play().catch((error: unknown) => {
    if (!(error instanceof RunFailed)) throw error;
    stage.onTrouble(scene.agent, error);
  });
  const over = decided.then(async () => {
    while (waiting.size > 0) await Promise.all(waiting);
    await opened.then((run) => run.end(), () => undefined).catch(() => undefined);
  });
  return { decided, over, abandon: () => giveUp.resolve() };
};
