import { look, reachedMark, stands } from '../core/standing.ts';
import type { Standing } from '../core/standing.ts';

export interface StandingPorts {
  /** Ends of every source that must be on the record. */
  readonly ends: () => Promise<ReadonlyMap<string, bigint>>;
  /** Next offset of each source, as committed. */
  readonly reached: () => ReadonlyMap<string, bigint>;
  /** Whether the bus has a record, appended at `from` (epoch ms) or later, at or beyond one of these offsets and before the end that was read. */
  readonly missing: (short: ReadonlyMap<string, bigint>, ends: ReadonlyMap<string, bigint>, from: number) => Promise<boolean>;
  readonly load: () => Promise<number>;
  readonly save: (completeUntil: number) => Promise<void>;
  readonly say: (completeUntil: number, at: number) => Promise<void>;
  readonly now: () => number;
}

/**
 * Says again and again up to when everything is on the record. What it does not say counts as behind: whoever decides looks at how old the last word is,
 * so a log that stands still, a broker that cannot be asked and a process that is gone all come to the same.
 */
export const createStanding = (ports: StandingPorts) => {
  let standing: Standing | undefined;
  const step = async (): Promise<void> => {
    const before: Standing = standing ?? { completeUntil: await ports.load(), mark: null, short: new Map() };
    let after = look(before, ports.reached());
    // The time is taken before the ends are read: what comes in between is beyond the mark's time at the worst, never before it.
    const at = ports.now();
    if (after.mark === null) after = look({ ...after, mark: { at, ends: await ports.ends() } }, ports.reached());
    else if (stands(before, after) && !await ports.missing(after.short, after.mark.ends, after.completeUntil)) after = reachedMark(after, after.mark);
    if (after.completeUntil > before.completeUntil) await ports.save(after.completeUntil);
    // Before anything is known nothing is said: whoever decides counts from its own start then.
    if (after.completeUntil > 0) await ports.say(after.completeUntil, at);
    standing = after;
  };
  let running: Promise<void> | undefined;
  return {
    /** One look; while one is under way there is no other. */
    step: (): Promise<void> => running ??= step().finally(() => { running = undefined; }),
    completeUntil: (): number | undefined => standing?.completeUntil,
  };
};
