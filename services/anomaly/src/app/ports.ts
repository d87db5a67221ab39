/** The folded state of a partition as of `next`: everything below was folded. */
export interface Checkpoint {
  readonly next: bigint;
  readonly minute: number;
  /** By name (parts.ts): plain data, typed arrays and maps. */
  readonly parts: ReadonlyMap<string, unknown>;
}

/** Keeps checkpoints of committed state. */
export interface CheckpointStore {
  /** undefined: none, or of another fold version. */
  load(partition: number): Promise<Checkpoint | undefined>;
  /** Saves what changed since the last checkpoint. False where the store is at or beyond `next` already: a checkpoint never goes back. */
  save(partition: number, checkpoint: Checkpoint): Promise<boolean>;
  /** Throws the checkpoint of a partition away. */
  forget(partition: number): Promise<void>;
}
