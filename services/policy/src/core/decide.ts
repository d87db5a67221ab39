import type { GovernedRecord, Money } from '@countersign/contracts';
import { isUuidV7 } from '@countersign/kernel';
import { admit } from './admit.ts';
import type { FromRuntime, PolicyCommand, RuntimeBody } from './commands.ts';
import { decideForService, reversed } from './decide-service.ts';
import { returnOf } from './delegation.ts';
import { draftFor, haltRun, own, refuse } from './draft.ts';
import type { Draft } from './draft.ts';
import { fingerprint } from './fingerprint.ts';
import { denyWaiting, judgeAction } from './judge-action.ts';
import { reply, replyOf } from './reply.ts';
import type { ActionState, PartitionState, RunState } from './state.ts';
import type { World } from './world.ts';

/**
 * One proved message against the state of its partition: the governed records it makes, the replies that go out, the grants
 * to be signed. Changes nothing; the caller folds the records (`evolve`) before it decides the next message.
 * Refusals are records too (`message.refused`, or a deny); codes are those of contracts/errors.yaml.
 */
export const decide = (command: PolicyCommand, state: PartitionState, world: World): Draft => {
  const run = state.runs.get(command.run);
  const draft = draftFor(command, run?.agent ?? (command.from === 'runtime' ? command.token.sub : null), state, world.now);
  if (command.tenant !== (run?.tenant ?? world.tenant)) return refuse(draft, 'token_wrong_run', 'the message is of another tenant');
  if (command.from === 'service') {
    if (command.body.kind === 'fault') return refuse(draft, command.body.code, command.body.detail);
    if (!command.rightPartition) return refuse(draft, 'wrong_partition', 'the record is not in the partition of its run');
    if (run !== undefined) return decideForService(draft, command.body, run, world);
    // What supervision took back stands on the record, however long ago the run ended.
    return command.body.kind === 'reversed' ? reversed(draft, command.body.message) : refuse(draft, 'run_unknown', 'the run was not started, or ended long ago');
  }
  const admission = admit(command, run, world.now, world.limits);
  if (admission.status === 'seen') {
    draft.replies.push(admission.answered.reply);
    return draft;
  }
  if (admission.status === 'refused') return refuse(draft, admission.code, admission.detail, { expectedSeq: admission.expectedSeq });
  const body = command.body as RuntimeBody;
  if (run === undefined) return start(draft, command, body, world);
  if (run.closed && body.kind !== 'outcome') return refuse(draft, 'run_closed', 'the run has ended');
  switch (body.kind) {
    case 'started': return refuse(draft, 'conflict', 'the run was started before');
    case 'proposed': return propose(draft, body, run, world);
    case 'cancel': return cancel(draft, body.message, run);
    case 'outcome': return settle(draft, body.message, run, world);
    case 'ended': return end(draft, body.message, run, world);
  }
};

type Of<K extends RuntimeBody['kind']> = Extract<RuntimeBody, { kind: K }>;

const start = (draft: Draft, command: FromRuntime, body: RuntimeBody, world: World): Draft => {
  if (body.kind !== 'started') return refuse(draft, 'run_unknown', 'send started first');
  const agent = world.agent(command.token.sub);
  if (agent === undefined || agent.tenant !== command.tenant) return refuse(draft, 'unknown_agent', 'the agent is not registered');
  if (agent.status !== 'active') return refuse(draft, 'agent_not_active', `the agent is ${agent.status}`);
  if ((command.token.parent === undefined) !== (body.delegation === undefined)) return refuse(draft, 'delegation_invalid', 'a child run starts with the grant under which it was delegated, and no other run does');
  for (const one of body.delegation?.ancestors ?? []) {
    const behind = world.agent(one.agent);
    if (behind?.status !== 'active' || behind.tenant !== command.tenant) return refuse(draft, 'agent_not_active', `the agent ${one.agent}, for which it acts, is not active`);
  }
  return answered(draft, { ...own(draft), kind: 'run.started', message: body.message, token: command.token, instruction: { attestedBy: body.attestedBy }, ...(body.delegation !== undefined && { delegation: body.delegation }) });
};

/** Writes a record whose reply follows from it. */
const answered = (draft: Draft, record: GovernedRecord): Draft => {
  draft.records.push(record);
  draft.replies.push(replyOf(record)!);
  return draft;
};

const propose = (draft: Draft, { message, evidence }: Of<'proposed'>, run: RunState, world: World): Draft => {
  const known = run.actions.get(message.action);
  if (known !== undefined) return repeated(draft, message, known);
  if (!isUuidV7(message.action)) return refuse(draft, 'invalid_schema', 'an action id is a UUID version 7 in lower case', { action: message.action });
  if (run.actions.size >= world.limits.actionsPerRun) return refuse(draft, 'budget_exceeded', `a run has at most ${world.limits.actionsPerRun} actions`, { action: message.action });
  judgeAction(draft, world, run, { message, round: 1, action: undefined, approval: null, supplied: null, evidence, extension: draft.command.from === 'runtime' ? draft.command.token.extension : undefined });
  return draft;
};

/** The same action again under a new seq: the original reply and no second grant; with another body a conflict. */
const repeated = (draft: Draft, message: Of<'proposed'>['message'], known: ActionState): Draft => {
  if (fingerprint(message as never) !== known.fingerprint) return refuse(draft, 'action_conflict', 'this action id was used for another proposal', { action: message.action });
  const decision = known.status === 'open' ? known.waitsFor! : known.granted ? 'allow' : 'deny';
  const original = known.reply ?? reply('decided', draft.command.run, message.action, null, known.code, 'decided before; its grant has expired', { decision, tier: known.tier, round: known.round });
  return refuse(draft, 'duplicate', 'proposed before: the original reply stands', { action: message.action, original });
};

const cancel = (draft: Draft, message: Of<'cancel'>['message'], run: RunState): Draft => {
  const action = run.actions.get(message.action);
  if (action === undefined) return refuse(draft, 'action_unknown', 'the run has no such action', { action: message.action });
  if (action.status !== 'open' && action.status !== 'granted') return refuse(draft, 'action_closed', `the action is ${action.status}`, { action: message.action });
  return answered(draft, { ...own(draft), kind: 'action.cancelled', action: message.action, by: 'runtime', reason: message.reason });
};

const settle = (draft: Draft, message: Of<'outcome'>['message'], run: RunState, world: World): Draft => {
  const action = run.actions.get(message.action);
  if (action === undefined) return refuse(draft, 'action_unknown', 'the run has no such action', { action: message.action });
  if (action.status === 'finished') return refuse(draft, 'action_closed', 'the outcome was reported before', { action: message.action });
  if (action.delegated !== null) return refuse(draft, 'conflict', 'what came of a delegation is what its child run returns: cancel it, or wait', { action: message.action });
  if (message.status === 'not_executed' && action.status === 'open') {
    return answered(draft, { ...own(draft), kind: 'action.cancelled', action: message.action, by: 'runtime', reason: 'not executed' });
  }
  answered(draft, { ...own(draft), kind: 'action.outcome', action: message.action, tool: action.tool, message, settled: settled(action, message.cost), ...(world.agent(run.agent)?.runtimeTrusted === true && { trusted: true as const }) });
  // What ran without a grant is a fact about the world and so on the record; the run that did it goes no further.
  if (!action.granted && message.status !== 'not_executed') haltRun(draft, `ungranted:${draft.command.run}:${message.action}`, 'the runtime reports an action as executed that was not granted');
  return draft;
};

/** Never below the reservation on the runtime's word; more where it says so. */
const settled = (action: ActionState, cost: Money | null): { readonly calls: number; readonly money: Money | null } => {
  const reserved = action.reservedMoney;
  if (cost === null || (reserved !== null && (reserved.currency !== cost.currency || cost.minor <= reserved.minor))) return { calls: action.reservedCalls, money: reserved };
  return { calls: action.reservedCalls, money: cost.minor > 0 ? cost : reserved };
};

const end = (draft: Draft, { reason, result }: Of<'ended'>['message'], run: RunState, world: World): Draft => {
  const open = [...run.actions].filter(([, action]) => action.status === 'open');
  for (const [id, action] of open) denyWaiting(draft, world, run, id, action, 'run_closed', 'the run ended before it was decided', null, false);
  const delegation = returnOf(world, run, result, reason === 'completed');
  return answered(draft, { ...own(draft), kind: 'run.ended', reason, denied: open.map(([id]) => id), ...(draft.command.from === 'runtime' && { attested: draft.command.attested }), ...(delegation !== undefined && { delegation }) });
};

