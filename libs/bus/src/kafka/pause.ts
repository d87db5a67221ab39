/** Waits `ms`, or less when the signal is aborted. */
export const pause = (ms: number, signal?: AbortSignal): Promise<void> => new Promise((resolve) => {
  if (signal?.aborted === true) return resolve();
  const end = (): void => { clearTimeout(timer); signal?.removeEventListener('abort', end); resolve(); };
  const timer = setTimeout(end, ms);
  signal?.addEventListener('abort', end, { once: true });
});

/** 20 ms, doubled for each failure in a row, at most 2 s. */
export const backoffMs = (failures: number): number => Math.min(2_000, 20 * 2 ** Math.min(failures - 1, 10));
