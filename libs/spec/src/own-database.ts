import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** A database that nobody else sees, on the PostgreSQL of the tests. */
export interface OwnDatabase {
  readonly url: string;
  /** Drops it, whoever is still connected. */
  close(): Promise<void>;
}

/** Makes an empty one. @param what goes before its name, for whoever finds it left over */
export const openOwnDatabase = async (what: string): Promise<OwnDatabase> => {
  const server = process.env['CS_TEST_POSTGRES'];
  if (server === undefined) throw new Error('CS_TEST_POSTGRES is not set: run this through npm test, which starts PostgreSQL');
  const name = `${what}_${randomBytes(5).toString('hex')}`;
  const say = async (statement: string): Promise<void> => {
    const client = new pg.Client(server);
    await client.connect();
    try { await client.query(statement); } finally { await client.end(); }
  };
  await say(`create database ${name}`);
  return { url: Object.assign(new URL(server), { pathname: `/${name}` }).href, close: () => say(`drop database if exists ${name} with (force)`) };
};
