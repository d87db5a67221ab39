import type { PoolClient } from 'pg';
import type { Append, AppendedAll, OutboxMessage } from '../port.ts';

/** Rows of one statement: a whole import as one parameter would be copied several times over. */
const atOnce = 1_000;
const parts = <T>(items: readonly T[]): T[][] => Array.from({ length: Math.ceil(items.length / atOnce) }, (_, i) => items.slice(i * atOnce, (i + 1) * atOnce));

/** Writes to many streams in the caller's transaction. Streams are taken in sorted order, so two imports do not wait for each other in a circle. */
export const writeAll = async (client: PoolClient, appends: readonly Append[], writeOutbox: (client: PoolClient, messages: readonly OutboxMessage[]) => Promise<void>): Promise<AppendedAll> => {
  const sorted = [...appends].sort((a, b) => (a.stream < b.stream ? -1 : 1));
  for (const part of parts(sorted)) {
    const { rows } = await client.query<{ stream: string; version: number }>('SELECT stream, max(version) AS version FROM event WHERE stream = ANY($1::text[]) GROUP BY stream', [part.map(({ stream }) => stream)]);
    const heads = new Map(rows.map((row) => [row.stream, row.version]));
    const other = part.find(({ stream, expectedVersion }) => (heads.get(stream) ?? 0) !== expectedVersion);
    // All are looked at before anything is written.
    if (other !== undefined) return { status: 'conflict', stream: other.stream };
  }
  const events = sorted.flatMap(({ stream, expectedVersion, events: own, at, by }) => own.map((event, i) => ({ stream, version: expectedVersion + 1 + i, event, at, by })));
  for (const part of parts(events)) {
    await client.query(
      'INSERT INTO event (stream, version, type, data, at, by) SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::bytea[], $5::bigint[], $6::text[])',
      [part.map((one) => one.stream), part.map((one) => one.version), part.map(({ event }) => event.type), part.map(({ event }) => Buffer.from(JSON.stringify(event.data))), part.map((one) => one.at), part.map((one) => one.by)]);
  }
  for (const part of parts(appends.flatMap(({ outbox }) => outbox))) await writeOutbox(client, part);
  return { status: 'ok' };
};
