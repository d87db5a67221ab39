import type { Pool, PoolClient } from 'pg';
import type { Append, Appended, EventStore, OutboxMessage } from '../port.ts';
import { inTransaction } from './in-transaction.ts';
import { writeAll } from './write-all.ts';

const uniqueViolation = '23505';

/**
 * The event store on PostgreSQL; its tables come from migrateEventStore.
 * @param appended told as soon as an append was committed: wakes the relay of its outbox, so that what stops something does not wait for read models
 */
export const createPostgresEventStore = (pool: Pool, appended: () => void = () => undefined): EventStore => ({
  append: (append) => telling(appended, unlessConflict<Appended>(() => write(pool, append), async () => ({ status: 'conflict', version: await versionOf(pool, append.stream) }))),
  appendAll: (appends) => telling(appended, unlessConflict(() => inTransaction(pool, (client) => writeAll(client, appends, writeOutbox)), async () => ({ status: 'conflict', stream: appends[0]!.stream }))),
  load: async (stream) => {
    const { rows } = await pool.query<{ version: number; type: string; data: Buffer; at: string; by: string }>({
      name: 'event-load', text: 'SELECT version, type, data, at, by FROM event WHERE stream = $1 ORDER BY version', values: [stream],
    });
    const events = rows.map((row) => ({ version: row.version, type: row.type, data: JSON.parse(row.data.toString('utf8')) as unknown, at: Number(row.at), by: row.by }));
    return { events, version: events.at(-1)?.version ?? 0 };
  },
  streams: async (prefix) => {
    const { rows } = await pool.query<{ stream: string }>('SELECT stream FROM event WHERE version = 1 AND starts_with(stream, $1) ORDER BY stream', [prefix]);
    return rows.map((row) => row.stream);
  },
  heads: async (prefix) => {
    const { rows } = await pool.query<{ stream: string; version: number }>('SELECT stream, max(version) AS version FROM event WHERE starts_with(stream, $1) GROUP BY stream', [prefix]);
    return new Map(rows.map((row) => [row.stream, row.version]));
  },
});

const telling = async <T extends { readonly status: string }>(appended: () => void, appending: Promise<T>): Promise<T> => {
  const outcome = await appending;
  if (outcome.status === 'ok') appended();
  return outcome;
};

/** `conflict` answers where another writer was first. */
const unlessConflict = async <T>(work: () => Promise<T>, conflict: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if ((error as { code?: string }).code === uniqueViolation) return conflict();
    throw error;
  }
};

const versionOf = async (db: Pool, stream: string): Promise<number> => {
  const { rows } = await db.query<{ version: number }>('SELECT coalesce(max(version), 0)::int AS version FROM event WHERE stream = $1', [stream]);
  return rows[0]!.version;
};

/** Events and outbox are one statement, and so one transaction and one round trip: what stops something waits for each of them. */
const appendText = `
  WITH head AS (SELECT coalesce(max(version), 0)::int AS version FROM event WHERE stream = $1),
  said AS (
    INSERT INTO outbox (topic, key, value, headers)
    SELECT topic, key, value, headers FROM head, unnest($7::text[], $8::text[], $9::bytea[], $10::jsonb[]) WITH ORDINALITY AS new (topic, key, value, headers, n) WHERE head.version = $2 ORDER BY n),
  happened AS (
    INSERT INTO event (stream, version, type, data, at, by)
    SELECT $1, $2 + n, type, data, $3, $4 FROM head, unnest($5::text[], $6::bytea[]) WITH ORDINALITY AS new (type, data, n) WHERE head.version = $2)
  SELECT version FROM head`;

const write = async (pool: Pool, { stream, expectedVersion, events, outbox, at, by }: Append): Promise<Appended> => {
  const { rows } = await pool.query<{ version: number }>({
    name: 'event-append', text: appendText,
    values: [stream, expectedVersion, at, by, events.map((event) => event.type), events.map((event) => Buffer.from(JSON.stringify(event.data))), ...columnsOf(outbox)],
  });
  const { version } = rows[0]!;
  return version === expectedVersion ? { status: 'ok', version: expectedVersion + events.length } : { status: 'conflict', version };
};

const columnsOf = (messages: readonly OutboxMessage[]) => [messages.map((m) => m.topic), messages.map((m) => m.key), messages.map((m) => m.value), messages.map((m) => JSON.stringify(m.headers))] as const;

/** Writes outbox rows in the caller's transaction, in order. */
export const writeOutbox = async (client: Pick<PoolClient, 'query'>, messages: readonly OutboxMessage[]): Promise<void> => {
  await client.query(
    'INSERT INTO outbox (topic, key, value, headers) SELECT topic, key, value, headers FROM unnest($1::text[], $2::text[], $3::bytea[], $4::jsonb[]) WITH ORDINALITY AS new (topic, key, value, headers, n) ORDER BY n',
    [...columnsOf(messages)],
  );
};
