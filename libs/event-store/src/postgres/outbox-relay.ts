import type { Pool, PoolClient } from 'pg';
import type { Bus } from '@countersign/bus';

/** What the relay publishes. */
export interface Relayed { readonly topic: string; readonly key: string; readonly value: Buffer | null; readonly headers: Readonly<Record<string, string>>; readonly partition?: number }

/** Numbers messages of some topics densely within each partition, so that whoever reads them sees that one is missing. */
export interface Numbering {
  /** The partition that a message goes to; undefined where those of its topic are not numbered. */
  partitionOf(message: Relayed): number | undefined;
  /** The message with its number on it, signed (again). */
  numbered(message: Relayed, number: number): Relayed;
}

export interface OutboxRelayOptions {
  readonly pool: Pool;
  readonly bus: Pick<Bus, 'publish'>;
  /** One relay per shard works at a time, in whatever process; the others wait for its lock. */
  readonly shard: string;
  /** Rows per publish. Default 200. */
  readonly batch?: number;
  /** How long it rests when the queue is empty, ms. Default 50. */
  readonly idleMs?: number;
  readonly numbering?: Numbering;
  readonly onError?: (error: Error) => void;
}

export interface OutboxRelay {
  /** Looks at once instead of at the end of its rest: call it after an append. */
  wake(): void;
  stop(): Promise<void>;
}

interface Row { id: string; topic: string; key: string; value: Buffer | null; headers: Record<string, string>; /** On the first row: the numbers so far. */ numbers: Record<string, number> | null }

/** The lowest rows, and the numbers so far: one round trip, for what stops something waits for it. */
const nextRows = `
  SELECT id, topic, key, value, headers, CASE WHEN row_number() OVER (ORDER BY id) = 1 THEN (SELECT jsonb_object_agg(source, next) FROM outbox_sent) END AS numbers
  FROM (SELECT * FROM outbox ORDER BY id LIMIT $1) AS lowest ORDER BY id`;

/**
 * Publishes the outbox: under an advisory lock it takes the lowest rows, publishes, and deletes them after the acknowledgement.
 * It remembers no position, so a transaction that commits late is not overtaken (FACTS 4). At least once; a stream's rows are in
 * order, for its second append waits for the first's commit.
 */
export const startOutboxRelay = (options: OutboxRelayOptions): OutboxRelay => {
  const { pool, bus, shard, batch = 200, idleMs = 50 } = options;
  let stopped = false;
  let wakeUp = (): void => undefined;
  let woken = false;

  const rest = (ms: number): Promise<void> => new Promise((resolve) => {
    if (stopped || woken) { woken = false; resolve(); return; }
    const over = (): void => {
      clearTimeout(timer);
      // From here on a wake counts for the next rest: it may be about a row that this look at the queue comes too early for.
      wakeUp = () => undefined;
      woken = false;
      resolve();
    };
    const timer = setTimeout(over, ms);
    wakeUp = over;
  });

  /** Messages with their numbers, and the next number of each partition that they go to. @param known the numbers so far */
  const number = (messages: readonly Relayed[], known: Readonly<Record<string, number>>): { readonly messages: readonly Relayed[]; readonly next: ReadonlyMap<string, number> } => {
    const { numbering } = options;
    const partitions = messages.map((message) => numbering?.partitionOf(message));
    const sources = messages.map(({ topic }, i) => `${topic}/${partitions[i]}`);
    const next = new Map<string, number>();
    if (numbering === undefined || partitions.every((one) => one === undefined)) return { messages, next };
    return {
      messages: messages.map((message, i) => {
        const partition = partitions[i];
        if (partition === undefined) return message;
        const source = sources[i]!;
        const at = next.get(source) ?? known[source] ?? 0;
        next.set(source, at + 1);
        return { ...numbering.numbered(message, at), partition };
      }),
      next,
    };
  };

  const relay = async (client: PoolClient): Promise<number> => {
    const { rows } = await client.query<Row>(nextRows, [batch]);
    if (rows.length === 0) return 0;
    const { messages, next } = number(rows.map(({ topic, key, value, headers }) => ({ topic, key, value, headers })), rows[0]!.numbers ?? {});
    await bus.publish(messages);
    // Together: a crash before this publishes the same rows under the same numbers again.
    await client.query(`WITH gone AS (DELETE FROM outbox WHERE id = ANY($1::bigint[]))
      INSERT INTO outbox_sent (source, next) SELECT * FROM unnest($2::text[], $3::bigint[]) ON CONFLICT (source) DO UPDATE SET next = excluded.next`, [rows.map((row) => row.id), [...next.keys()], [...next.values()]]);
    return rows.length;
  };

  const work = async (): Promise<void> => {
    const client = await pool.connect();
    let broken: Error | undefined;
    // A connection that dies while it rests tells it here; unheard, that would end the process.
    const onError = (error: Error): void => { broken = error; };
    client.on('error', onError);
    try {
      while (!stopped && broken === undefined) {
        const { rows } = await client.query<{ mine: boolean }>('SELECT pg_try_advisory_lock(hashtext($1)) AS mine', [`countersign:outbox:${shard}`]);
        if (rows[0]!.mine) break;
        await rest(500);
      }
      while (!stopped && broken === undefined) if ((await relay(client)) === 0) await rest(idleMs);
    } finally {
      client.off('error', onError);
      // Destroyed, not returned: the lock belongs to the connection.
      client.release(true);
    }
    if (broken !== undefined) throw broken;
  };

  const running = (async () => {
    while (!stopped) {
      try { await work(); } catch (error) {
        options.onError?.(error as Error);
        await rest(500);
      }
    }
  })();

  return {
    wake: () => { woken = true; wakeUp(); },
    stop: async () => { stopped = true; wakeUp(); await running; },
  };
};
