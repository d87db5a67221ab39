import { wants } from '../core/siem/record.ts';
import type { SiemFilter, SiemRecord } from '../core/siem/record.ts';

/** What a receiver answered: it has them, it will not have this one, or it cannot just now (rejects). */
export type Sent = 'taken' | 'refused';

/** Hands entries to a receiver; resolves once it has them. Rejects where they have to be sent again. */
export type SendBatch = (records: readonly SiemRecord[]) => Promise<Sent>;

export interface Cursor { readonly next: number; readonly sent: number; readonly refused: number }

/** What a delivery needs of the store. */
export interface DeliveryStore {
  /** Where a subscription stands; made at its first start. */
  load(name: string, from: 'start' | 'now'): Promise<Cursor>;
  save(name: string, cursor: Cursor): Promise<void>;
  /** Entries of the index from an index on, oldest first. */
  read(from: number, most: number): Promise<readonly SiemRecord[]>;
}

export interface Subscription { readonly name: string; readonly kind: string; readonly filter: SiemFilter; readonly from: 'start' | 'now'; readonly send: SendBatch }

export interface Delivery {
  readonly name: string;
  readonly kind: string;
  /** Sends the next entries; how many were looked at. Rejects where the receiver is not there: the cursor stays, and nothing is lost. */
  step(): Promise<number>;
  state(): { readonly cursor: Cursor | undefined; readonly trouble: string | null; readonly since: number | null };
}

/** Entries that are looked at and sent together. */
const batch = 200;

/**
 * One receiver, from where it was: entries go out in order, and the cursor moves only once they were taken, so that a crash sends some
 * twice (with the same ids) and loses none. An entry that the receiver will not have is tried alone, counted, and passed over.
 */
export const createDelivery = (subscription: Subscription, store: DeliveryStore, now: () => number): Delivery => {
  const { name, kind, filter, send } = subscription;
  let cursor: Cursor | undefined;
  let trouble: string | null = null;
  let since: number | null = null;

  /** Halves what is refused until one entry is left: only that one is passed over. */
  const deliver = async (records: readonly SiemRecord[]): Promise<{ sent: number; refused: number }> => {
    if (records.length === 0) return { sent: 0, refused: 0 };
    if (await send(records) === 'taken') return { sent: records.length, refused: 0 };
    if (records.length === 1) return { sent: 0, refused: 1 };
    const half = Math.ceil(records.length / 2);
    const [first, second] = [await deliver(records.slice(0, half)), await deliver(records.slice(half))];
    return { sent: first.sent + second.sent, refused: first.refused + second.refused };
  };

  return {
    name, kind,
    step: async () => {
      try {
        cursor ??= await store.load(name, subscription.from);
        const records = await store.read(cursor.next, batch);
        if (records.length > 0) {
          const { sent, refused } = await deliver(records.filter((record) => wants(filter, record)));
          const moved = { next: records.at(-1)!.index + 1, sent: cursor.sent + sent, refused: cursor.refused + refused };
          await store.save(name, moved);
          cursor = moved;
        }
        [trouble, since] = [null, null];
        return records.length;
      } catch (error) {
        trouble = (error as Error).message.slice(0, 500);
        since ??= now();
        // Another process may have gone on from here meanwhile.
        cursor = undefined;
        throw error;
      }
    },
    state: () => ({ cursor, trouble, since }),
  };
};
