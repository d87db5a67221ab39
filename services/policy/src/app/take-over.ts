import type { GovernedOwned, GovernedRecord } from '@countersign/contracts';
import { evolve } from '../core/evolve.ts';
import { initialState } from '../core/state.ts';
import type { PartitionState } from '../core/state.ts';
import type { Folding } from '../core/world.ts';
import { folder } from './folding.ts';
import type { GovernedEntry, Skipped } from './folding.ts';
import type { CheckpointStore } from './ports.ts';

/** The governed log of one partition that this process has just fenced everybody else out of. */
export interface GovernedLog {
  /** What is committed, from (inclusive) on; to (exclusive), or all there is. */
  read(from: bigint, to?: bigint): AsyncIterable<readonly GovernedEntry[]>;
  append(record: GovernedRecord): Promise<bigint>;
}

export interface TakenOver {
  readonly state: PartitionState;
  /** Offset at or before the record with this position: each record takes at least one. */
  readonly offsetOf: (position: number) => bigint;
  readonly folded: number;
  /** What stood in the log and is none of policy's. */
  readonly skipped: Skipped;
  readonly from: 'checkpoint' | 'start';
}

/**
 * Folds a partition as a new owner: checkpoint and tail where the checkpoint fits this log, else everything; then puts the
 * `partition.owned` marker behind it and folds what lies up to the marker. Dense positions prove that nothing came between; throws
 * where one is missing.
 */
export const takeOver = async (log: GovernedLog, checkpoints: CheckpointStore, options: { readonly partition: number; readonly owner: string; readonly tenant: string; readonly now: number; readonly folding: Folding; readonly onProblem?: (error: Error) => void }): Promise<TakenOver> => {
  const { folding, partition } = options;
  let from: TakenOver['from'] = 'checkpoint';
  let misfit = false;
  let folded = await fromCheckpoint(log, checkpoints, partition, folding).catch((error: unknown) => {
    options.onProblem?.(error as Error);
    misfit = true;
    return undefined;
  });
  if (folded === undefined) {
    from = 'start';
    const state = initialState();
    const { fold, whole, skipped } = folder(state, folding);
    let next = 0n;
    let count = 0;
    for await (const batch of log.read(0n)) {
      for (const entry of batch) {
        if (fold(entry)) count++;
        next = entry.offset + 1n;
      }
    }
    whole();
    folded = { state, next, count, skipped };
    // Not before the log has shown that it can do without: it may be the only copy of what the log has forgotten.
    if (misfit) await checkpoints.drop(partition).catch((error: Error) => options.onProblem?.(error));
  }
  const { state } = folded;
  const marker: GovernedOwned = {
    position: state.position, tenant: options.tenant, run: null, agent: null, inbox: null, now: Math.max(options.now, state.lastNow), seq: null, traceparent: null, kind: 'partition.owned', owner: options.owner,
  };
  const offset = await log.append(marker);
  // Anything between would have taken the marker's position, and evolve refuses that.
  const between = folder(state, folding, folded.skipped);
  for await (const batch of log.read(folded.next, offset)) for (const entry of batch) between.fold(entry);
  evolve(state, marker, folding);
  between.whole();
  return { state, from, folded: folded.count, skipped: folded.skipped, offsetOf: (position) => offset + BigInt(position - marker.position) };
};

const fromCheckpoint = async (log: GovernedLog, checkpoints: CheckpointStore, partition: number, folding: Folding): Promise<{ state: PartitionState; next: bigint; count: number; skipped: Skipped } | undefined> => {
  const checkpoint = await checkpoints.load(partition);
  if (checkpoint === undefined) return undefined;
  const { state } = checkpoint;
  const last = { position: state.position - 1, now: state.lastNow };
  const { fold, whole, skipped } = folder(state, folding);
  let next = checkpoint.from;
  let count = 0;
  let fits = false;
  for await (const batch of log.read(checkpoint.from)) {
    for (const entry of batch) {
      const { offset, record } = entry;
      next = offset + 1n;
      if (!fits && record !== null) {
        if (record.position < last.position) continue;
        // The last record it holds must be in this log, or it is a checkpoint of another one (topics were made anew, a backup came back).
        if (record.position !== last.position || record.now !== last.now) throw new Error(`the checkpoint of partition ${partition} does not fit the log: everything is folded`);
        fits = true;
      } else if (fold(entry)) count++;
    }
  }
  if (!fits) throw new Error(`the checkpoint of partition ${partition} is ahead of the log: everything is folded`);
  whole();
  return { state, next, count, skipped };
};
