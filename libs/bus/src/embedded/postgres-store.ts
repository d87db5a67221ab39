import pg from 'pg';
import { BusError } from '../errors.ts';
import type { BusMessage } from '../port.ts';
import { byteaArray, intArray } from './binary-array.ts';
import { listen } from './listen.ts';
import { schema } from './schema.ts';
import type { LogStore } from './store.ts';
import { createWake, groupKey } from './store.ts';

interface Topic { readonly id: number; readonly name: string; readonly partitions: number; readonly maxMessageBytes: number }
interface RecordRow { low: string; next: string; offset: string | null; at: string; key: Buffer; value: Buffer | null; headers: Buffer }

const coded = (error: unknown): unknown => {
  const code = (error as { code?: string }).code;
  if (code === 'CSF01') return new BusError('fenced', 'another member owns the partition');
  if (code === 'CSF02') return new BusError('partition_wrong', (error as Error).message);
  return error;
};

/** The log in PostgreSQL (schema `bus`). Every write is one statement. */
export const createPostgresStore = async (connectionString: string, log: (message: string) => void): Promise<LogStore> => {
  const pool = new pg.Pool({ connectionString, max: 10, application_name: 'countersign-bus', keepAlive: true, connectionTimeoutMillis: 10_000 });
  pool.on('error', (error) => log(`bus: an idle connection broke: ${error.message}`));
  try {
    await pool.query(schema);
  } catch (error) {
    await pool.end();
    throw error;
  }
  const known = new Map<string, Topic>();
  const names = new Map<number, string>();
  const wake = createWake();
  const listener = listen(connectionString, wake, (id) => names.get(id), log);

  const topicOf = async (name: string): Promise<Topic> => {
    const held = known.get(name);
    if (held !== undefined) return held;
    const { rows } = await pool.query<{ id: number; partitions: number; max_bytes: number }>('SELECT id, partitions, max_bytes FROM bus.topic WHERE name = $1', [name]);
    const row = rows[0];
    if (row === undefined) throw new BusError('topic_unknown', `topic ${name} does not exist; create it with ensureTopics`);
    const topic = { id: row.id, name, partitions: row.partitions, maxMessageBytes: row.max_bytes };
    known.set(name, topic);
    names.set(row.id, name);
    return topic;
  };
  const notifyGroup = (group: string, id: number) => pool.query(`SELECT pg_notify('countersign_bus', $1)`, [`g/${id}/${group}`]);
  const id = async (name: string): Promise<number> => (await topicOf(name)).id;

  const maintenance = setInterval(() => {
    pool.query('SELECT bus.maintain()').catch((error: unknown) => log(`bus: maintenance failed: ${(error as Error).message}`));
  }, 30_000);
  maintenance.unref();

  return {
    wake,
    topic: topicOf,
    ensureTopics: async (topics) => {
      for (const { name, partitions, compacted, retentionMs, maxMessageBytes } of topics) {
        const { rows } = await pool.query<{ partitions: number }>(
          `WITH made AS (INSERT INTO bus.topic (name, partitions, compacted, retention_ms, max_bytes) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (name) DO UPDATE SET compacted = $3, retention_ms = $4, max_bytes = $5 WHERE bus.topic.partitions = $2 RETURNING id, partitions),
           parts AS (INSERT INTO bus.partition (topic, partition) SELECT id, generate_series(0, partitions - 1) FROM made ON CONFLICT DO NOTHING)
           SELECT partitions FROM made`, [name, partitions, compacted, retentionMs, maxMessageBytes]);
        if (rows.length === 0) throw new BusError('topic_partitions_differ', `topic ${name} exists with another number of partitions than ${partitions}; a different number is a new topic version`);
        known.delete(name);
      }
    },
    ends: async (name) => {
      const { rows } = await pool.query<{ next: string }>('SELECT next FROM bus.partition WHERE topic = $1 ORDER BY partition', [await id(name)]);
      return rows.map((row) => BigInt(row.next));
    },
    append: async (records, guard) => {
      const ids: number[] = [];
      for (const record of records) ids.push(known.get(record.topic)?.id ?? await id(record.topic));
      const claim = guard?.claim;
      const { rows } = await pool.query<{ t: number; p: number; base: string }>({
        name: 'bus-append',
        text: 'SELECT * FROM bus.append($1, $2::int, $3::int, $4, $5::bigint, $6::bigint, $7::int[], $8::int[], $9::bytea[], $10::bytea[], $11::bytea[])',
        values: [
          claim?.group ?? null, claim === undefined ? null : await id(claim.topic), claim?.partition ?? null, claim?.member ?? null, claim?.epoch.toString() ?? null, guard?.next?.toString() ?? null,
          intArray(ids), intArray(records.map((record) => record.partition)), byteaArray(records.map((record) => Buffer.from(record.key))),
          byteaArray(records.map((record) => record.value)), byteaArray(records.map((record) => Buffer.from(JSON.stringify(record.headers)))),
        ],
      }).catch((error: unknown) => { throw coded(error); });
      const next = new Map(rows.map((row) => [`${row.t}/${row.p}`, BigInt(row.base)]));
      return records.map((record, i) => {
        const place = `${ids[i]}/${record.partition}`;
        const offset = next.get(place)!;
        next.set(place, offset + 1n);
        return offset;
      });
    },
    read: async (topic, partition, from, limit) => {
      const { rows } = await pool.query<RecordRow>({
        name: 'bus-read',
        text: `SELECT b.low, b.next, r."offset", r.at, r.key, r.value, r.headers FROM bus.partition b LEFT JOIN LATERAL
          (SELECT * FROM bus.record WHERE topic = b.topic AND partition = b.partition AND "offset" >= $3 ORDER BY "offset" LIMIT $4) r ON true
          WHERE b.topic = $1 AND b.partition = $2 ORDER BY r."offset"`,
        values: [await id(topic), partition, from.toString(), limit],
      });
      if (rows[0] === undefined) throw new BusError('partition_wrong', `topic ${topic} has no partition ${partition}`);
      const messages = rows.filter((row) => row.offset !== null).map((row): BusMessage => ({
        topic, partition, offset: BigInt(row.offset!), timestamp: Number(row.at), key: row.key.toString(), value: row.value, headers: JSON.parse(row.headers.toString()) as Record<string, string>,
      }));
      return { low: BigInt(rows[0].low), end: BigInt(rows[0].next), messages };
    },
    begin: async (group, topic, from) => {
      await pool.query(`INSERT INTO bus.claim ("group", topic, partition, committed)
        SELECT $1, topic, partition, CASE WHEN $3 THEN next ELSE low END FROM bus.partition WHERE topic = $2 ON CONFLICT DO NOTHING`, [group, await id(topic), from === 'now']);
    },
    renew: async (group, topic, member, leaseMs) => {
      const topicId = await id(topic);
      const { rows } = await pool.query<{ joined: boolean; members: string[]; held: number[] }>({
        name: 'bus-renew',
        text: `WITH me AS (INSERT INTO bus.member VALUES ($1, $2, $3, clock_timestamp() + $4 * interval '1 ms')
            ON CONFLICT ("group", topic, member) DO UPDATE SET until = excluded.until RETURNING (xmax = 0) AS joined),
          mine AS (UPDATE bus.claim SET until = clock_timestamp() + $4 * interval '1 ms' WHERE "group" = $1 AND topic = $2 AND member = $3 RETURNING partition)
          SELECT (SELECT joined FROM me) AS joined, array(SELECT partition FROM mine) AS held,
            array(SELECT member FROM bus.member WHERE "group" = $1 AND topic = $2 AND member <> $3 AND until > clock_timestamp()) AS members`,
        values: [group, topicId, member, leaseMs],
      });
      if (rows[0]!.joined) await notifyGroup(group, topicId);
      return { members: [...rows[0]!.members, member], held: rows[0]!.held };
    },
    acquire: async (group, topic, partition, member, leaseMs) => {
      const { rows } = await pool.query<{ epoch: string; committed: string }>(
        `UPDATE bus.claim SET member = $4, epoch = epoch + 1, until = clock_timestamp() + $5 * interval '1 ms'
         WHERE "group" = $1 AND topic = $2 AND partition = $3 AND (member IS NULL OR member = $4 OR until < clock_timestamp()) RETURNING epoch, committed`,
        [group, await id(topic), partition, member, leaseMs]);
      return rows[0] === undefined ? undefined : { epoch: BigInt(rows[0].epoch), next: BigInt(rows[0].committed) };
    },
    position: async ({ group, topic, partition, member, epoch }) => {
      // Locking waits out a commit of ours whose answer was lost.
      const { rows } = await pool.query<{ committed: string }>('SELECT committed FROM bus.claim WHERE "group" = $1 AND topic = $2 AND partition = $3 AND member = $4 AND epoch = $5 FOR UPDATE',
        [group, await id(topic), partition, member, epoch.toString()]);
      return rows[0] === undefined ? undefined : BigInt(rows[0].committed);
    },
    release: async ({ group, topic, partition, member, epoch }) => {
      const topicId = await id(topic);
      await pool.query('UPDATE bus.claim SET member = NULL WHERE "group" = $1 AND topic = $2 AND partition = $3 AND member = $4 AND epoch = $5', [group, topicId, partition, member, epoch.toString()]);
      await notifyGroup(group, topicId);
    },
    leave: async (group, topic, member) => {
      const topicId = await id(topic);
      await pool.query('DELETE FROM bus.member WHERE "group" = $1 AND topic = $2 AND member = $3', [group, topicId, member]);
      await notifyGroup(group, topicId);
      wake.changed(groupKey(group, topic));
    },
    close: async () => {
      clearInterval(maintenance);
      await listener.stop();
      await pool.end();
    },
  };
};
