import type { GovernedOwned, GovernedRecord } from '@countersign/contracts';
import { evolve } from '../core/evolve.ts';
import { initialState } from '../core/state.ts';
import type { PartitionState } from '../core/state.ts';
import type { Folding } from '../core/world.ts';
import type { CheckpointStore } from './ports.ts';

/** The governed log of one partition that this process has just fenced everybody else out of. */
export interface GovernedLog {
  /** Committed records with their offsets, from (inclusive) on; to (exclusive), or all there are. */
  read(from: bigint, to?: bigint): AsyncIterable<readonly { readonly offset: bigint; readonly record: GovernedRecord }[]>;
  append(record: GovernedRecord): Promise<bigint>;
}

export interface TakenOver {
  readonly state: PartitionState;
  /** Offset at or before the record with this position: each record takes at least one. */
  readonly offsetOf: (position: number) => bigint;
  readonly folded: number;
  readonly from: 'checkpoint' | 'start';
}

/**
 * Folds a partition as a new owner: checkpoint and tail where the checkpoint fits this log, else everything; then puts the
 * `partition.owned` marker behind it and folds what lies up to the marker. Dense positions prove that nothing came between.
 */
export const takeOver = async (log: GovernedLog, checkpoints: CheckpointStore, options: { readonly partition: number; readonly owner: string; readonly tenant: string; readonly now: number; readonly folding: Folding; readonly onProblem?: (error: Error) => void }): Promise<TakenOver> => {
  const { folding, partition } = options;
  let from: TakenOver['from'] = 'checkpoint';
  let folded = await fromCheckpoint(log, checkpoints, partition, folding).catch(async (error: unknown) => {
    options.onProblem?.(error as Error);
    await checkpoints.drop(partition).catch((second: Error) => options.onProblem?.(second));
    return undefined;
  });
  if (folded === undefined) {
    from = 'start';
    const state = initialState();
    let next = 0n;
    let count = 0;
    for await (const batch of log.read(0n)) {
      for (const { offset, record } of batch) {
        evolve(state, record, folding);
        next = offset + 1n;
        count++;
      }
    }
    folded = { state, next, count };
  }
  const { state } = folded;
  const marker: GovernedOwned = {
    position: state.position, tenant: options.tenant, run: null, agent: null, inbox: null, now: Math.max(options.now, state.lastNow), seq: null, traceparent: null, kind: 'partition.owned', owner: options.owner,
  };
  const offset = await log.append(marker);
  // Anything between would have taken the marker's position, and evolve refuses that.
  for await (const batch of log.read(folded.next, offset)) for (const { record } of batch) evolve(state, record, folding);
  evolve(state, marker, folding);
  return { state, from, folded: folded.count, offsetOf: (position) => offset + BigInt(position - marker.position) };
};

const fromCheckpoint = async (log: GovernedLog, checkpoints: CheckpointStore, partition: number, folding: Folding): Promise<{ state: PartitionState; next: bigint; count: number } | undefined> => {
  const checkpoint = await checkpoints.load(partition);
  if (checkpoint === undefined) return undefined;
  const { state } = checkpoint;
  const last = { position: state.position - 1, now: state.lastNow };
  let next = checkpoint.from;
  let count = 0;
  let fits = false;
  for await (const batch of log.read(checkpoint.from)) {
    for (const { offset, record } of batch) {
      next = offset + 1n;
      if (record.position < last.position) continue;
      if (!fits) {
        // The last record it holds must be in this log, or it is a checkpoint of another one (topics were made anew, a backup came back).
        if (record.position !== last.position || record.now !== last.now) throw new Error(`the checkpoint of partition ${partition} does not fit the log: everything is folded`);
        fits = true;
        continue;
      }
      evolve(state, record, folding);
      count++;
    }
  }
  if (!fits) throw new Error(`the checkpoint of partition ${partition} is ahead of the log: everything is folded`);
  return { state, next, count };
};
