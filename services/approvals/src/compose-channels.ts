import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ChannelCallbackRequest, ChannelLinkView, ChannelList, DeadDeliveryList, Vote } from '@countersign/contracts';
import { fromBase64Url, peekJws, signChannelVote, verifyLink } from '@countersign/identity';
import { CodedError } from '@countersign/service-host';
import type { PersonDirectory } from '@countersign/service-host';
import type { Pool } from 'pg';
import { createDelivery } from './app/channels/deliver.ts';
import type { Link } from './app/channels/ports.ts';
import type { Approval } from './core/state.ts';
import { approveWhy } from './core/channels/slack-message.ts';
import { readSlackClick, verifySlackCallback } from './inbound/channels/slack-callback.ts';
import { channelSchema, createCallbackCache, createLinks, createMessages } from './outbound/channels/postgres-messages.ts';
import type { OpenChannel, OpenChannels } from './outbound/channels/open-channels.ts';

type Known = Exclude<Approval, { status: 'none' }>;

export interface ChannelPorts extends OpenChannels {
  readonly pool: Pool;
  readonly people: PersonDirectory;
  readonly tenant: string;
  readonly now: () => number;
  readonly chance: () => number;
  /** Casts a vote that is signed and linked; throws CodedError where it does not count. */
  readonly cast: (approval: string, vote: Vote) => Promise<unknown>;
  /** Whether somebody approves without looking, and is held up for it. */
  readonly slowed: (person: string) => Promise<boolean>;
  readonly onError: (error: Error, what: string) => void;
}

/** Everything about places outside where people are asked. */
export interface Channels {
  changed(approval: string): void;
  tick(): void;
  stop(): Promise<void>;
  list(person: string): Promise<ChannelList>;
  dead(): Promise<DeadDeliveryList>;
  resend(channel: string, approval: string | undefined): Promise<number>;
  link(channel: string, jws: string): Promise<ChannelLinkView>;
  unlink(channel: string, person: string): Promise<boolean>;
  /** What a vendor sent. Throws CodedError where it is not the vendor's; a decision that does not count is answered, not thrown. */
  callback(channel: string, request: ChannelCallbackRequest): Promise<{ readonly code: string; readonly detail: string }>;
}

const accountShape = /^[\w.:@+-]{1,128}$/;

/** Puts the channels together out of their ports; knows no Nest. */
export const composeChannels = async (ports: ChannelPorts): Promise<Channels> => {
  const { pool, people, tenant, now, onError } = ports;
  await pool.query(channelSchema);
  const messages = createMessages(pool), links = createLinks(pool), first = createCallbackCache(pool);
  const byId = new Map(ports.channels.map((one) => [one.channel.id, one]));
  const find = (id: string): OpenChannel => {
    const found = byId.get(id);
    if (found === undefined) throw new CodedError('channel_unknown', 'no such channel is configured');
    return found;
  };
  const active = (id: string | undefined) => {
    const person = id === undefined ? undefined : people.person(id);
    return person?.status === 'active' ? person : undefined;
  };

  // No table of tokens: only who holds the channel's key can make one for this approval and this recipient.
  const tokenFor = (channel: string, approval: string, recipient: string): string =>
    `${approval}.${createHmac('sha256', byId.get(channel)?.key?.privateJwk.d ?? '').update(`button\n${channel}\n${approval}\n${recipient}`).digest('base64url')}`;

  const authorityOf = (link: Link) => {
    const person = active(link.person);
    const held = person && verifyLink(link.jws, person.keys, { now: now(), person: link.person, tenant });
    if (held?.ok !== true) return undefined;
    const { minor, currency } = held.link;
    return { channel: link.channel, account: link.account, cap: minor === null || currency === null ? null : { minor, currency } };
  };

  /** What an account decided, in the name of whoever linked it. A click gives no reason, and none is made up for it: where one is needed, it does not count. */
  const castFor = async ({ channel, key }: OpenChannel, approval: string, account: string, vote: 'approve' | 'deny', reason = ''): Promise<void> => {
    const link = await links.find(channel.id, account, now());
    if (link === undefined || key === null) throw new CodedError('not_eligible', 'this account is linked to nobody: countersign channels link');
    const digest = (await stateOf(approval))?.state.question.digest;
    if (digest === undefined) throw new CodedError('not_found', 'there is no such approval', { status: 404 });
    const jws = signChannelVote({ sub: link.person, channel: channel.id, account, approval, digest, vote, reason, iat: Math.floor(now() / 1_000) }, key);
    await ports.cast(approval, { person: link.person, vote, jws, link: link.jws });
  };

  const stateOf = async (approval: string): Promise<{ readonly state: Known; readonly version: number } | undefined> => {
    const { rows } = await pool.query<{ state: string; version: number }>('select state, version from approval where tenant = $1 and approval = $2', [tenant, approval]);
    return rows[0] && { state: JSON.parse(rows[0].state) as Known, version: rows[0].version };
  };

  const delivery = createDelivery({
    channels: ports.channels.map(({ channel }) => channel), messages, links, approval: stateOf, pages: ports.pages, now, chance: ports.chance, onError, tokenFor, authorityOf,
    person: (id) => people.person(id), slowed: ports.slowed,
    vote: async (channel, approval, account, vote) => {
      const { state } = await stateOf(approval) ?? {};
      const link = await links.find(channel, account, now());
      // A ticket says the same again each time it is read.
      if (link === undefined || state?.status !== 'open' || state.votes.some((one) => one.vote.person === link.person)) return;
      await castFor(find(channel), approval, account, vote).catch((error: unknown) => { if (!(error instanceof CodedError)) throw error; onError(error, `${channel}: a decision does not count`); });
    },
  });

  /** Says in Slack, to them alone, why their click did not count. */
  const answer = (url: string | undefined, answers: readonly string[], text: string): void => {
    if (url === undefined || !URL.canParse(url) || !answers.includes(new URL(url).origin)) return;
    ports.outgoing({ method: 'POST', url, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ response_type: 'ephemeral', replace_original: false, text }) }).catch((error: Error) => onError(error, 'answering a click'));
  };

  return {
    changed: delivery.changed, tick: delivery.tick, stop: delivery.stop,
    list: async (person) => {
      const counts = await messages.counts();
      return {
        channels: await Promise.all(ports.channels.map(async ({ channel, key }) => ({
          channel: channel.id, kind: channel.kind, key: key?.publicJwk.x ?? null, waiting: counts.get(channel.id)?.waiting ?? 0, dead: counts.get(channel.id)?.dead ?? 0,
          account: key === null ? null : (await links.of(channel.id, now())).find((link) => link.person === person)?.account ?? null,
        }))),
      };
    },
    dead: async () => ({ dead: await messages.dead(1_000) }),
    resend: async (channel, approval) => {
      const resent = await messages.resend(find(channel).channel.id, approval, now());
      delivery.tick();
      return resent;
    },
    link: async (id, jws) => {
      const { channel, key } = find(id);
      const claimed = peekJws(jws)?.['sub'];
      const name = typeof claimed === 'string' ? claimed : undefined;
      const person = active(name);
      if (name === undefined || person === undefined) throw new CodedError('unauthenticated', 'the link is not by a person who is enrolled here', { status: 401 });
      const checked = verifyLink(jws, person.keys, { now: now(), person: name, tenant });
      if (!checked.ok) throw new CodedError(checked.code, checked.detail);
      const { link } = checked;
      if (link.channel !== id || link.key !== key?.publicJwk.x || !accountShape.test(link.account)) throw new CodedError('link_invalid', 'the link is for another channel or another key of it, or the account is no id');
      const put = await links.put({ channel: channel.id, account: link.account, person: name, jws, until: link.exp * 1_000 }, link.iat);
      if (put === 'taken') throw new CodedError('conflict', 'this account is linked to somebody else: they have to unlink it first');
      if (put === 'over') throw new CodedError('link_invalid', 'it was unlinked, or replaced by a newer link, after this one was signed: sign a new one');
      for (const approval of await messages.behind()) delivery.changed(approval);
      return { channel: channel.id, account: link.account, person: name, until: link.exp * 1_000 };
    },
    unlink: async (id, person) => links.remove(find(id).channel.id, person, Math.floor(now() / 1_000)),
    callback: async (id, request) => {
      const open = find(id);
      const body = fromBase64Url(request.body);
      if (open.clicks === undefined || body === undefined) throw new CodedError('invalid_request', 'this channel takes no callbacks, or the body is not base64url');
      const { mark, until } = verifySlackCallback({ body, ...{ timestamp: request.headers.timestamp, signature: request.headers.signature } }, open.clicks.signingSecret, now());
      if (!await first(`${id}:${mark}`, now(), until)) throw new CodedError('callback_replayed', 'this callback came before');
      const click = readSlackClick(body);
      if (click === undefined || ![approveWhy, 'approve', 'deny'].includes(click.action)) return { code: 'ok', detail: 'nothing to decide' };
      try {
        if (click.team !== open.clicks.team) throw new CodedError('not_eligible', 'the click is from another workspace');
        const approval = click.value.slice(0, Math.max(0, click.value.indexOf('.')));
        const expected = Buffer.from(tokenFor(id, approval, click.user)), given = Buffer.from(click.value);
        if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new CodedError('not_the_recipient', 'this button was not made for you');
        if (click.action === approveWhy && click.reason === undefined) {
          const about = (await stateOf(approval))?.state.question;
          await open.channel.askWhy?.(click.trigger ?? '', click.value, about === undefined ? approval : `${about.tool} by ${about.agent}`).catch((error: unknown) => { onError(error as Error, `${id}: asking why`); throw new CodedError('not_ready', 'it could not ask why: press again, or approve on the page', { status: 503 }); });
          return { code: 'ok', detail: 'asked why' };
        }
        await castFor(open, approval, click.user, click.action === 'deny' ? 'deny' : 'approve', click.reason?.trim());
        return { code: 'ok', detail: `${click.action} is counted` };
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        const why = `It does not count: ${error.message}${error.code === 'slow_down' || error.code === 'reason_required' ? `. Decide on the page: ${ports.pages}/ui/approvals/${click.value.slice(0, click.value.indexOf('.'))}` : ''}`;
        // A modal that was sent has no address to answer to.
        if (click.reason !== undefined) open.channel.tell?.(click.user, why).catch((failed: Error) => onError(failed, `${id}: answering a modal`));
        else answer(click.responseUrl, open.clicks.answers, why);
        return { code: error.code, detail: error.message };
      }
    },
  };
};
