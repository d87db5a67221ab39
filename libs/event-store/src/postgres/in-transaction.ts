import type { Pool, PoolClient } from 'pg';

/**
 * Works in a transaction of its own: what `work` throws undoes all of it and is thrown on. A connection that does not even take the rollback is not
 * given back: the next one to use it would stand in somebody else's transaction.
 */
export const inTransaction = async <T>(pool: Pool, work: (client: PoolClient) => Promise<T>, isolation?: 'repeatable read'): Promise<T> => {
  const client = await pool.connect();
  let broken = false;
  try {
    await client.query(isolation === undefined ? 'begin' : `begin isolation level ${isolation}`);
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => { broken = true; });
    throw error;
  } finally {
    client.release(broken);
  }
};
