import type { GovernedRecord } from '@countersign/contracts';
import { evolve } from '../core/evolve.ts';
import type { PartitionState } from '../core/state.ts';
import type { Folding } from '../core/world.ts';

/** What stands at one offset of the governed log; where it is no record, why. */
export type GovernedEntry = { readonly offset: bigint; readonly record: GovernedRecord } | { readonly offset: bigint; readonly record: null; readonly why: string };

/** Records that are none of policy's: how many, and the first few. */
export interface Skipped { count: number; readonly first: string[] }
const told = 5;

const remedy = 'Policy takes over nothing that it cannot prove whole. Let policy alone write this topic (contracts/topics.yaml), and restore the topic from a backup that has every record';

/**
 * Folds a governed log into `state` in dense order. Policy is its only writer, so whatever is no record, or stands where none of policy's can, is somebody else's: it is
 * skipped and counted. What would make a hole is not: `whole` throws while records stand beyond one that is missing.
 */
export const folder = (state: PartitionState, folding: Folding, skipped: Skipped = { count: 0, first: [] }) => {
  let beyond: { readonly position: number; readonly offset: bigint } | undefined;
  const skip = (offset: bigint, why: string): false => {
    if (skipped.count++ < told) skipped.first.push(`offset ${offset}: ${why}`);
    return false;
  };
  return {
    skipped,
    /** Whether it was folded. */
    fold: (entry: GovernedEntry): boolean => {
      const { offset, record } = entry;
      if (record === null) return skip(offset, entry.why);
      const { position } = record;
      // Each record takes one offset at least: none of policy's stands before its own position.
      if (BigInt(position) > offset) return skip(offset, `no record of policy can have the position ${position} there`);
      if (position < state.position) return skip(offset, `the position ${position} once more`);
      if (position > state.position) {
        if (beyond === undefined || position > beyond.position) beyond = { position, offset };
        return skip(offset, `the position ${position} where ${state.position} was next`);
      }
      try {
        evolve(state, record, folding);
      } catch (error) {
        throw new Error(`the governed record at offset ${offset} (position ${position}, ${record.kind}) cannot be folded: ${(error as Error).message}. ${remedy}`, { cause: error });
      }
      return true;
    },
    whole: (): void => {
      if (beyond !== undefined && beyond.position >= state.position) throw new Error(`governed position ${beyond.position} stands at offset ${beyond.offset}, and ${state.position} is nowhere before it: records are missing, or somebody else wrote them. ${remedy}`);
    },
  };
};
