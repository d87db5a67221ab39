import type { ApprovalResolved, Fact } from '@countersign/contracts';
import { countApprovals, frozenAt, seniorHaltId } from '@countersign/kernel';
import type { CheckedVote, ServiceBody } from './commands.ts';
import { pauseOver } from './deferral.ts';
import { returnOf } from './delegation.ts';
import { haltRun, own, refuse, resumeRun } from './draft.ts';
import type { Draft } from './draft.ts';
import { denyWaiting, judgeAction } from './judge-action.ts';
import { reply, replyOf } from './reply.ts';
import type { ActionState, RunState } from './state.ts';
import type { World } from './world.ts';

/** What a service's signed message does to a run. Repeats and what comes too late are refused on the record, without effect. */
export const decideForService = (draft: Draft, body: ServiceBody, run: RunState, world: World): Draft => {
  switch (body.kind) {
    case 'resolved': return resolved(draft, body.message, body.votes, run, world);
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

const resolved = (draft: Draft, message: ApprovalResolved, votes: readonly CheckedVote[], run: RunState, world: World): Draft => {
  const action = run.actions.get(message.action);
  if (action === undefined) return refuse(draft, 'action_unknown', 'the run has no such action');
  if (action.status !== 'open' || action.waitsFor !== 'step_up' || action.approval === null) return refuse(draft, 'action_closed', `the action is ${action.status}`);
  if (message.answers !== action.position || message.digest !== action.approval.digest) return refuse(draft, 'superseded', 'it answers an earlier question');
  if (message.resolution === 'expired') return expired(draft, message, action, action.approval, run, world);
  if (message.resolution !== 'approved') {
    denyWaiting(draft, world, run, message.action, action, `approval_${message.resolution}`, `people decided: ${message.resolution}`, message, true);
    return draft;
  }
  if (world.now > action.approval.expiresAt) {
    denyWaiting(draft, world, run, message.action, action, 'approval_expired', 'the approval came after its time', message, true);
    return draft;
  }
  const frozen = frozenAt(action.approval, world.now);
  if (frozen !== undefined) return refuse(draft, 'frozen', `nothing is approved before ${new Date(frozen.to).toISOString()}: ${frozen.reason}`);
  const { filling, voters, why } = countApprovals(votes, action.approval, world.now, { tier: action.tier, money: action.reservedMoney });
  if (!filling.met) return refuse(draft, 'votes_invalid', `${filling.have} of ${filling.need} approvals hold (${why})`);
  const decision = judgeAction(draft, world, run, { message: action.proposal!, round: action.round + 1, action, approval: message, voters, supplied: action.supplied });
  const halt = seniorHaltId(draft.command.run, message.action);
  if ((decision.decision === 'allow' || decision.decision === 'modify') && run.halts.has(halt)) resumeRun(draft, halt, 'the senior decision was to go on');
  return draft;
};

/** Nobody answered in time: that denies, halts the run as well, or asks the senior route, once. Before its time nothing is escalated, whoever says so. */
const expired = (draft: Draft, message: ApprovalResolved, action: ActionState, asked: NonNullable<ActionState['approval']>, run: RunState, world: World): Draft => {
  if (asked.onExpiry === 'escalate' && asked.escalated === undefined && world.asking !== undefined) {
    if (world.now < asked.expiresAt) return refuse(draft, 'not_yet_valid', 'people still have time to answer');
    judgeAction(draft, world, run, { message: action.proposal!, round: action.round + 1, action, approval: null, supplied: action.supplied, escalated: true });
    return draft;
  }
  denyWaiting(draft, world, run, message.action, action, 'approval_expired', 'people decided: expired', message, true);
  if (asked.onExpiry === 'halt_run') haltRun(draft, `expired:${draft.command.run}:${message.action}`, 'people were asked and nobody answered in time');
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
