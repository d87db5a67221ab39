import type { ChannelLinkView, ChannelList, DeadDeliveryList, ResendResponse } from '@countersign/contracts';
import { signPersonStatement } from '@countersign/identity';
import { CannotRun } from '../errors.ts';
import { personCommand } from '../people/command.ts';
import type { Session } from '../people/command.ts';
import { id, inert } from '../people/inert.ts';
import { moneyOf, shownMoney } from '../people/money-and-time.ts';
import { channelsUsage } from './usage.ts';

/** Places outside where people are asked: which there are, who speaks for whom, what did not arrive. */
export const channels = personCommand(channelsUsage, { cap: { type: 'string' }, days: { type: 'string' } }, async (session) => {
  const [what = 'list', channel, ...more] = session.positionals;
  const at = `/channels/${encodeURIComponent(channel ?? '')}`;
  if (what === 'list' && channel === undefined) {
    const list = await session.as([]).client.request<ChannelList>('approvals', 'GET', '/channels');
    return session.show(list, list.channels.length === 0 ? ['No channel is configured (CS_CHANNELS).'] : list.channels.map((one) => `${id(one.channel).padEnd(20)} ${one.kind.padEnd(11)} ${one.waiting} waiting, ${one.dead} dead${one.key === null ? '' : one.account === null ? ', not linked to you' : `, ${id(one.account)} is you`}`));
  }
  if (what === 'link' && channel !== undefined && more.length === 1) return link(session, channel, more[0]!);
  if (what === 'unlink' && channel !== undefined && more.length === 0) {
    const answer = await session.as([]).client.request<{ unlinked: boolean }>('approvals', 'POST', `${at}/unlink`, {});
    return session.show(answer, [answer.unlinked ? 'Nobody there speaks for you any more.' : 'You were not linked.']);
  }
  if (what === 'dead' && channel === undefined) {
    const list = await session.as(['operator']).client.request<DeadDeliveryList>('approvals', 'GET', '/channels/dead');
    return session.show(list, list.dead.length === 0 ? ['Everything has arrived, or is still being tried.'] : list.dead.map((one) => `${id(one.channel)} ${id(one.approval)} to ${inert(one.recipient, 80)} after ${one.attempts}: ${inert(one.error, 160)}`));
  }
  if (what === 'resend' && channel !== undefined && more.length <= 1) {
    const { resent } = await session.as(['operator']).client.request<ResendResponse>('approvals', 'POST', `${at}/resend`, more.length === 0 ? {} : { approval: more[0] });
    return session.show({ resent }, [`${resent} tried again.`]);
  }
  throw new CannotRun(`Usage: ${channelsUsage}`);
});

const link = async (session: Session, channel: string, account: string): Promise<void> => {
  const { person, key, client } = session.as([]);
  const { channels: known } = await client.request<ChannelList>('approvals', 'GET', '/channels');
  const found = known.find((one) => one.channel === channel);
  if (found?.key == null) throw new CannotRun(`${id(channel)} is no channel where people decide. There are: ${known.filter((one) => one.key !== null).map((one) => id(one.channel)).join(', ') || 'none'}.`);
  const cap = session.values['cap'] === undefined ? null : moneyOf(String(session.values['cap']), '--cap');
  const days = Number(session.values['days'] ?? 30);
  if (!Number.isInteger(days) || days < 1 || days > 90) throw new CannotRun('--days is a whole number from 1 to 90.');
  const iat = Math.floor(Date.now() / 1_000);
  const jws = signPersonStatement('channel-link', { sub: person, tenant: process.env['CS_TENANT'] ?? 'acme', channel, account, key: found.key, minor: cap?.minor ?? null, currency: cap?.currency ?? null, iat, exp: iat + days * 86_400 }, key);
  const linked = await client.request<ChannelLinkView>('approvals', 'POST', `/channels/${encodeURIComponent(channel)}/links`, { jws });
  session.show(linked, [`${id(linked.account)} of ${id(linked.channel)} speaks for ${id(linked.person)} until ${new Date(linked.until).toISOString().slice(0, 10)}, ${cap === null ? 'for nothing that moves money' : `up to ${shownMoney(cap)}`}.`]);
};
