import type { ReadTile, TileRun } from '@countersign/tamper-log';
import type { SourceRecord } from '../core/entry.ts';
import type { LogState } from '../core/sequence.ts';

/** One line of the log, ready to be stored. */
export interface Entry {
  readonly source: SourceRecord;
  readonly leaf: Uint8Array;
  readonly salt: Uint8Array;
  readonly run: string | null;
  readonly action: string | null;
}

/** Another sequencer took the log over: this one must stop writing. */
export class Fenced extends Error {
  constructor() {
    super('another sequencer owns the log now');
    this.name = 'Fenced';
  }
}

/** Where the log is kept. One sequencer writes, fenced by an epoch. */
export interface LogStore {
  /** Takes the log over (older owners are fenced) and gives the committed state. */
  own(): Promise<LogState>;
  /** Entries from `first` on, tiles, payloads, offsets and the new edge in one transaction. Rejects with Fenced where another owner came. */
  append(first: number, entries: readonly Entry[], tiles: readonly TileRun[], state: LogState): Promise<void>;
  readonly readTile: ReadTile;
  saveCheckpoint(size: number, note: string, at: number): Promise<void>;
}

/** Remembers the last signed checkpoint apart from the log's database, so that a restored backup cannot fork the log unnoticed. */
export interface CheckpointKeeper {
  last(): Promise<{ readonly size: number; readonly root: string } | undefined>;
  /** Refuses (rejects) a smaller tree, or another root at the same size. */
  advance(size: number, root: string): Promise<void>;
}

/** Signs a checkpoint of the log: text of a C2SP signed note. */
export type SignCheckpoint = (size: number, root: Uint8Array) => { readonly note: string; readonly root: string };

export type PublishCheckpoint = (checkpoint: { readonly size: number; readonly root: string; readonly note: string; readonly at: number }) => Promise<void>;
