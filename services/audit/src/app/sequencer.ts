import { leafHash, rootAt, rootOf } from '@countersign/tamper-log';
import type { Sha256 } from '@countersign/tamper-log';
import type { SourceRecord } from '../core/entry.ts';
import { append, unseen } from '../core/sequence.ts';
import type { LogState } from '../core/sequence.ts';
import type { CheckpointKeeper, Entry, LogStore, PublishCheckpoint, SignCheckpoint } from './ports.ts';

export interface Sequencer {
  /** Resolves once these records are in the log and covered by a signed checkpoint. Handing the same records in again adds nothing. */
  add(sources: readonly SourceRecord[]): Promise<void>;
  size(): number;
  /** Lets the batch in hand finish; what came later is not taken. */
  close(): Promise<void>;
}

interface Deps {
  readonly store: LogStore;
  readonly keeper: CheckpointKeeper;
  readonly sha256: Sha256;
  readonly toEntry: (source: SourceRecord) => Entry;
  readonly sign: SignCheckpoint;
  readonly publish: PublishCheckpoint;
  readonly now: () => number;
  /** Most entries per transaction: FACTS 4 has 1,000–4,000 as the good range. */
  readonly maxBatch: number;
}

interface Waiting {
  readonly sources: readonly SourceRecord[];
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * The one writer of the log. Batches of all sources queue here and are taken together: index, leaf hashes, tiles, payloads and offsets
 * in one transaction, and a checkpoint signed only after that commit. A crash between the two loses a signature, never an entry: the next start signs.
 */
export const createSequencer = async (deps: Deps): Promise<Sequencer> => {
  const { store, keeper, sha256 } = deps;
  let state: LogState | undefined = await take(deps);
  let waiting: Waiting[] = [];
  let running: Promise<void> | undefined;
  let closed = false;

  const checkpoint = async (current: LogState): Promise<void> => {
    const size = current.edge.size;
    const { note, root } = deps.sign(size, rootOf(sha256, current.edge));
    const at = deps.now();
    await keeper.advance(size, root);
    await store.saveCheckpoint(size, note, at);
    await deps.publish({ size, root, note, at });
  };

  const write = async (batch: readonly Waiting[]): Promise<void> => {
    const current = state ?? await take(deps);
    state = undefined;
    const sources = unseen(current, batch.flatMap((one) => one.sources));
    if (sources.length === 0) { state = current; return; }
    const entries = sources.map(deps.toEntry);
    const appended = append(sha256, current, sources, entries.map((entry) => leafHash(sha256, entry.leaf)));
    await store.append(current.edge.size, entries, appended.tiles, appended.state);
    await checkpoint(appended.state);
    state = appended.state;
  };

  const next = (): readonly Waiting[] => {
    let size = 0;
    let count = 0;
    while (count < waiting.length && (count === 0 || size + waiting[count]!.sources.length <= deps.maxBatch)) size += waiting[count++]!.sources.length;
    const batch = waiting.slice(0, count);
    waiting = waiting.slice(count);
    return batch;
  };

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = next();
      try {
        await write(batch);
        for (const one of batch) one.done();
      } catch (error) {
        for (const one of batch) one.failed(error);
      }
    }
    running = undefined;
  };

  if (state.edge.size > 0) await checkpoint(state);
  return {
    add: (sources) => new Promise((done, failed) => {
      if (closed) { failed(new Error('the sequencer is closed')); return; }
      waiting.push({ sources, done, failed });
      running ??= drain();
    }),
    size: () => state?.edge.size ?? 0,
    close: async () => {
      closed = true;
      await running;
    },
  };
};

/** Takes the log over, refusing one that is behind or beside its last signed checkpoint: a restored backup must not fork it. */
const take = async ({ store, keeper, sha256, sign }: Deps): Promise<LogState> => {
  const state = await store.own();
  const last = await keeper.last();
  if (last && last.size > state.edge.size) throw new Error(`the log has ${state.edge.size} entries, but a checkpoint of ${last.size} was signed: this database is an older copy. See services/audit/README.md, "A restored backup".`);
  if (last && last.size > 0 && last.root !== sign(last.size, await rootAt(sha256, store.readTile, last.size)).root) throw new Error(`the log's root at ${last.size} entries is not the one that was signed: it was changed.`);
  return state;
};
