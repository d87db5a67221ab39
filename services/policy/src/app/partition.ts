import type { PartitionState } from '../core/state.ts';
import type { CheckpointStore } from './ports.ts';

/** When to store the folded state again. */
export interface CheckpointPace { readonly everyRecords: number; readonly everyMs: number }

/**
 * Stores committed state now and then. The state is serialised at once (it changes with the next batch) and written without
 * anybody waiting; one write at a time. A failure is told and costs only time at the next takeover.
 */
export const checkpointing = (store: CheckpointStore, partition: number, pace: CheckpointPace, clock: () => number, offsetOf: (position: number) => bigint, onProblem: (error: Error) => void) => {
  let stored = 0;
  let at = clock();
  let writing = false;
  return (state: PartitionState): void => {
    if (writing || state.position === stored) return;
    if (state.position - stored < pace.everyRecords && clock() - at < pace.everyMs) return;
    writing = true;
    stored = state.position;
    at = clock();
    store.save(partition, { state, from: offsetOf(state.position - 1) })
      .then((kept) => { if (!kept) onProblem(new Error(`a newer checkpoint of partition ${partition} is there: another process owns it`)); }, onProblem)
      .finally(() => { writing = false; });
  };
};
