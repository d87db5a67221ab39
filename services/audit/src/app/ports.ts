import type { ReadTile, TileRun } from '@countersign/tamper-log';
import type { SourceRecord } from '../core/entry.ts';
import type { Account } from '../core/reconcile.ts';
import type { RetentionClass } from '../core/retention.ts';
import type { LogState } from '../core/sequence.ts';
import type { Statement } from '../core/statement.ts';

/** One line of the log, ready to be stored: hashed, and its payload sealed. */
export interface Entry {
  readonly source: SourceRecord;
  readonly leaf: Uint8Array;
  /** The leaf's hash in the tree. */
  readonly hash: Uint8Array;
  /** SHA-256 of what was said, type and value: the same id with another digest is an incident. */
  readonly digest: Uint8Array;
  /** What it accounts for, of a governed record. */
  readonly account: Account | null;
  readonly run: string | null;
  readonly action: string | null;
  readonly retention: RetentionClass;
  readonly payload: SealedPayload;
}

/** Salt and plaintext under the data key of their subject. */
export interface SealedPayload {
  /** Id of the data key; destroying that key erases the payload. */
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** The log is not where this sequencer left it: another took it over, or the batch that this one was built on was not committed. It must be read again. */
export class Fenced extends Error {
  constructor() {
    super('the log is not where this sequencer left it: another owns it now, or the batch before was not committed');
    this.name = 'Fenced';
  }
}

/** A statement that the store found owing in a commit, and that must still be put on the record. */
export interface DueStatement extends Statement {
  readonly id: bigint;
}

/** Where the log is kept. One sequencer writes, fenced by an epoch. */
export interface LogStore {
  /** Takes the log over (older owners are fenced) and gives the committed state, and whether it is what audit committed itself: `none` where it never said so. */
  own(): Promise<{ readonly state: LogState; readonly word: 'holds' | 'none' | 'broken' }>;
  /** From then on the state as it is counts as audit's own word. */
  vouch(state: LogState): Promise<void>;
  /**
   * Entries from `first` on, tiles, payloads, offsets and the new edge in one transaction, with the statements that this owes and without those settled.
   * Batches are committed one after the other, in the order they come. Rejects with Fenced where the log does not end at `first` or another owner came.
   * @returns whether statements are due now
   */
  append(first: number, entries: readonly Entry[], tiles: readonly TileRun[], state: LogState, owes: readonly Statement[], settled: readonly bigint[]): Promise<boolean>;
  due(): Promise<readonly DueStatement[]>;
  readonly readTile: ReadTile;
  /** Largest size of which a checkpoint was stored here; 0: none. */
  signed(): Promise<number>;
  saveCheckpoint(size: number, note: string, at: number): Promise<void>;
}

/** A checkpoint that was signed. */
export interface SignedHead {
  readonly size: number;
  /** Base64. */
  readonly root: string;
  readonly note: string;
  /** Whether the log's state carried audit's word (core/own-word.ts) when it was signed: from then on one without is refused. */
  readonly vouched?: boolean;
}

/** Remembers the last signed checkpoint of each log apart from the log's database and its backups, so that a restored backup cannot fork it unnoticed. */
export interface CheckpointKeeper {
  last(origin: string): Promise<SignedHead | undefined>;
  /** Compare-and-swap: rejects where the last one is not `from`. */
  advance(origin: string, from: SignedHead | undefined, to: SignedHead): Promise<void>;
}

/** Starts of a log that were refused for one reason (app/take.ts), epoch ms. */
export interface RefusedStarts { readonly code: string; readonly first: number; readonly last: number; readonly times: number }

/** Remembers refused starts where the last head is, for they cannot be put on the record of a log that is not taken over: its heir's, or its own once it is mended, says so. */
export interface RefusalNotes {
  note(origin: string, code: string, at: number): Promise<void>;
  of(origin: string): Promise<readonly RefusedStarts[]>;
  clear(origin: string): Promise<void>;
}

/** Signs a checkpoint of the log: text of a C2SP signed note. */
export type SignCheckpoint = (size: number, root: Uint8Array) => { readonly note: string; readonly root: string };

export type PublishCheckpoint = (checkpoint: { readonly size: number; readonly root: string; readonly note: string; readonly at: number }) => Promise<void>;
