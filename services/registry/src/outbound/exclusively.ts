import type { Pool } from 'pg';
import type { Exclusively } from '../app/ports.ts';

/** One at a time over all instances, by PostgreSQL's advisory locks. `pool` is for this alone: whoever waits holds a connection. */
export const createExclusively = (pool: Pool, tenant: string): Exclusively => async (name, work) => {
  const client = await pool.connect();
  let failed: Error | undefined;
  const lock = `countersign:registry:${tenant}:${name}`;
  try {
    await client.query("SET lock_timeout = '20s'");
    await client.query('SELECT pg_advisory_lock(hashtext($1))', [lock]);
    const done = await work();
    await client.query('SELECT pg_advisory_unlock(hashtext($1))', [lock]);
    return done;
  } catch (error) {
    failed = error as Error;
    throw error;
  } finally {
    // Where anything went wrong the connection ends, and the lock with it.
    client.release(failed);
  }
};
