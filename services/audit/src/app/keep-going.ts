export interface KeptGoing { stop(): Promise<void> }

/** Resolves after a while, or at once when the signal says so; never rejects. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

/** Something that goes first: while it is busy, four fifths of the time are left to it. */
export interface First {
  busy(): boolean;
  /** Milliseconds. */
  now(): number;
}

/**
 * One step after another while there is something to do, then again a moment later. Behind or broken, it holds nothing else up.
 * @param step how many it did; rejects where it has to be tried again, later each time up to half a minute
 */
export const keepGoing = (step: () => Promise<number>, wait: Wait, onError: (error: Error) => void, first?: First): KeptGoing => {
  const stopping = new AbortController();
  const run = async (): Promise<void> => {
    for (let failures = 0; !stopping.signal.aborted;) {
      try {
        const began = first?.now() ?? 0;
        const taken = await step();
        failures = 0;
        if (taken === 0) await wait(200, stopping.signal);
        else if (first?.busy()) await wait(4 * (first.now() - began), stopping.signal);
      } catch (error) {
        if (stopping.signal.aborted) return;
        onError(error as Error);
        await wait(Math.min(30_000, 500 * 2 ** failures++), stopping.signal);
      }
    }
  };
  const running = run();
  return { stop: async () => { stopping.abort(); await running; } };
};

/** Steps between two rounds, at the pace of one step each: a short log is not gone round all the time. */
const restSteps = 60;

/**
 * Goes round and round at a pace that costs little, and stands still while something more urgent is busy.
 * @param patrol `step` resolves with whether it ended a round
 */
export const keepPatrolling = (patrol: { step(): Promise<boolean> }, wait: Wait, paceMs: number, busy: () => boolean, onError: (error: Error) => void): KeptGoing => {
  const stopping = new AbortController();
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await wait(paceMs, stopping.signal);
      if (stopping.signal.aborted || busy()) continue;
      const ended = await patrol.step().catch((error: Error) => { if (!stopping.signal.aborted) onError(error); return false; });
      if (ended) await wait(restSteps * paceMs, stopping.signal);
    }
  };
  const running = run();
  return { stop: async () => { stopping.abort(); await running; } };
};
