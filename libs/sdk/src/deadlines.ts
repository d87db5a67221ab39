/** Many time-outs on one timer, which exists only while something waits. */
export interface Deadlines {
  /** Calls `act` once `time` (epoch ms) has come; the returned function takes it back. */
  at(time: number, act: () => void): () => void;
  /** Resolves after so many ms. */
  delay(ms: number): Promise<void>;
  readonly waiting: number;
}

/** @param tickMs how coarse; a deadline fires up to this much late, never early */
export const createDeadlines = (now: () => number, tickMs = 20): Deadlines => {
  const entries = new Set<{ readonly time: number; readonly act: () => void }>();
  let timer: ReturnType<typeof setInterval> | undefined;
  const rest = (): void => {
    if (entries.size > 0 || timer === undefined) return;
    clearInterval(timer);
    timer = undefined;
  };
  const tick = (): void => {
    const time = now();
    for (const entry of entries) {
      if (entry.time > time) continue;
      entries.delete(entry);
      entry.act();
    }
    rest();
  };
  const at = (time: number, act: () => void): (() => void) => {
    const entry = { time, act };
    entries.add(entry);
    timer ??= setInterval(tick, tickMs);
    return () => {
      entries.delete(entry);
      rest();
    };
  };
  return { at, delay: (ms) => new Promise((resolve) => { at(now() + ms, resolve); }), get waiting() { return entries.size; } };
};
