import { checkEntry, HotStateUnavailable } from '../port.ts';
import type { HotState } from '../port.ts';

export interface MemoryHotStateOptions {
  /** Milliseconds; default the wall clock. */
  readonly now?: () => number;
  /** Most live entries; beyond it writes reject, for dropping one would let something be used twice. Default 1,000,000. */
  readonly max?: number;
}

interface Entry { value: string; readonly until: number }

/** One process's hot state. Forgets everything at a restart, so `forgets` is true. Without timers: the dead are swept as writes come in. */
export const createMemoryHotState = (options: MemoryHotStateOptions = {}): HotState => {
  const now = options.now ?? Date.now;
  const max = options.max ?? 1_000_000;
  const entries = new Map<string, Entry>();
  const started = now();
  let closed = false;
  let sweepAt = 1_000;

  const live = (key: string): Entry | undefined => {
    const entry = entries.get(key);
    if (entry === undefined || entry.until > now()) return entry;
    entries.delete(key);
    return undefined;
  };
  const put = (key: string, value: string, ttlMs: number): void => {
    if (entries.size >= sweepAt) {
      const time = now();
      for (const [k, entry] of entries) if (entry.until <= time) entries.delete(k);
      sweepAt = Math.max(1_000, entries.size * 2);
    }
    if (entries.size >= max && !entries.has(key)) throw new HotStateUnavailable(`full: ${max} live entries`);
    entries.set(key, { value, until: now() + ttlMs });
  };
  const guarded = async <T>(key: string, ttlMs: number | undefined, act: () => T): Promise<T> => {
    checkEntry(key, ttlMs);
    if (closed) throw new HotStateUnavailable('closed');
    return act();
  };

  return {
    kind: 'memory',
    forgets: true,
    setIfAbsent: (key, ttlMs, value = '1') => guarded(key, ttlMs, () => {
      if (live(key) !== undefined) return false;
      put(key, value, ttlMs);
      return true;
    }),
    get: (key) => guarded(key, undefined, () => live(key)?.value),
    set: (key, value, ttlMs) => guarded(key, ttlMs, () => put(key, value, ttlMs)),
    delete: (key) => guarded(key, undefined, () => live(key) !== undefined && entries.delete(key)),
    increment: (key, windowMs, by = 1) => guarded(key, windowMs, () => {
      const entry = live(key);
      if (entry === undefined) { put(key, String(by), windowMs); return by; }
      const count = Number(entry.value) + by;
      entry.value = String(count);
      return count;
    }),
    startedAt: async () => {
      if (closed) throw new HotStateUnavailable('closed');
      return started;
    },
    close: async () => { closed = true; entries.clear(); },
  };
};
