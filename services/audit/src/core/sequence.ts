import { appendLeaves } from '@countersign/tamper-log';
import type { Sha256, TileRun, TreeEdge } from '@countersign/tamper-log';
import type { SourceRecord } from './entry.ts';
import type { HeldOnRecord } from './holds.ts';
import type { Seen } from './reconcile.ts';

/** All that the sequencer must remember between batches; equal to what its store committed last. */
export interface LogState {
  readonly edge: TreeEdge;
  /** Next offset to take, by `topic/partition`. */
  readonly next: ReadonlyMap<string, bigint>;
  /** How far the governed stream is reconciled, by the same names. */
  readonly seen: ReadonlyMap<string, Seen>;
  /** Legal holds that were placed on the record and not released there. */
  readonly holds: readonly HeldOnRecord[];
}

export const sourceKey = (source: Pick<SourceRecord, 'topic' | 'partition'>): string => `${source.topic}/${source.partition}`;

interface FromSource { readonly source: SourceRecord }

/**
 * Leaves out what was committed before: a record below its source's next offset. Also within the batch, so that a batch handed out twice adds nothing.
 * Kafka's offsets have gaps (transaction markers), so a jump forward is no sign of loss; the dense governed positions are.
 */
export const unseen = <Line extends FromSource>(state: LogState, lines: readonly Line[]): readonly Line[] => {
  const next = new Map(state.next);
  return lines.filter(({ source }) => {
    const key = sourceKey(source);
    if (source.offset < (next.get(key) ?? 0n)) return false;
    next.set(key, source.offset + 1n);
    return true;
  });
};

/** The state after a batch of unseen lines (but for `seen`), and the tile hashes to write. Indices are `state.edge.size` onwards, in order. */
export const append = (sha256: Sha256, state: LogState, lines: readonly (FromSource & { readonly hash: Uint8Array })[]): { readonly state: LogState; readonly tiles: readonly TileRun[] } => {
  const { edge, tiles } = appendLeaves(sha256, state.edge, lines.map(({ hash }) => hash));
  const next = new Map(state.next);
  for (const { source } of lines) next.set(sourceKey(source), source.offset + 1n);
  return { state: { ...state, edge, next }, tiles };
};
