import type { Pool, PoolClient } from 'pg';
import type { Bus } from '@countersign/bus';

export interface OutboxRelayOptions {
  readonly pool: Pool;
  readonly bus: Pick<Bus, 'publish'>;
  /** One relay per shard works at a time, in whatever process; the others wait for its lock. */
  readonly shard: string;
  /** Rows per publish. Default 200. */
  readonly batch?: number;
  /** How long it rests when the queue is empty, ms. Default 50. */
  readonly idleMs?: number;
  readonly onError?: (error: Error) => void;
}

export interface OutboxRelay {
  /** Looks at once instead of at the end of its rest: call it after an append. */
  wake(): void;
  stop(): Promise<void>;
}

interface Row { id: string; topic: string; key: string; value: Buffer | null; headers: Record<string, string> }

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

  const relay = async (client: PoolClient): Promise<number> => {
    const { rows } = await client.query<Row>('SELECT id, topic, key, value, headers FROM outbox ORDER BY id LIMIT $1', [batch]);
    if (rows.length === 0) return 0;
    await bus.publish(rows.map(({ topic, key, value, headers }) => ({ topic, key, value, headers })));
    await client.query('DELETE FROM outbox WHERE id = ANY($1::bigint[])', [rows.map((row) => row.id)]);
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
