import { backoffMs, mostAttempts } from '../../core/channels/backoff.ts';
import { cardOf } from '../../core/channels/card.ts';
import { isTold, mayBeAsked } from '../../core/channels/recipients.ts';
import { channelRefusal } from '../../core/channel-votes.ts';
import type { Approval } from '../../core/state.ts';
import type { DeliveryFailed } from './ports.ts';
import type { Channel, Due, Link, Links, Messages } from './ports.ts';

type Known = Exclude<Approval, { status: 'none' }>;

export interface DeliveryPorts {
  readonly channels: readonly Channel[];
  readonly messages: Messages;
  readonly links: Links;
  /** An approval with the version of its stream. */
  readonly approval: (id: string) => Promise<{ readonly state: Known; readonly version: number } | undefined>;
  readonly person: (id: string) => Omit<Parameters<typeof mayBeAsked>[1], 'person'> | undefined;
  /** Secret of a button: names approval and recipient. */
  readonly tokenFor: (channel: string, approval: string, recipient: string) => string;
  /** What a link lets its account approve; undefined where it does not hold any more. */
  readonly authorityOf: (link: Link) => Parameters<typeof channelRefusal>[0] | undefined;
  /** Whether somebody approves without looking, and is held up for it. */
  readonly slowed: (person: string) => Promise<boolean>;
  /** A decision that was read back from a ticket. */
  readonly vote: (channel: string, approval: string, account: string, vote: 'approve' | 'deny') => Promise<void>;
  readonly pages: string;
  readonly now: () => number;
  readonly chance: () => number;
  readonly onError: (error: Error, what: string) => void;
}

export interface Delivery {
  /** An approval changed. Never throws, never waits. */
  changed(approval: string): void;
  /** Looks for what is due; called by the clock. */
  tick(): void;
  stop(): Promise<void>;
}

/** How long one instance has for one message before another may try. */
const leaseMs = 60_000;
const atOnce = 8;

/** Brings every message outside up to what its approval is. Each channel goes at its own pace: one that is down delays nothing else. */
export const createDelivery = (ports: DeliveryPorts): Delivery => {
  const { channels, messages, links, now, onError } = ports;
  const changed = new Set<string>();
  const busy = new Map<string, Promise<void>>();
  const readNext = new Map<string, number>();
  let stopped = false;

  /** Runs one job of a name at a time; a second call while it runs is not lost where the job looks again by itself. */
  const alone = (name: string, job: () => Promise<void>): void => {
    if (stopped || busy.has(name)) return;
    busy.set(name, job().catch((error: Error) => onError(error, name)).finally(() => busy.delete(name)));
  };

  const recipientsOf = async (channel: Channel, { question }: Known): Promise<readonly string[]> => {
    const asked = (person: string): boolean => {
      const known = ports.person(person);
      return known !== undefined && (mayBeAsked(question, { person, ...known }, now()) || isTold(question, known));
    };
    const { recipients } = channel;
    if (recipients.of === 'place') return ['all'];
    if (recipients.of === 'listed') return recipients.people.filter(({ person }) => asked(person)).map(({ address }) => address);
    return (await links.of(channel.id, now())).filter(({ person }) => asked(person)).map(({ account }) => account);
  };

  const plan = async (): Promise<void> => {
    while (changed.size > 0 && !stopped) {
      const [approval] = changed;
      // Before it is looked at: what changes meanwhile comes back in.
      changed.delete(approval!);
      const found = await ports.approval(approval!).catch((error: unknown) => { changed.add(approval!); throw error; });
      if (found !== undefined) {
        for (const channel of channels) {
          if (!channel.tiers.includes(found.state.question.tier)) continue;
          // Who is asked is found out while it is open; an end is told to whoever was asked, and a broken glass to everybody who should have been.
          const recipients = found.state.status === 'open' || channel.tellsEnded || found.state.glass !== undefined ? await recipientsOf(channel, found.state) : [];
          await messages.want(channel.id, approval!, found.version, recipients, now());
        }
      }
    }
    for (const channel of channels) send(channel);
  };

  const buttonsFor = async (channel: Channel, state: Known, recipient: string) => {
    if (channel.recipients.of !== 'linked' || state.status !== 'open') return null;
    const link = await links.find(channel.id, recipient, now());
    const authority = link && ports.authorityOf(link);
    const known = link && ports.person(link.person);
    if (link === undefined || authority === undefined || known === undefined || !mayBeAsked(state.question, { person: link.person, ...known }, now()) || state.votes.some(({ vote }) => vote.person === link.person)) return null;
    return { token: ports.tokenFor(channel.id, state.question.approval, recipient), approve: channelRefusal(authority, state.question, state.votes.map(({ vote }) => vote)) === null, ...(await ports.slowed(link.person) && { slow: true }), ...(state.question.ask.relaxed?.people.includes(link.person) === true && { reason: true }) };
  };

  const show = async (channel: Channel, due: Due): Promise<void> => {
    const found = await ports.approval(due.approval);
    if (found === undefined) return;
    const { state, version } = found;
    // Nobody is asked about what has ended before they could be.
    if (state.status === 'closed' && due.shown === 0 && !channel.tellsEnded && state.glass === undefined) return messages.shown(channel.id, due, version, null, now());
    try {
      const card = cardOf(state, version, ports.pages);
      const ref = await channel.show({ card, recipient: due.recipient, ref: due.ref, id: `${due.approval}.${version}`, buttons: await buttonsFor(channel, state, due.recipient) });
      await messages.shown(channel.id, due, version, ref, now());
    } catch (error) {
      const { permanent = false, retryAfterMs = 0 } = error as Partial<DeliveryFailed>;
      const dead = permanent || due.attempt + 1 >= mostAttempts;
      if (dead) onError(error as Error, `${channel.id}: ${due.approval} is dead`);
      await messages.failed(channel.id, due, (error as Error).message, dead ? 'dead' : { at: now() + backoffMs(due.attempt + 1, ports.chance(), retryAfterMs) }, now());
    }
  };

  const send = (channel: Channel): void => alone(channel.id, async () => {
    for (;;) {
      const due = await messages.take(channel.id, now(), leaseMs, atOnce);
      await Promise.all(due.map((one) => show(channel, one)));
      if (due.length < atOnce || stopped) return;
    }
  });

  const read = (channel: Channel): void => {
    const { reads } = channel;
    if (reads === undefined || now() < (readNext.get(channel.id) ?? 0)) return;
    alone(`${channel.id}: reading back`, async () => {
      readNext.set(channel.id, now() + reads.everyMs);
      for (const { approval, ref } of await messages.openRefs(channel.id, 500)) {
        if (stopped) return;
        try {
          const found = await ports.approval(approval);
          if (found?.state.status !== 'open') continue;
          const whole = reads.shownWhole(cardOf(found.state, found.version, ports.pages));
          for (const { account, vote } of await reads.read(ref)) if (whole || vote === 'deny') await ports.vote(channel.id, approval, account, vote);
        } catch (error) {
          onError(error as Error, `${channel.id}: reading ${ref} back`);
        }
      }
    });
  };

  const planSoon = (): void => alone('planning', plan);
  void messages.behind().then((approvals) => { for (const approval of approvals) changed.add(approval); planSoon(); }, (error: Error) => onError(error, 'finding what channels missed'));

  return {
    changed: (approval) => { changed.add(approval); planSoon(); },
    tick: () => {
      if (changed.size > 0) planSoon();
      for (const channel of channels) { send(channel); read(channel); }
    },
    stop: async () => {
      stopped = true;
      await Promise.all(busy.values());
    },
  };
};
