import { rootAt, rootOf } from '@countersign/tamper-log';
import type { Sha256 } from '@countersign/tamper-log';
import type { SourceRecord } from '../core/entry.ts';
import { reconcile } from '../core/reconcile.ts';
import { append, sourceKey, unseen } from '../core/sequence.ts';
import type { LogState } from '../core/sequence.ts';
import { statementRecord, statementSource } from '../core/statement.ts';
import type { Statement } from '../core/statement.ts';
import { saidTwice } from '../core/incidents.ts';
import type { CheckpointKeeper, Entry, LogStore, PublishCheckpoint, SignCheckpoint, SignedHead } from './ports.ts';

export interface Sequencer {
  /** Resolves once these entries are in the log and covered by a signed checkpoint. Handing the same records in again adds nothing. */
  add(entries: readonly Entry[]): Promise<void>;
  /** Puts statements of audit's own on the record, and those that are due; none given, only the latter. */
  state(...statements: readonly Statement[]): Promise<void>;
  size(): number;
  /** Next offset of each source, by `topic/partition`, as of the last commit. */
  reached(): ReadonlyMap<string, bigint>;
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
  /** Most entries per transaction: FACTS 4 has 1,000–4,000 as the good range. */
  readonly maxBatch: number;
}

interface Waiting {
  readonly entries: readonly Entry[];
  readonly statements: readonly Statement[];
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** What this owner holds of the log. */
interface Held {
  readonly state: LogState;
  /** The last signed head, as its keeper has it. */
  readonly head: SignedHead | undefined;
  /** Whether the store has statements that are not on the record yet. */
  readonly due: boolean;
}

/**
 * The one writer of the log. Batches of all sources queue here and are taken together: index, leaf hashes, tiles, payloads and offsets
 * in one transaction, and a checkpoint signed only after that commit. A crash between the two loses a signature, never an entry: the next start signs.
 */
export const createSequencer = async (deps: SequencerDeps): Promise<Sequencer> => {
  const { store, keeper, sha256 } = deps;
  let held: Held | undefined = await take(deps);
  let reached = held.state.next;
  let waiting: Waiting[] = [];
  let running: Promise<void> | undefined;
  let closed = false;

  const checkpoint = async (state: LogState, head: SignedHead | undefined): Promise<SignedHead> => {
    const size = state.edge.size;
    const to: SignedHead = { size, ...deps.sign(size, rootOf(sha256, state.edge)) };
    const at = deps.now();
    await keeper.advance(deps.origin, head, to);
    await store.saveCheckpoint(size, to.note, at);
    await deps.publish({ size, root: to.root, note: to.note, at });
    return to;
  };

  /** Statements take the numbers after the last committed one, so they are made only here. */
  const stated = async (state: LogState, statements: readonly Statement[]): Promise<readonly Entry[]> => {
    if (statements.length === 0) return [];
    const first = state.next.get(sourceKey({ topic: statementSource, partition: 0 })) ?? 0n;
    return deps.prepare(statements.map((statement, i) => statementRecord(statement, first + BigInt(i), deps.now(), deps.tenant, deps.utf8)));
  };

  const write = async (batch: readonly Waiting[]): Promise<void> => {
    const current = held ?? await take(deps);
    held = undefined;
    // An empty hand-in asks to look: something else may have come to owe a statement.
    const due = current.due || batch.some((one) => one.entries.length + one.statements.length === 0) ? await store.due() : [];
    const statements = [...due, ...batch.flatMap((one) => one.statements)];
    const entries = [...unseen(current.state, batch.flatMap((one) => one.entries)), ...await stated(current.state, statements)];
    if (entries.length === 0) { held = current; return; }
    const appended = append(sha256, current.state, entries);
    const reconciled = reconcile(current.state.seen, entries);
    const state: LogState = { ...appended.state, seen: reconciled.seen };
    const owing = await store.append(current.state.edge.size, entries, appended.tiles, state, [...reconciled.owes, ...saidTwice(entries)], due.map(({ id }) => id));
    held = { state, head: await checkpoint(state, current.head), due: owing };
    reached = state.next;
    if (owing) enqueue({ entries: [], statements: [], done: () => undefined, failed: () => undefined });
  };

  const next = (): readonly Waiting[] => {
    let size = 0;
    let count = 0;
    while (count < waiting.length && (count === 0 || size + waiting[count]!.entries.length <= deps.maxBatch)) size += waiting[count++]!.entries.length;
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

  const enqueue = (one: Waiting): void => {
    waiting.push(one);
    running ??= drain();
  };
  const handIn = (entries: readonly Entry[], statements: readonly Statement[]): Promise<void> => new Promise((done, failed) => {
    if (closed) failed(new Error('the sequencer is closed'));
    else enqueue({ entries, statements, done, failed });
  });

  const begin = async (from: Held): Promise<Held> => (from.state.edge.size > 0 ? { ...from, head: await checkpoint(from.state, from.head) } : from);
  // An owner before may still have been signing its last batch: what it signed is read again.
  held = await begin(held).catch(async () => begin(await take(deps)));
  if (held.due) await handIn([], []);
  return {
    add: (entries) => handIn(entries, []),
    state: (...statements) => handIn([], statements),
    size: () => held?.state.edge.size ?? 0,
    reached: () => reached,
    close: async () => {
      closed = true;
      await running;
    },
  };
};

/** Takes the log over, refusing one that is behind or beside its last signed checkpoint: a restored backup must not fork it. */
const take = async ({ origin, store, keeper, sha256, sign }: SequencerDeps): Promise<Held> => {
  const state = await store.own();
  const head = await keeper.last(origin);
  if (head && head.size > state.edge.size) throw new Error(`the log has ${state.edge.size} entries, but a checkpoint of ${head.size} was signed: this database is an older copy. See services/audit/README.md, "A restored backup".`);
  if (head && head.size > 0 && head.root !== sign(head.size, await rootAt(sha256, store.readTile, head.size)).root) throw new Error(`the log's root at ${head.size} entries is not the one that was signed: it was changed.`);
  return { state, head, due: (await store.due()).length > 0 };
};
