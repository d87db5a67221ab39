/**
 * Small shared state that lives for seconds or minutes: replay caches, rate limits, single use (DESIGN 3). Never the only copy of
 * anything. When the store is gone or slow every call rejects with HotStateUnavailable; callers refuse then, they never guess.
 */
export interface HotState {
  readonly kind: 'redis' | 'memory';
  /** Takes a key if nobody has it. True for exactly one caller until `ttlMs` is over. */
  setIfAbsent(key: string, ttlMs: number, value?: string): Promise<boolean>;
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string, ttlMs: number): Promise<void>;
  /** Whether something was there. */
  delete(key: string): Promise<boolean>;
  /** Adds to a counter whose window starts with its first increment and ends `windowMs` later; the new count. */
  increment(key: string, windowMs: number, by?: number): Promise<number>;
  /** Whether what was written may be lost by a restart of the store. Then what is older than `startedAt` must not be trusted to be unseen. */
  readonly forgets: boolean;
  /** Since when the store remembers, epoch ms. */
  startedAt(): Promise<number>;
  close(): Promise<void>;
}

/** The store did not answer in time or at all. Ours to mend, not the caller's: retryable. */
export class HotStateUnavailable extends Error {
  readonly code = 'hot_state_unavailable';
  constructor(cause: unknown) {
    super(`the hot-state store does not answer: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'HotStateUnavailable';
  }
}

/** Longest key, characters: keys are built of bounded parts; a longer one is a bug. */
export const maxKeyLength = 1_024;

/** Throws RangeError on a key or time no store should be asked for. */
export const checkEntry = (key: string, ttlMs?: number): void => {
  if (key.length === 0 || key.length > maxKeyLength) throw new RangeError(`a key has 1 to ${maxKeyLength} characters`);
  if (ttlMs !== undefined && !(Number.isSafeInteger(ttlMs) && ttlMs > 0)) throw new RangeError('a life is a positive number of milliseconds');
};
