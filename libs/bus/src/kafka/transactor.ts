import type { Client } from './client.ts';
import { commitOffset, endTransaction, enlistsByItself } from './enlisting.ts';
import { failureType } from './failures.ts';
import type { Framed } from './framing.ts';
import { pause } from './pause.ts';
import { produceRequest, produceTo } from './producing.ts';
import type { Going, Stands } from './producing.ts';
import type { RawBroker, RawCluster, Transactional } from './raw-cluster.ts';
import { place } from './record.ts';
import type { Round } from './record.ts';

/** One request to one broker, encoded. */
interface Request { readonly leader: number; readonly targets: readonly { readonly topic: string; readonly partition: number }[]; readonly body: Framed }

/** The one transactional producer of an input partition. After any failure it is good for nothing but `abandon`. */
export interface Transactor {
  /** Writes all rounds, and the input's next offset if given, in one transaction. Resolves once it is committed, with where each batch went. */
  commit(rounds: readonly (readonly Round[])[], next?: bigint): Promise<readonly Stands[]>;
  abandon(): Promise<void>;
}

const longestAbortMs = 2_000;
const longestTurnMs = 10_000;
const leastBuffer = 65_536;
const passing = new Set(['CONCURRENT_TRANSACTIONS', 'GROUP_LOAD_IN_PROGRESS', 'GROUP_COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR_FOR_GROUP']);

/** Asks again while the coordinator is still busy, which says that nothing was done: with writing the markers of the transaction before (about a millisecond), or with loading. */
const persist = async <T>(ask: () => Promise<T>, may: (type: string | undefined) => boolean): Promise<T> => {
  const until = Date.now() + longestTurnMs;
  for (let attempt = 0; ; attempt += 1) {
    try { return await ask(); } catch (error) {
      if (!may(failureType(error)) || Date.now() > until) throw error;
      await pause(Math.min(50, 1 + attempt / 4));
    }
  }
};
/** Waits for it, succeed or fail, but not for ever. */
const atMost = async (ms: number, ending: Promise<unknown>): Promise<void> => {
  const over = new AbortController();
  await Promise.race([ending.catch(() => undefined), pause(ms, over.signal)]);
  over.abort();
};
const busy = (type: string | undefined): boolean => type === 'CONCURRENT_TRANSACTIONS';

const leaderOf = (cluster: RawCluster, topic: string, partition: number): number => {
  const leader = cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition)?.leader;
  if (leader === undefined || leader < 0) throw new Error(`${topic}/${partition} has no leader just now`);
  return leader;
};

/**
 * Fences every older owner of (group, partition) and ends its open transaction: when this resolves, the committed offset is final (DESIGN 6).
 * The requests of a transaction are sent by ourselves, each once: nothing that may have been written is ever sent again (FACTS 2), and
 * coordinators are looked up once instead of before each request (ADR 0002).
 */
export const takeOver = async (client: Client, group: string, input: string, partition: number, outputs: readonly string[]): Promise<Transactor> => {
  const transactionalId = `${group}-${partition}`;
  const timeoutMs = client.config.requestTimeoutMs ?? 10_000;
  const cluster = await client.open(outputs);
  const sequences = new Map<string, number>();
  let coordinator: RawBroker | undefined;
  let groupCoordinator: RawBroker | undefined;
  let identity: Transactional;
  /** Whether writes and offsets enlist what they touch; else each is declared before. */
  let enlisting = false;
  let open = false;
  let broken: unknown;
  let turn: Promise<unknown> = Promise.resolve();
  let underWay = 0;

  const abandon = async (): Promise<void> => {
    broken ??= new Error(`the transactions of ${transactionalId} were given up`);
    if (open) await atMost(longestAbortMs, end(false));
    await atMost(longestAbortMs, cluster.disconnect());
  };

  // Only one transaction is under way, and it ends after all its requests were answered: its buffers serve the next one.
  const buffers: Buffer[] = [];
  const room = (nth: number) => (bytes: number): Buffer => {
    if ((buffers[nth]?.length ?? 0) < bytes) buffers[nth] = Buffer.allocUnsafe(Math.max(bytes, leastBuffer));
    return buffers[nth]!;
  };

  /** At once, in the order in which they will be sent: what waits for the broker waits as bytes. */
  const encoded = (rounds: readonly (readonly Round[])[]): readonly Request[][] => {
    let nth = 0;
    return rounds.map((round) => {
      const going = round.flatMap(({ topic, placed }) => [...Map.groupBy(placed, (one) => one.partition)].map(([at, records]): Going => {
        const key = `${topic}/${at}`;
        const sequence = sequences.get(key) ?? 0;
        sequences.set(key, (sequence + records.length) % 2 ** 31);
        return { topic, partition: at, records, sequence };
      }));
      return [...Map.groupBy(going, ({ topic, partition: at }) => leaderOf(cluster, topic, at))].map(([leader, batches]): Request => ({
        leader, targets: batches.map(({ topic, partition: at }) => ({ topic, partition: at })),
        body: produceRequest(enlisting ? 12 : 7, transactionalId, { producerId: BigInt(identity.producerId), epoch: identity.producerEpoch }, timeoutMs, batches, Date.now(), room(nth++)),
      }));
    });
  };

  const declare = async (topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[]): Promise<void> => {
    if (!enlisting && topics.length > 0) await persist(() => coordinator!.addPartitionsToTxn({ ...identity, topics }), busy);
  };

  /** A batch that was taken before others were told to come again is known by its sequence: it is answered, not written, the second time. */
  const send = async (requests: readonly Request[]): Promise<readonly Stands[]> =>
    (await Promise.all(requests.map(async ({ leader, body }) => {
      const broker = await cluster.findBroker(leader);
      return enlisting ? persist(() => produceTo(broker, 12, body), busy) : produceTo(broker, 7, body);
    }))).flat();

  const advance = async (next: bigint): Promise<void> => {
    groupCoordinator ??= await cluster.findCoordinator('group', group);
    if (enlisting) return persist(() => commitOffset(groupCoordinator!, identity, group, { topic: input, partition, next }), busy);
    await persist(() => coordinator!.addOffsetsToTxn({ ...identity, groupId: group }), busy);
    await groupCoordinator.txnOffsetCommit({ ...identity, groupId: group, topics: [{ topic: input, partitions: [{ partition, offset: next.toString() }] }] });
  };

  const end = async (commit: boolean): Promise<void> => {
    if (enlisting) {
      identity = await persist(() => endTransaction(coordinator!, identity, commit), busy);
      sequences.clear();
    } else await coordinator!.endTxn({ ...identity, transactionResult: commit });
    open = false;
  };

  const write = async (rounds: readonly (readonly Request[])[], next?: bigint): Promise<readonly Stands[]> => {
    if (broken !== undefined) throw broken;
    open = true;
    const targets = Map.groupBy(rounds.flat().flatMap((one) => one.targets), ({ topic }) => topic);
    const topics = [...targets].map(([topic, parts]) => ({ topic, partitions: [...new Set(parts.map((one) => one.partition))] }));
    await declare(topics);
    const sending = (async () => {
      const written: Stands[] = [];
      for (const round of rounds) written.push(...await send(round));
      return written;
    })();
    const [sent, advanced] = await Promise.allSettled([sending, next === undefined ? undefined : advance(next)]);
    if (sent.status === 'rejected') throw sent.reason;
    if (advanced.status === 'rejected') throw advanced.reason;
    await end(true);
    return sent.value;
  };

  const initialise = (): Promise<typeof identity> => persist(async () => {
    coordinator = await cluster.findCoordinator('transaction', transactionalId);
    const { producerId, producerEpoch } = await coordinator.initProducerId({ transactionalId, transactionTimeout: client.config.transactionTimeoutMs ?? 15_000 });
    return { transactionalId, producerId, producerEpoch };
  }, (type) => passing.has(type ?? ''));

  /**
   * Takes soundings: a transaction over all outputs and the group's offset, given up at once. A broker that has just come back may answer with
   * ends and offsets of some moments ago, and what it has not shown would be done twice (measured: test/faults/bus-broker-killed.spec.ts).
   * When the markers of this one are written everywhere, everything before them can be seen. Nothing of it remains.
   */
  const sound = async (): Promise<void> => {
    open = true;
    await declare(outputs.map((topic) => ({ topic, partitions: [partition] })));
    const soundings = outputs.map((topic) => ({ topic, placed: [place({ topic, key: 'sounding', value: Buffer.alloc(0), partition }, partition + 1, 1_000)] }));
    await send(encoded([soundings])[0]!);
    await advance(0n);
    await end(false);
    // Answered only once the markers are written.
    identity = await initialise();
    sequences.clear();
  };

  try {
    identity = await initialise();
    enlisting = client.config.declareTransactions !== true && await enlistsByItself(coordinator!);
    await sound();
  } catch (error) {
    await abandon();
    throw error;
  }
  return {
    commit: (rounds, next) => {
      let left: typeof rounds | undefined = rounds;
      const begin = async (): Promise<readonly Stands[]> => {
        try {
          const requests = encoded(left!);
          left = undefined; // held through the commit, the records would be copied by every collection meanwhile
          return await write(requests, next);
        } catch (error) {
          broken ??= error;
          throw error;
        }
      };
      const mine = underWay === 0 ? begin() : turn.then(begin);
      underWay += 1;
      turn = mine.catch(() => undefined).finally(() => { underWay -= 1; });
      return mine;
    },
    abandon,
  };
};
