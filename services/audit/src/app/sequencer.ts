import { rootOf } from '@countersign/tamper-log';
import type { Sha256 } from '@countersign/tamper-log';
import type { SourceRecord } from '../core/entry.ts';
import { holdsAfter } from '../core/holds.ts';
import type { HeldOnRecord } from '../core/holds.ts';
import { reconcile } from '../core/reconcile.ts';
import { append, sourceKey, unseen } from '../core/sequence.ts';
import type { LogState } from '../core/sequence.ts';
import { statementRecord, statementSource } from '../core/statement.ts';
import type { Statement } from '../core/statement.ts';
import { saidTwice } from '../core/incidents.ts';
import { take } from './take.ts';
import type { CheckpointKeeper, Entry, LogStore, PublishCheckpoint, SignCheckpoint, SignedHead } from './ports.ts';

/**
 * Hand-ins of one source that come one behind the other, before the first is written. Where one fails, none behind it is taken: the log would go on
 * behind what is missing, and pass it over when it is handed in again.
 */
export interface Following { broken: boolean }

export interface Sequencer {
  /** Resolves once these entries are in the log and covered by a signed checkpoint. Handing the same records in again adds nothing. @param following those of its source that were handed in before, where it did not wait for them */
  add(entries: readonly Entry[], following?: Following): Promise<void>;
  /** Puts statements of audit's own on the record, and those that are due; none given, only the latter. */
  state(...statements: readonly Statement[]): Promise<void>;
  size(): number;
  /** Next offset of each source, by `topic/partition`, as of the last commit. */
  reached(): ReadonlyMap<string, bigint>;
  /** Legal holds on the record, as of the last commit. */
  holds(): readonly HeldOnRecord[];
  /** Whether batches are being written or wait for it. */
  busy(): boolean;
  /** Lets the batch in hand finish; what came later is not taken. */
  close(): Promise<void>;
}

export interface SequencerDeps {
  readonly origin: string;
  readonly tenant: string;
  readonly store: LogStore;
  readonly keeper: CheckpointKeeper;
  readonly sha256: Sha256;
  readonly utf8: (text: string) => Uint8Array;
  /** Sanitises, seals and hashes; only audit's own statements come this way, records are prepared before they are added. */
  readonly prepare: (sources: readonly SourceRecord[]) => Promise<readonly Entry[]>;
  readonly sign: SignCheckpoint;
  readonly publish: PublishCheckpoint;
  readonly now: () => number;
  /** Most entries per transaction, where more than one hand-in waits. More at once is a little cheaper, and makes all of them wait for the last. */
  readonly maxBatch: number;
  /** Root (base64) of the last signed head, from elsewhere: accepted where its keeper lost it. */
  readonly accept?: string | undefined;
}

/** Payloads of one transaction, where more than one hand-in waits: what is written at once lies in memory. */
const maxBatchBytes = 16 * 1024 * 1024;

interface Waiting {
  readonly following?: Following | undefined;
  readonly entries: readonly Entry[];
  readonly statements: readonly Statement[];
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** What a batch made of the log. */
interface Written {
  readonly batch: readonly Waiting[];
  readonly state: LogState;
  /** Whether the store has statements that are not on the record yet; once the batch is committed. */
  readonly owing: Promise<boolean>;
}

/**
 * The one writer of the log. Batches of all sources queue here and are taken together: index, leaf hashes, tiles, payloads and offsets
 * in one transaction, and a checkpoint signed only after that commit. A crash between the two loses a signature, never an entry: the next start signs.
 * While one batch is being committed the next is made ready on top of it, and what was committed is signed beside both: where a commit fails,
 * the store refuses what was built on it (`first` is not its size), and everything is read again.
 */
export const createSequencer = async (deps: SequencerDeps): Promise<Sequencer> => {
  const { store, keeper, sha256 } = deps;
  /** The log after the last batch handed to the store; undefined when that is not known. */
  let held: { readonly state: LogState; readonly due: boolean } | undefined;
  /** The last signed head, as its keeper has it. */
  let head: SignedHead | undefined;
  /** The size under the last checkpoint that was kept, stored and published. */
  let covered = 0;
  /** Next offsets as of the last commit. */
  let reached: ReadonlyMap<string, bigint> = new Map();
  let holds: readonly HeldOnRecord[] = [];
  let waiting: Waiting[] = [];
  /** Whether the last batch handed to the store was committed; what is read afresh stands on committed ground. */
  let before: Promise<boolean> = Promise.resolve(true);
  let unsigned: { readonly state: LogState; readonly batch: readonly Waiting[] }[] = [];
  let running: Promise<void> | undefined;
  let signing: Promise<void> | undefined;
  /** That somebody named the last signed head, for the record. */
  let accepted: readonly Statement[] = [];
  let closed = false;

  const fail = (batch: readonly Waiting[], error: unknown): void => {
    held = undefined;
    for (const one of batch) {
      if (one.following) one.following.broken = true;
      one.failed(error);
    }
  };
  /** Without what follows something that failed. */
  const unbroken = (batch: readonly Waiting[]): readonly Waiting[] => batch.filter((one) => {
    if (one.following?.broken) one.failed(new Error('what came before it was not written'));
    return !one.following?.broken;
  });

  const checkpoint = async ({ edge }: LogState): Promise<void> => {
    const { size } = edge;
    const to = head?.size === size && head.vouched ? head : { size, ...deps.sign(size, rootOf(sha256, edge)), vouched: true };
    const at = deps.now();
    if (to !== head) await keeper.advance(deps.origin, head, to);
    head = to;
    await store.saveCheckpoint(size, to.note, at);
    await deps.publish({ size, root: to.root, note: to.note, at });
    covered = size;
  };

  /** One signature for all that was committed since the last. */
  const signAll = async (): Promise<void> => {
    // Never over before `signing` names it.
    await undefined;
    while (unsigned.length > 0) {
      const committed = unsigned;
      unsigned = [];
      try {
        const { state } = committed.at(-1)!;
        if (state.edge.size > covered) await checkpoint(state);
        for (const { batch } of committed) for (const one of batch) one.done();
      } catch (error) {
        for (const { batch } of committed) fail(batch, error);
      }
    }
    signing = undefined;
  };
  const sign = (state: LogState, batch: readonly Waiting[]): void => {
    unsigned.push({ state, batch });
    signing ??= signAll();
  };

  /** Owns the log (again), and signs what is committed but not signed. Nothing may be under way. */
  const own = async (): Promise<NonNullable<typeof held>> => {
    await signing;
    const { state, due, ...taken } = await take(deps);
    accepted = [...accepted, ...taken.accepted];
    before = Promise.resolve(true);
    head = taken.head;
    covered = 0;
    [reached, holds] = [state.next, state.holds];
    if (state.edge.size > 0) await checkpoint(state);
    return { state, due };
  };

  /** Statements take the numbers after the last committed one, so they are made only here. */
  const stated = async (state: LogState, statements: readonly Statement[]): Promise<readonly Entry[]> => {
    if (statements.length === 0) return [];
    const first = state.next.get(sourceKey({ topic: statementSource, partition: 0 })) ?? 0n;
    return deps.prepare(statements.map((statement, i) => statementRecord(statement, first + BigInt(i), deps.now(), deps.tenant, deps.utf8)));
  };

  /** Hands a batch to the store on top of the one before, which may still be under way. */
  const write = async (taken: readonly Waiting[]): Promise<Written> => {
    if (held === undefined) {
      await before;
      held = await own();
    }
    // An empty hand-in asks to look: something else may have come to owe a statement. What the batch before settles must not be stated again.
    const look = held.due || taken.some((one) => one.entries.length + one.statements.length === 0);
    if (look) await before;
    const current = held ?? (held = await own());
    const due = look ? await store.due() : [];
    // Not before here: from now on the store refuses what is built on something that fails.
    const batch = unbroken(taken);
    const statements = [...due, ...batch.flatMap((one) => one.statements)];
    const entries = [...unseen(current.state, batch.flatMap((one) => one.entries)), ...await stated(current.state, statements)];
    if (entries.length === 0) {
      if (look) held = { ...current, due: false };
      // What is here already may be in the batch before, which may still fail: nothing is signed that is not committed.
      return { batch, state: current.state, owing: before.then((committed) => { if (!committed) throw new Error('the batch before it was not committed'); return false; }) };
    }
    const appended = append(sha256, current.state, entries);
    const reconciled = reconcile(current.state.seen, entries);
    const state: LogState = { ...appended.state, seen: reconciled.seen, holds: holdsAfter(current.state.holds, statements, deps.now()) };
    held = { state, due: false };
    return { batch, state, owing: store.append(current.state.edge.size, entries, appended.tiles, state, [...reconciled.owes, ...saidTwice(entries)], due.map(({ id }) => id)) };
  };

  const next = (): readonly Waiting[] => {
    let size = 0, bytes = 0, count = 0;
    for (const { entries } of waiting) {
      size += entries.length;
      bytes += entries.reduce((sum, { payload }) => sum + payload.bytes.length, 0);
      if (count > 0 && (size > deps.maxBatch || bytes > maxBatchBytes)) break;
      count += 1;
    }
    const batch = waiting.slice(0, count);
    waiting = waiting.slice(count);
    return batch;
  };

  const drain = async (): Promise<void> => {
    const land = async ({ batch, state, owing }: Written): Promise<boolean> => {
      try {
        if (await owing) enqueue({ entries: [], statements: [], done: () => undefined, failed: () => undefined });
        [reached, holds] = [state.next, state.holds];
        sign(state, batch);
        return true;
      } catch (error) {
        fail(batch, error);
        return false;
      }
    };
    do {
      while (waiting.length > 0) {
        const batch = next();
        try {
          const landing = land(await write(batch));
          // Two at most: one that is being committed and one that is ready.
          await before;
          before = landing;
        } catch (error) {
          fail(batch, error);
        }
      }
      await before;
    } while (waiting.length > 0);
    running = undefined;
  };

  const enqueue = (one: Waiting): void => {
    waiting.push(one);
    running ??= drain();
  };
  const handIn = (entries: readonly Entry[], statements: readonly Statement[], following?: Following): Promise<void> => new Promise((done, failed) => {
    if (closed) failed(new Error('the sequencer is closed'));
    else enqueue({ entries, statements, following, done, failed });
  });

  // An owner before may still have been signing its last batch: what it signed is read again.
  held = await own().catch(own);
  if (held.due || accepted.length > 0) await handIn([], accepted);
  return {
    add: (entries, following) => handIn(entries, [], following),
    state: (...statements) => handIn([], statements),
    size: () => covered,
    reached: () => reached,
    holds: () => holds,
    busy: () => running !== undefined,
    close: async () => {
      closed = true;
      await running;
      await signing;
    },
  };
};
