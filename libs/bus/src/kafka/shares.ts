import type { Assigned } from './member.ts';

/** One partition being worked on. */
export interface Share {
  /** Resolves when the work may be counted as begun. */
  readonly begun: Promise<void>;
  /** Ends the work: `lost` = the partition is somebody else's already, nothing may be committed any more. Resolves when nothing runs. */
  end(lost: boolean): Promise<void>;
}

/** Keeps one share for each assigned partition: kept over a rebalance that leaves it here, begun only after its predecessor in this process has ended. */
export const createShares = (begin: (assigned: Assigned) => Share, onSettled: (begun: Promise<unknown>) => void) => {
  const shares = new Map<string, { readonly share: Share; readonly assigned: Assigned }>();
  const ending = new Map<string, Promise<void>>();
  let wanted = new Map<string, Assigned>();
  const keyOf = ({ topic, partition }: Assigned): string => `${topic}/${partition}`;

  const end = (key: string, lost: boolean): Promise<void> => {
    const one = shares.get(key);
    shares.delete(key);
    const ended = Promise.all([ending.get(key), one?.share.end(lost)]).then(() => { if (ending.get(key) === ended) ending.delete(key); });
    ending.set(key, ended);
    return ended;
  };

  const start = async (key: string): Promise<void> => {
    for (let before = ending.get(key); before !== undefined; before = ending.get(key)) await before;
    const assigned = wanted.get(key);
    if (assigned === undefined || shares.has(key)) return;
    const share = begin(assigned);
    shares.set(key, { share, assigned });
    await share.begun;
  };

  return {
    assign: (assigned: readonly Assigned[], renewed: boolean): void => {
      wanted = new Map(assigned.map((one) => [keyOf(one), one]));
      for (const key of [...shares.keys()]) if (renewed || !wanted.has(key)) void end(key, true);
      const begun = [...wanted.keys()].filter((key) => !shares.has(key)).map(start);
      onSettled(Promise.all(begun));
    },
    /** Lets the work in hand finish, everywhere. */
    drain: async (): Promise<void> => {
      wanted = new Map();
      for (const key of [...shares.keys()]) void end(key, false);
      while (ending.size > 0) await Promise.all(ending.values());
    },
  };
};
