import type { GovernedRecord, GrantClaims, ReceiptClaims, Reply } from '@countersign/contracts';
import type { PolicyCommand } from '../core/commands.ts';
import type { PartitionState } from '../core/state.ts';
import type { World } from '../core/world.ts';
import type { Desk } from './desk.ts';

/** One inbox record, as far as the processor looks at it. */
export interface InboxRecord { readonly offset: bigint; readonly partition: number }

/** What a record turned out to be: a proved message; one nobody can be held to (counted); bytes that are no message at all (dead letter). */
export type Admitted =
  | { readonly status: 'proved'; readonly command: PolicyCommand }
  | { readonly status: 'unproven'; readonly principal: string; readonly code: string }
  | { readonly status: 'dead'; readonly code: string; readonly detail: string };

/** Everything the processor of a partition needs from outside. `R` is the bus' record, `O` what it writes. */
export interface ProcessorPorts<R extends InboxRecord, O> {
  readonly tenant: string;
  readonly clock: () => number;
  /** The world as of `now`. `of`: the one that this batch began in: same rules and budgets, and what stops anything as it stands by now. */
  readonly world: (now: number, of?: World) => World;
  /** Resolves once every snapshot is live; rejects when that takes too long, so that the bus hands the batch out again. */
  readonly live: (signal: AbortSignal) => Promise<void>;
  readonly isLive: () => boolean;
  readonly verify: (record: R, now: number) => Admitted;
  /** Leases from wider budgets; what it has not leased is not allowed. */
  readonly leasing?: { before(commands: readonly PolicyCommand[], state: PartitionState, world: World): Promise<World> };
  /** Called with each batch before its records are verified one by one: a chance to do their signatures elsewhere meanwhile. */
  readonly ahead?: (records: readonly R[]) => Promise<void>;
  /** One signature over all; texts in order. */
  readonly sign: (claims: readonly (GrantClaims | ReceiptClaims)[]) => readonly string[];
  readonly governed: (record: GovernedRecord, partition: number) => O;
  readonly reply: (reply: Reply, to: { readonly id: string; readonly tenant: string; readonly now: number; readonly traceparent: string | null }) => O;
  readonly deadLetter: (record: R, code: string, detail: string) => O;
  /** Where the batches of all partitions of this process are worked at, one at a time. */
  readonly desk: Desk;
  /** Told of each batch how long it was worked at, ms. */
  readonly took?: (messages: number, ms: number) => void;
  /** Runs work in a span that continues the message's trace, and hands it the traceparent to go on with (W3C). */
  readonly traced: <T>(traceparent: string | null, work: (traceparent: string | null) => T) => T;
  readonly count?: (what: 'records' | 'replies' | 'unproven' | 'dead' | 'grants', n: number) => void;
}

/** A folded partition as it was stored. */
export interface Checkpoint { readonly state: PartitionState; /** Offset in governed at or before which the last folded record lies. */ readonly from: bigint }

/** Checkpoints of committed state. A store that fails costs time at the next takeover, never correctness. */
export interface CheckpointStore {
  load(partition: number): Promise<Checkpoint | undefined>;
  /** False where a newer one is there: this owner is not the owner any more. */
  save(partition: number, checkpoint: Checkpoint): Promise<boolean>;
  /** Forgets a checkpoint that does not belong to this log. */
  drop(partition: number): Promise<void>;
}

/** Counts budgets that span partitions. Every failure throws: without the ledger nothing is allowed against such a budget. */
export interface BudgetLedger {
  /** Makes `owner` the only one who may lease for the partition, and its leases what its records say: what no record names goes back. */
  own(partition: number, owner: string, recorded: readonly { readonly account: string; readonly leased: number; readonly until: number }[]): Promise<void>;
  /**
   * Leases what is needed, or what is left of the limit, and a little ahead; answers the partition's total by account.
   * Throws where somebody else has taken the partition over.
   */
  lease(partition: number, owner: string, wants: readonly { readonly account: string; readonly limit: number; readonly need: number; readonly until: number }[]): Promise<ReadonlyMap<string, number>>;
}
