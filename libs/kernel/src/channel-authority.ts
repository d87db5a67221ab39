import type { Money } from './money.ts';

/** What a person let a channel (their Slack, their ticket system) say in their name. A cap of null: nothing that moves money. */
export interface ChannelAuthority {
  /** The channel, as its operator named it: `slack-main`. */
  readonly channel: string;
  /** The account there that is this person: an explicit id of the channel, never an address. */
  readonly account: string;
  readonly cap: Money | null;
}

/**
 * Why an approval out of a channel does not count, or null. A channel holds one credential for everybody, so it weighs less than a
 * person's own key: never the senior tier, never above the cap that the person set, and all channels together fill one factor at most.
 * A deny always counts, whatever this says.
 * @param money what the action moves; null: nothing @param others authorities of the approvals that count already; null: own key
 */
export const channelFault = (authority: ChannelAuthority, asked: { readonly tier: number; readonly money: Money | null }, others: readonly (ChannelAuthority | null)[]): 'over_channel_cap' | 'channel_factor_taken' | null => {
  if (asked.tier > 3) return 'over_channel_cap';
  if (asked.money !== null && (authority.cap === null || asked.money.currency !== authority.cap.currency || asked.money.minor > authority.cap.minor)) return 'over_channel_cap';
  return others.some((other) => other !== null) ? 'channel_factor_taken' : null;
};
