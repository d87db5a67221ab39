/**
 * How many messages the next batch takes. What is decided is answered when its whole batch is committed: a batch is no more than can be worked at in
 * `withinMs`, going by the batches before, so that no grant is out long after something was heard that would have forbidden it.
 */
export interface BatchSize {
  /** Most messages of the next batch, from `least` to `most`. */
  next(): number;
  /** What a batch took, ms. */
  took(messages: number, ms: number): void;
}

/** Of what one message takes, the weight of the newest batch. */
const newest = 0.25;

export const createBatchSize = ({ least, most, withinMs }: { readonly least: number; readonly most: number; readonly withinMs: number }): BatchSize => {
  // Nothing is known yet, and a process that has just started is slow.
  let perMessage = withinMs / least;
  return {
    next: () => Math.max(Math.min(least, most), Math.min(most, Math.floor(withinMs / perMessage))),
    took: (messages, ms) => {
      if (messages > 0) perMessage += newest * (Math.max(ms, 0.001) / messages - perMessage);
    },
  };
};
