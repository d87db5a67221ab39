import type { Vote } from '@countersign/contracts';
import { channelFault } from '@countersign/kernel';
import type { ChannelAuthority, Money } from '@countersign/kernel';
import type { Evidence, Question } from './events.ts';

/** What an action moves, as policy derived it; null where it moves nothing. An amount without a currency is above every cap. */
export const moneyOf = ({ facts }: Pick<Evidence, 'facts'>): Money | null => {
  const minor = facts['amount']?.value;
  const currency = facts['currency']?.value;
  return typeof minor === 'number' ? { minor, currency: typeof currency === 'string' ? currency : '' } : null;
};

/** Whether an approval given in a channel would count with those that are there; policy asks the same again. Null: it would. */
export const channelRefusal = (authority: ChannelAuthority | null, question: Question, votes: readonly Vote[]): ReturnType<typeof channelFault> =>
  authority === null ? null : channelFault(authority, { tier: question.tier, money: moneyOf(question.evidence) }, votes.map((vote) => (vote.vote === 'approve' && vote.link !== undefined ? authority : null)));
