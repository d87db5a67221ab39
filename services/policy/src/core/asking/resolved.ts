import type { ApprovalResolved } from '@countersign/contracts';
import { conditionUnmet, countApprovals, frozenAt, glassBreakers, ineligible, seniorHaltId } from '@countersign/kernel';
import type { CheckedVote } from '@countersign/kernel';
import type { ServiceBody } from '../commands.ts';
import { haltRun, refuse, resumeRun } from '../draft.ts';
import type { Draft } from '../draft.ts';
import { denyWaiting, judgeAction } from '../judge-action.ts';
import type { ActionState, RunState } from '../state.ts';
import type { World } from '../world.ts';

type Resolved = Extract<ServiceBody, { kind: 'resolved' }>;
type Asked = NonNullable<ActionState['approval']>;

/** Most people who edit one action, one after the other. */
const mostEditors = 8;

/** What people decided, as the approvals service passes it on. It is believed in nothing that lets more through: every signature is checked, every vote counted again, and the action is judged again. */
export const resolved = (draft: Draft, body: Resolved, run: RunState, world: World): Draft => {
  const { message } = body;
  const action = run.actions.get(message.action);
  if (action === undefined) return refuse(draft, 'action_unknown', 'the run has no such action');
  if (action.status !== 'open' || action.waitsFor !== 'step_up' || action.approval === null) return refuse(draft, 'action_closed', `the action is ${action.status}`);
  if (message.answers !== action.position || message.digest !== action.approval.digest) return refuse(draft, 'superseded', 'it answers an earlier question');
  if (message.resolution === 'expired') return expired(draft, message, action, action.approval, run, world);
  if (message.resolution === 'edited') return edited(draft, body, action, action.approval, run, world);
  if (message.resolution !== 'approved') {
    denyWaiting(draft, world, run, message.action, action, `approval_${message.resolution}`, message.resolution === 'overflow' ? 'too much waits for people already' : `people decided: ${message.resolution}`, message, true);
    return draft;
  }
  return approved(draft, body, action, action.approval, run, world);
};

const approved = (draft: Draft, { message, votes: all }: Resolved, action: ActionState, asked: Asked, run: RunState, world: World): Draft => {
  const { now } = world;
  if (now > asked.expiresAt) {
    denyWaiting(draft, world, run, message.action, action, 'approval_expired', 'the approval came after its time', message, true);
    return draft;
  }
  const frozen = frozenAt(asked, now);
  if (frozen !== undefined) return refuse(draft, 'frozen', `nothing is approved before ${new Date(frozen.to).toISOString()}: ${frozen.reason}`, { action: message.action });
  const votes = all.map((vote) => ({ ...vote, why: vote.why ?? conditionUnmet(vote, action.reservedMoney, now) }));
  const { filling, voters, why } = countApprovals(votes, asked, now, { tier: action.tier, money: action.reservedMoney });
  const glass = filling.met ? null : glassBreakers(votes, asked, now);
  if (!filling.met && glass === null) return refuse(draft, 'votes_invalid', `${filling.have} of ${filling.need} approvals hold (${why})`, { action: message.action });
  const counted = votes.filter(({ person }) => voters.some((voter) => voter.person === person));
  const until = glass === null ? shortest(counted) : now + asked.breakGlass!.lifeMs;
  const decision = judgeAction(draft, world, run, { message: action.proposal!, round: action.round + 1, action, approval: message, ...(glass === null ? { voters, terms: counted.flatMap(({ terms }) => terms ?? []) } : { glass: true as const }), supplied: action.supplied, until });
  const halt = seniorHaltId(draft.command.run, message.action);
  if ((decision.decision === 'allow' || decision.decision === 'modify') && run.halts.has(halt)) resumeRun(draft, halt, 'the senior decision was to go on');
  return draft;
};

/** The earliest end that those who count have set, epoch ms. */
const shortest = (votes: readonly CheckedVote[]): number => Math.min(...votes.map(({ conditions }) => (conditions?.until ?? Infinity) * 1_000));

/** Somebody who was asked wants something else: it is judged anew, without a vote, and they are one of those who asked for it. */
const edited = (draft: Draft, { message, editor }: Resolved, action: ActionState, asked: Asked, run: RunState, world: World): Draft => {
  if (message.edit === undefined || editor === undefined) return refuse(draft, 'votes_invalid', 'nobody says what it should be instead');
  const why = editor.why ?? ineligible({ ...editor, vote: 'approve' }, asked, world.now)?.why;
  if (why !== undefined) return refuse(draft, 'votes_invalid', `${editor.person}: ${why}`);
  const by = [...action.edit?.by ?? [], editor.person];
  if (by.length > mostEditors) return refuse(draft, 'conflict', `${mostEditors} people have edited it: approve or deny`);
  judgeAction(draft, world, run, { message: action.proposal!, round: action.round + 1, action, approval: null, supplied: action.supplied, edit: { arguments: message.edit.arguments, by } });
  return draft;
};

/** Nobody answered in time: that denies, halts the run as well, or asks the senior route, once. Before its time nothing is escalated, whoever says so. */
const expired = (draft: Draft, message: ApprovalResolved, action: ActionState, asked: Asked, run: RunState, world: World): Draft => {
  if (asked.onExpiry === 'escalate' && asked.escalated === undefined && world.asking !== undefined) {
    if (world.now < asked.expiresAt) return refuse(draft, 'not_yet_valid', 'people still have time to answer');
    judgeAction(draft, world, run, { message: action.proposal!, round: action.round + 1, action, approval: null, supplied: action.supplied, escalated: true });
    return draft;
  }
  denyWaiting(draft, world, run, message.action, action, 'approval_expired', 'people decided: expired', message, true);
  if (asked.onExpiry === 'halt_run') haltRun(draft, `expired:${draft.command.run}:${message.action}`, 'people were asked and nobody answered in time');
  return draft;
};
