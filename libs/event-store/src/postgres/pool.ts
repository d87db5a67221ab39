import { Pool } from 'pg';

export interface PoolOptions {
  readonly connectionString: string;
  /** Most connections. Default 10. */
  readonly max?: number;
  readonly onError?: (error: Error) => void;
}

/**
 * A pool that survives its connections: one that the server ends, idle or in hand, tells it by an `error` event, which ends the
 * process where nobody listens. A query on it rejects besides, so nothing is swallowed.
 */
export const openPool = (options: PoolOptions): Pool => {
  const { onError = () => undefined, ...config } = options;
  const pool = new Pool({ max: 10, connectionTimeoutMillis: 5_000, ...config });
  pool.on('error', onError);
  pool.on('connect', (client) => { client.on('error', onError); });
  return pool;
};
