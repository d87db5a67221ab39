interface Seen { since: number; lines: number; suppressed: number }

/**
 * Bounds how often one text may pass. Answers false where it must not, else how many were held back since it last did.
 * Remembers at most 1,000 texts: beyond that all are forgotten, which lets lines through rather than holding memory.
 */
export const createLineBudget = (options: { readonly max: number; readonly windowMs: number; readonly now: () => number }): ((text: string) => number | false) => {
  const seen = new Map<string, Seen>();
  return (text) => {
    const now = options.now();
    let entry = seen.get(text);
    if (entry === undefined) {
      if (seen.size >= 1_000) seen.clear();
      entry = { since: now, lines: 0, suppressed: 0 };
      seen.set(text, entry);
    } else if (now - entry.since >= options.windowMs) {
      entry.since = now;
      entry.lines = 0;
    }
    if (entry.lines >= options.max) {
      entry.suppressed++;
      return false;
    }
    entry.lines++;
    const held = entry.suppressed;
    entry.suppressed = 0;
    return held;
  };
};
