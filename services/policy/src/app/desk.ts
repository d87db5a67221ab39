import { createTurns } from '@countersign/kernel';

/**
 * The one desk at which the batches of all partitions of this process are worked at: whoever has it has it alone, first come, first served. While a batch
 * is worked at nothing else in the process moves, so whoever works looks up every few milliseconds: what has arrived by then is heard, halts above all, and
 * counts for the rest of the batch. Without the desk each look up would let the batch of another partition begin, and a halt would wait for them all.
 */
export interface Desk {
  /** Milliseconds; only differences count. */
  readonly clock: () => number;
  /** Waits for the desk and works at it. */
  work<T>(job: (lookUp: LookUp) => Promise<T>): Promise<T>;
}

/** Called between two pieces of work: what to wait for where it is time to look up, else undefined. */
export type LookUp = () => Promise<void> | undefined;

/**
 * @param everyMs longest time of work, beside one piece of it, between two looks up
 * @param clock milliseconds; only differences count
 * @param turn resolves when everything that had arrived has been heard
 */
export const createDesk = (everyMs: number, clock: () => number, turn: () => Promise<void>): Desk => {
  const inTurn = createTurns();
  let taken = 0;
  let since = 0;
  const lookUp: LookUp = () => (clock() - since < everyMs ? undefined : turn().then(() => { since = clock(); }));
  return {
    clock,
    work: (job) => {
      // Nobody was at the desk, so the process has just listened. Who takes it over from somebody else has not.
      if (taken++ === 0) since = clock();
      return inTurn(async () => {
        try { return await job(lookUp); } finally { taken -= 1; }
      });
    },
  };
};
