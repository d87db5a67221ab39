import type { AnomalyLevel, Disposition, Finding } from '@countersign/contracts';
import { emptyPartition, take } from '../core/partition.ts';
import type { Entry, PartitionState, Told } from '../core/partition.ts';
import { assemble, partsOf, readPart } from './parts.ts';
import type { CheckpointStore } from './ports.ts';

/** An entry and the offset it stands at. */
export interface Placed { readonly offset: bigint; readonly entry: Entry }
export interface Said { readonly levels: readonly AnomalyLevel[]; readonly findings: readonly Finding[]; readonly dispositions: readonly Disposition[]; readonly forwards: Told['forwards'] }

/** The fold of one partition by its owner. */
export interface Scorer {
  /** What a batch makes the house be told. */
  handle(batch: readonly Placed[]): Said;
  /** After the commit of what lies below `next`: saves a checkpoint when one is due. */
  committed(next: bigint): Promise<void>;
  readonly state: PartitionState;
}

export interface ScorerOptions {
  readonly partition: number;
  /** Next input offset to be handled; what is below was committed and said. */
  readonly next: bigint;
  readonly store: CheckpointStore;
  /** Committed input from an offset up to `next`, in order. */
  readonly reread: (from: bigint, to: bigint) => AsyncIterable<readonly Placed[]>;
  /** Most actions folded between two checkpoints. */
  readonly every: number;
  /** A checkpoint that failed is no reason to stop: the topic has everything. */
  readonly onError: (error: Error) => void;
}

/** Takes a partition over: checkpoint, then the committed input behind it, so that the state is what the last owner had, bit for bit. */
export const openScorer = async (options: ScorerOptions): Promise<Scorer> => {
  const { partition, next, store, every } = options;
  const saved = await store.load(partition);
  // A checkpoint ahead of the group belongs to another topic of the same name: what it holds was never folded from this one.
  if (saved !== undefined && saved.next > next) await store.forget(partition);
  const usable = saved !== undefined && saved.next <= next ? saved : undefined;
  const state = usable === undefined ? emptyPartition() : assemble(usable.parts, usable.minute);
  let dirty = new Set<string>();
  let since = 0;

  const fold = (batch: readonly Placed[]): Said => {
    const levels: AnomalyLevel[] = [];
    const findings: Finding[] = [];
    const dispositions: Disposition[] = [];
    const forwards: Told['forwards'][number][] = [];
    for (const { offset, entry } of batch) {
      const told = take(state, entry, `${partition}-${offset}`);
      levels.push(...told.levels);
      findings.push(...told.findings);
      dispositions.push(...told.dispositions);
      forwards.push(...told.forwards);
      for (const part of partsOf(state, entry.tenant, told.touched)) dirty.add(part);
    }
    since += batch.length;
    return { levels, findings, dispositions, forwards };
  };

  const from = usable?.next ?? 0n;
  // What these actions say was said in the transaction that committed them.
  if (from < next) for await (const batch of options.reread(from, next)) fold(batch);

  return {
    state,
    handle: fold,
    committed: async (through) => {
      if (since < every) return;
      const changed = dirty;
      dirty = new Set();
      since = 0;
      try {
        await store.save(partition, { next: through, minute: state.minute, parts: new Map([...changed].flatMap((part) => { const held = readPart(state, part); return held === undefined ? [] : [[part, held]]; })) });
      } catch (error) {
        for (const part of changed) dirty.add(part);
        options.onError(error as Error);
      }
    },
  };
};
