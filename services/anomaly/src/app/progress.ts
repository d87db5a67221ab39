/** How long a partition may wait for what stands in it, ms. */
export const mostBehindMs = 10_000;
/** Offsets that the log gives to markers of transactions and not to entries: nobody ever handles these. */
const markers = 16n;

/** Whether the partitions that this process has taken over get on. */
export interface Progress {
  /** A partition is loaded: everything below `next` is in its state. */
  owned(partition: number, next: bigint): void;
  /** A batch was taken in hand, and was committed. */
  began(partition: number): void;
  committed(partition: number, next: bigint): void;
  lost(partition: number): void;
  /** Where the input ends now, by partition. Told regularly: without it nothing gets on. */
  ends(ends: readonly bigint[]): void;
  /** It is loaded, no batch has been in hand for longer than `mostBehindMs`, and what stood in it that long ago (or when it was first looked at) is handled. */
  getsOn(partition: number): boolean;
  readonly partitions: readonly number[];
}

/** @param now epoch ms; only differences count */
export const createProgress = (now: () => number): Progress => {
  const held = new Map<number, { next: bigint; since: number | undefined }>();
  /** Looks at the ends, oldest first; the first is the newest that is old enough to be held against. */
  let looks: { readonly at: number; readonly ends: readonly bigint[] }[] = [];
  return {
    owned: (partition, next) => { held.set(partition, { next, since: undefined }); },
    began: (partition) => { const one = held.get(partition); if (one !== undefined) one.since = now(); },
    committed: (partition, next) => { held.set(partition, { next, since: undefined }); },
    lost: (partition) => { held.delete(partition); },
    ends: (ends) => {
      const at = now();
      looks.push({ at, ends });
      const settled = looks.findLastIndex((one) => one.at <= at - mostBehindMs);
      if (settled > 0) looks = looks.slice(settled);
    },
    getsOn: (partition) => {
      const one = held.get(partition), due = looks[0]?.ends[partition];
      if (one === undefined || due === undefined) return false;
      return (one.since === undefined || now() - one.since <= mostBehindMs) && one.next + markers >= due;
    },
    get partitions() { return [...held.keys()]; },
  };
};
