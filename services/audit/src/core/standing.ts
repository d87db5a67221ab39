/** Ends of sources (`topic/partition` → next offset to be written) as they were read at a time, epoch ms. */
export interface Mark {
  readonly at: number;
  readonly ends: ReadonlyMap<string, bigint>;
}

/**
 * How far the log is. Everything appended before `completeUntil` is in it: true at the beginning (nothing was appended), and moved on only to a mark all of
 * which was reached. Offsets alone do not say that: a transaction's marker takes one and is no record, so an idle source may look one short for ever.
 */
export interface Standing {
  readonly completeUntil: number;
  readonly mark: Mark | null;
  /** What of the mark was not reached when it was looked at last, with how far it was. */
  readonly short: ReadonlyMap<string, bigint>;
}

/** Sources of a mark that are not reached. @param next next offset to be taken, by source; absent: none was */
export const shortOf = (mark: Mark, next: ReadonlyMap<string, bigint>): ReadonlyMap<string, bigint> => {
  const short = new Map<string, bigint>();
  for (const [source, end] of mark.ends) {
    const reached = next.get(source) ?? 0n;
    if (reached < end) short.set(source, reached);
  }
  return short;
};

/** Looks again: moves on where the mark was reached. The next mark is set by whoever reads ends. */
export const look = (standing: Standing, next: ReadonlyMap<string, bigint>): Standing => {
  const { mark } = standing;
  if (mark === null) return standing;
  const short = shortOf(mark, next);
  return short.size === 0 ? reachedMark(standing, mark) : { ...standing, short };
};

/** The mark was reached, or what is short of it are markers. */
export const reachedMark = (standing: Standing, mark: Mark): Standing => ({ completeUntil: Math.max(standing.completeUntil, mark.at), mark: null, short: new Map() });

/** Whether nothing moved between two looks: then it has to be looked for whether records are missing, or only markers stand there. */
export const stands = (before: Standing, after: Standing): boolean =>
  after.mark !== null && before.mark === after.mark && after.short.size > 0 && after.short.size === before.short.size && [...after.short].every(([source, next]) => before.short.get(source) === next);
