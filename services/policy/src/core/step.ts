import { seniorHaltId } from '@countersign/kernel';
import type { PolicyCommand } from './commands.ts';
import { decide } from './decide.ts';
import { nextInLine } from './deferral.ts';
import { draftFor } from './draft.ts';
import type { Draft } from './draft.ts';
import { evolve } from './evolve.ts';
import { denyWaiting, judgeAction } from './judge-action.ts';
import type { PartitionState, RunState } from './state.ts';
import type { World } from './world.ts';

/**
 * One message and all that follows from it: decided, folded, and then, one after the other and in the order of their proposals, the deferred actions
 * that it let go (what they waited for succeeded) or closed (it failed, or the run was halted). Changes `state`; its records are folded already.
 */
export const step = (command: PolicyCommand, state: PartitionState, world: World): Draft => {
  const draft = decide(command, state, world);
  for (const record of draft.records) evolve(state, record, world.folding);
  const run = state.runs.get(command.run);
  if (run === undefined || run.deferred.size === 0) return draft;
  for (let next = following(command, state, run, world); next !== undefined; next = following(command, state, run, world)) {
    for (const record of next.records) evolve(state, record, world.folding);
    draft.records.push(...next.records);
    draft.replies.push(...next.replies);
    draft.grants.push(...next.grants);
    draft.receipts.push(...next.receipts);
  }
  return draft;
};

const following = (command: PolicyCommand, state: PartitionState, run: RunState, world: World): Draft | undefined => {
  const found = nextInLine(run, (id) => halted(run, seniorHaltId(command.run, id)));
  if (found === undefined) return undefined;
  const { id, action, fail } = found;
  const draft = draftFor(command, run.agent, state, world.now);
  if (fail !== null) denyWaiting(draft, world, run, id, action, fail.code, fail.detail, null, false);
  else judgeAction(draft, world, run, { message: action.proposal!, round: action.round + 1, action, approval: null, supplied: action.supplied, follows: true });
  return draft;
};

/** Its own tier 4 halt does not stop an action. */
const halted = (run: RunState, own: string): boolean => {
  for (const halt of run.halts) if (halt !== own) return true;
  return false;
};
