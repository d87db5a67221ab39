import { accepted, assertNever, nothingNew, refused } from '@countersign/kernel';
import type { Outcome } from '@countersign/kernel';
import type { ApprovalCode, ApprovalCommand } from './commands.ts';
import type { ApprovalEvent } from './events.ts';
import type { Approval } from './state.ts';
import { channelRefusal } from './channel-votes.ts';

type Decided = Outcome<ApprovalEvent, ApprovalCode>;
type Open = Extract<Approval, { status: 'open' }>;

/** One deny ends it; approvals count by distinct people until the quorum; at its deadline it expires, which is not the same as denied. */
export const decide = (command: ApprovalCommand, state: Approval): Decided => {
  if (command.type === 'request') return request(command, state);
  if (state.status === 'none') return command.type === 'vote' ? refused('not_found', 'there is no such approval') : nothingNew;
  if (state.status === 'closed') return command.type === 'vote' ? voteOnClosed(command, state) : nothingNew;
  switch (command.type) {
    case 'vote':
      return vote(command, state);
    case 'expire':
      return command.now >= state.question.expiresAt ? accepted({ type: 'resolved', resolution: 'expired', at: command.now }) : nothingNew;
    case 'cancel':
      return accepted({ type: 'resolved', resolution: 'cancelled', at: command.now });
    default:
      return assertNever(command, 'approval command');
  }
};

const request = ({ question, now }: Extract<ApprovalCommand, { type: 'request' }>, state: Approval): Decided => {
  if (state.status === 'none') return accepted({ type: 'requested', question, at: now });
  return state.question.digest === question.digest ? nothingNew : refused('conflict', 'an approval of this id asks something else');
};

/** A double click is idempotent; anything else comes too late. */
const voteOnClosed = (command: Extract<ApprovalCommand, { type: 'vote' }>, state: Extract<Approval, { status: 'closed' }>): Decided =>
  state.votes.some((cast) => cast.person === command.vote.person && cast.vote === command.vote.vote)
    ? nothingNew
    : refused('approval_closed', `this approval is ${state.resolution}`);

const vote = (command: Extract<ApprovalCommand, { type: 'vote' }>, { question, votes }: Open): Decided => {
  const { vote: cast, now } = command;
  if (now >= question.expiresAt) return refused('approval_expired', 'its deadline has passed', [{ type: 'resolved', resolution: 'expired', at: now }]);
  if (command.digest !== question.digest) return refused('vote_invalid', 'the vote is signed for another content than this approval shows: reload it');
  if (question.requesters.includes(cast.person)) return refused('self_approval', 'whoever asked for an action, owns its agent or gave its instruction cannot approve it');
  if (!command.roles.some((role) => question.route.includes(role))) return refused('not_eligible', `this needs one of the roles ${question.route.join(', ')}`);
  const earlier = votes.find((one) => one.person === cast.person);
  if (earlier) return earlier.vote === cast.vote ? nothingNew : refused('already_voted', 'a vote is final');
  const overreach = cast.vote === 'approve' ? channelRefusal(command.authority ?? null, question, votes) : null;
  if (overreach !== null) return refused(overreach, overreach === 'over_channel_cap' ? 'this is above what may be approved out of a channel: sign with your own key' : 'somebody approved out of a channel already: another factor takes an own key');
  const voted: ApprovalEvent = { type: 'voted', vote: cast, reason: command.reason, at: now };
  if (cast.vote === 'deny') return accepted(voted, { type: 'resolved', resolution: 'denied', at: now });
  return votes.length + 1 >= question.quorum ? accepted(voted, { type: 'resolved', resolution: 'approved', at: now }) : accepted(voted);
};
