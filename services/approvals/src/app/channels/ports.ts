import type { Card } from '../../core/channels/card.ts';

/** What an error of `show` says beside its message: permanent ones are dead at once, the others are tried again, not before the server's own wait is over. */
export interface DeliveryFailed extends Error { readonly permanent: boolean; readonly retryAfterMs: number }

/** One message of ours at one recipient, to be brought up to what the card says. */
export interface Showing {
  readonly card: Card;
  /** An account of the channel, or `all` where the channel is one place. */
  readonly recipient: string;
  /** What the channel called the message when it was first shown; null before. */
  readonly ref: string | null;
  /** The same for the same message and version, so that a receiver can tell a repetition. */
  readonly id: string;
  /** What the recipient may answer with here; null: nothing. */
  readonly buttons: { readonly token: string; readonly approve: boolean; /** They approve without looking: not here, but on the page. */ readonly slow?: boolean; /** Their approval counts only with a reason. */ readonly reason?: boolean } | null;
}

/** Somebody's decision as a ticket system has it. */
export interface ReadBack { readonly account: string; readonly vote: 'approve' | 'deny' }

/** One place outside where people are asked. */
export interface Channel {
  readonly id: string;
  readonly kind: string;
  readonly tiers: readonly number[];
  /** `linked`: everybody who linked an account here and may vote. `listed`: these people at these addresses. `place`: one message for all. */
  readonly recipients: { readonly of: 'linked' } | { readonly of: 'place' } | { readonly of: 'listed'; readonly people: readonly { readonly person: string; readonly address: string }[] };
  /** Whether an ended request that was never shown is told as well. */
  readonly tellsEnded: boolean;
  /** Brings the message up to date; answers what the channel calls it. Throws DeliveryFailed. */
  show(showing: Showing): Promise<string | null>;
  /** Asks whoever has just clicked why they approve; `trigger` is of that click. Throws DeliveryFailed. */
  askWhy?(trigger: string, token: string, about: string): Promise<void>;
  /** Says something to one account alone. Throws DeliveryFailed. */
  tell?(account: string, text: string): Promise<void>;
  /** Of a ticket system: what people decided there, how often to ask (ms), and whether the ticket had room for every argument: else nobody approves by it. */
  readonly reads?: { readonly everyMs: number; readonly shownWhole: (card: Card) => boolean; readonly read: (ref: string) => Promise<readonly ReadBack[]> };
}

export interface Due { readonly approval: string; readonly recipient: string; readonly ref: string | null; readonly wanted: number; readonly shown: number; readonly attempt: number }
export interface DeadDelivery { readonly channel: string; readonly approval: string; readonly recipient: string; readonly attempts: number; readonly error: string; readonly at: number }

/** What is to be shown where, and what was. */
export interface Messages {
  /** Wants this version shown; a dead message stays dead. Messages that exist already are wanted at this version too. */
  want(channel: string, approval: string, version: number, recipients: readonly string[], now: number): Promise<void>;
  /** Takes what is due, so that no other instance does until the lease is over. */
  take(channel: string, now: number, leaseMs: number, limit: number): Promise<readonly Due[]>;
  shown(channel: string, due: Due, version: number, ref: string | null, now: number): Promise<void>;
  failed(channel: string, due: Due, error: string, next: { readonly at: number } | 'dead', now: number): Promise<void>;
  /** Shown messages of open approvals with what the channel calls them. */
  openRefs(channel: string, limit: number): Promise<readonly { readonly approval: string; readonly ref: string }[]>;
  /** Approvals that may have changed while nobody looked: open ones, and those with a message behind them. */
  behind(): Promise<readonly string[]>;
  counts(): Promise<ReadonlyMap<string, { readonly waiting: number; readonly dead: number }>>;
  dead(limit: number): Promise<readonly DeadDelivery[]>;
  resend(channel: string, approval: string | undefined, now: number): Promise<number>;
}

export interface Link { readonly channel: string; readonly account: string; readonly person: string; readonly jws: string; /** Epoch ms. */ readonly until: number }

/** Which account of a channel speaks for whom, as the person signed it. */
export interface Links {
  /** Takes the account from whoever had it before only where that is the same person. @param signedAt epoch seconds. `taken`: the account is somebody else's; `over`: unlinked, or replaced by a newer one, since it was signed. */
  put(link: Link, signedAt: number): Promise<'linked' | 'taken' | 'over'>;
  /** @param at epoch seconds: links signed up to then count no more */
  remove(channel: string, person: string, at: number): Promise<boolean>;
  of(channel: string, now: number): Promise<readonly Link[]>;
  find(channel: string, account: string, now: number): Promise<Link | undefined>;
}
