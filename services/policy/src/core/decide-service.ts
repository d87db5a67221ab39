import type { Fact } from '@countersign/contracts';
import { resolved } from './asking/resolved.ts';
import type { ServiceBody } from './commands.ts';
import { pauseOver } from './deferral.ts';
import { returnOf } from './delegation.ts';
import { own, refuse } from './draft.ts';
import type { Draft } from './draft.ts';
import { denyWaiting, judgeAction } from './judge-action.ts';
import { reply, replyOf } from './reply.ts';
import type { RunState } from './state.ts';
import type { World } from './world.ts';

/** What a service's signed message does to a run. Repeats and what comes too late are refused on the record, without effect. */
export const decideForService = (draft: Draft, body: ServiceBody, run: RunState, world: World): Draft => {
  switch (body.kind) {
    case 'resolved': return resolved(draft, body, run, world);
    case 'supplied': return supplied(draft, body, run, world);
    case 'due': return due(draft, body.message, run, world);
    case 'returned': return returned(draft, body.message, run);
    case 'halted':
      if (run.halts.has(body.message.halt)) return refuse(draft, 'duplicate', 'the run is under this halt already');
      draft.records.push({ ...own(draft), kind: 'run.halted', halt: body.message.halt, by: body.message.by, reason: body.message.reason });
      draft.replies.push(reply('halted', draft.command.run, null, null, 'run_halted', body.message.reason));
      return draft;
    case 'resumed':
      if (!run.halts.has(body.message.halt)) return refuse(draft, 'duplicate', 'the run is not under this halt');
      draft.records.push({ ...own(draft), kind: 'run.resumed', halt: body.message.halt, by: body.message.by, reason: body.message.reason });
      draft.replies.push(reply('resumed', draft.command.run, null, null, 'ok', body.message.reason));
      return draft;
    case 'cancelled': {
      const action = run.actions.get(body.message.action);
      if (action === undefined) return refuse(draft, 'action_unknown', 'the run has no such action');
      if (action.status !== 'open' && action.status !== 'granted') return refuse(draft, 'action_closed', `the action is ${action.status}`);
      draft.records.push({ ...own(draft), kind: 'action.cancelled', action: body.message.action, by: body.message.by, reason: body.message.reason });
      draft.replies.push(replyOf(draft.records[0]!)!);
      return draft;
    }
    case 'reversed':
      return run.closed || run.actions.has(body.message.action) ? reversed(draft, body.message) : refuse(draft, 'action_unknown', 'the run has no such action');
  }
};

/** Supervision reversed an action: on the record, and no more. */
export const reversed = (draft: Draft, message: Extract<ServiceBody, { kind: 'reversed' }>['message']): Draft => {
  draft.records.push({ ...own(draft), kind: 'action.reversed', action: message.action, message });
  return draft;
};

/** A fact counts where the action waits for it, and who supplies it is one of those who owe it and has signed it. */
const supplied = (draft: Draft, { message, supplier }: Extract<ServiceBody, { kind: 'supplied' }>, run: RunState, world: World): Draft => {
  const action = run.actions.get(message.action);
  if (action === undefined) return refuse(draft, 'action_unknown', 'the run has no such action');
  if (action.status !== 'open' || action.waitsFor !== 'defer') return refuse(draft, 'action_closed', 'the action does not wait for a fact');
  const owed = action.deferral?.awaits.find(({ fact }) => fact === message.fact);
  if (owed === undefined) return refuse(draft, 'fact_not_awaited', 'the action does not wait for this fact');
  if (supplier.why !== null) return refuse(draft, 'fact_invalid', `${supplier.person}: ${supplier.why}`);
  if (!supplier.roles.some((role) => owed.from.includes(role))) return refuse(draft, 'not_eligible', `${supplier.person} has none of the roles ${owed.from.join(', ')}`);
  const fact: Fact = { value: message.value, origin: 'attested', from: `supplied:${supplier.person}` };
  judgeAction(draft, world, run, { message: action.proposal!, round: action.round + 1, action, approval: null, supplied: { ...action.supplied, [message.fact]: fact } });
  return draft;
};

const due = (draft: Draft, message: Extract<ServiceBody, { kind: 'due' }>['message'], run: RunState, world: World): Draft => {
  if (message.timer === 'defer') {
    const action = message.action === null ? undefined : run.actions.get(message.action);
    if (action === undefined || action.status !== 'open' || action.waitsFor !== 'defer') return refuse(draft, 'duplicate', 'no action waits for a fact');
    if (action.deferral?.paused !== undefined && world.now < action.deferral.until && pauseOver(world, run, draft.command.run, action.tool) === null) {
      // The pause is over: decided again, with everything as of now.
      judgeAction(draft, world, run, { message: action.proposal!, round: action.round + 1, action, approval: null, supplied: action.supplied });
      return draft;
    }
    if (action.deferral !== null && world.now < action.deferral.until) return refuse(draft, 'not_yet_valid', 'what it waits for may still come');
    denyWaiting(draft, world, run, message.action!, action, 'fact_timeout', 'what it waited for did not come in time', null, true);
    return draft;
  }
  if (run.closed) return refuse(draft, 'duplicate', 'the run has ended');
  // Its agent is gone for good, so is the rest of the run: policy knows that from the registry, whoever asks.
  const gone = world.agent(run.agent)?.status === 'decommissioned';
  if (world.now < run.notAfter && !gone) return refuse(draft, 'not_yet_valid', 'the life of the run is not over');
  const open = [...run.actions].filter(([, action]) => action.status === 'open');
  for (const [id, action] of open) denyWaiting(draft, world, run, id, action, gone ? 'agent_not_active' : 'run_expired', gone ? 'its agent was decommissioned before it was decided' : 'the life of the run ended before it was decided', null, false);
  const delegation = returnOf(world, run, undefined, false);
  draft.records.push({ ...own(draft), kind: 'run.ended', reason: gone ? 'decommissioned' : 'expired', denied: open.map(([id]) => id), ...(delegation !== undefined && { delegation }) });
  draft.replies.push(reply('noted', draft.command.run, null, null, 'run_expired', gone ? 'its agent was decommissioned' : 'the life of the run is over'));
  return draft;
};

/** The end of a child run is the outcome of the action that delegated: what was set aside and not used comes back, what broke its schema does not come at all. */
const returned = (draft: Draft, message: Extract<ServiceBody, { kind: 'returned' }>['message'], run: RunState): Draft => {
  const action = run.actions.get(message.action);
  if (action === undefined) return refuse(draft, 'action_unknown', 'the run has no such action');
  if (action.delegated === null) return refuse(draft, 'conflict', 'the action delegated nothing');
  if (action.status !== 'granted') return refuse(draft, 'action_closed', `the action is ${action.status}`);
  const { child, fault, reason, spent, data, unclassified } = message;
  const error = fault ?? (reason === 'completed' ? null : `the child run ended: ${reason}`);
  draft.records.push({
    ...own(draft), kind: 'action.outcome', action: message.action, tool: action.tool, settled: { calls: 1 + spent.calls, money: spent.money }, delegation: { child, data, unclassified },
    message: { action: message.action, status: error === null ? 'succeeded' : fault === null ? 'unknown' : 'failed', result: fault === null ? message.result : null, error: error?.slice(0, 1_000).toWellFormed() ?? null, cost: spent.money, tokens: spent.tokens, durationMs: null },
  });
  draft.replies.push(replyOf(draft.records[0]!)!);
  return draft;
};
