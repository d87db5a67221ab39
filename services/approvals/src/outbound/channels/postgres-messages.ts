import type { Pool } from 'pg';
import type { DeadDelivery, Due, Link, Links, Messages } from '../../app/channels/ports.ts';

export const channelSchema = `
create table if not exists channel_message (
  channel text not null, approval text not null, recipient text not null, wanted int not null, shown int not null default 0, ref text,
  status text not null default 'waiting', attempt int not null default 0, next_at bigint not null, error text, at bigint not null, primary key (channel, approval, recipient)
);
create index if not exists channel_message_due on channel_message (channel, next_at) where status = 'waiting';
create index if not exists channel_message_approval on channel_message (approval);
create table if not exists channel_link (
  channel text not null, account text not null, person text not null, jws text not null, until bigint not null, primary key (channel, account), unique (channel, person)
);
-- When somebody ended their link: what they signed before counts no more, whoever brings it again.
create table if not exists channel_unlinked (channel text not null, person text not null, at bigint not null, primary key (channel, person));
alter table channel_link add column if not exists signed_at bigint not null default 0;
create table if not exists channel_callback (mark text primary key, until bigint not null);
create index if not exists channel_callback_until on channel_callback (until);`;

/** What is to be shown where. One row for each recipient: only the latest version matters, so a channel that was down catches up in one step. */
export const createMessages = (pool: Pool): Messages => ({
  want: async (channel, approval, version, recipients, now) => {
    await pool.query(
      `insert into channel_message as kept (channel, approval, recipient, wanted, next_at, at) select $1, $2, unnest($4::text[]), $3, $5, $5
       on conflict (channel, approval, recipient) do nothing`, [channel, approval, version, recipients, now]);
    await pool.query(
      `update channel_message set wanted = $3, status = case when status = 'shown' then 'waiting' else status end, next_at = case when status = 'shown' then $4 else next_at end
       where channel = $1 and approval = $2 and wanted < $3`, [channel, approval, version, now]);
  },
  take: async (channel, now, leaseMs, limit) => {
    const { rows } = await pool.query<Due>(
      `update channel_message m set next_at = $3 from (
         select approval, recipient from channel_message where channel = $1 and status = 'waiting' and next_at <= $2 order by next_at limit $4 for update skip locked) due
       where m.channel = $1 and m.approval = due.approval and m.recipient = due.recipient
       returning m.approval, m.recipient, m.ref, m.wanted, m.shown, m.attempt`, [channel, now, now + leaseMs, limit]);
    return rows;
  },
  // Where a newer version came meanwhile, the row stays due.
  shown: async (channel, { approval, recipient }, version, ref, now) => {
    await pool.query(
      `update channel_message set shown = $4, ref = coalesce($5, ref), attempt = 0, error = null, at = $6, next_at = $6, status = case when wanted > $4 then 'waiting' else 'shown' end
       where channel = $1 and approval = $2 and recipient = $3`, [channel, approval, recipient, version, ref, now]);
  },
  failed: async (channel, { approval, recipient, attempt }, error, next, now) => {
    await pool.query(
      'update channel_message set attempt = $4, error = $5, status = $6, next_at = $7, at = $8 where channel = $1 and approval = $2 and recipient = $3',
      [channel, approval, recipient, attempt + 1, error.slice(0, 1_000).replaceAll('\u0000', ''), next === 'dead' ? 'dead' : 'waiting', next === 'dead' ? now : next.at, now]);
  },
  openRefs: async (channel, limit) =>
    (await pool.query<{ approval: string; ref: string }>(
      `select m.approval, m.ref from channel_message m join approval a using (approval) where m.channel = $1 and m.ref is not null and a.status = 'open' order by a.expires_at limit $2`, [channel, limit])).rows,
  behind: async () =>
    (await pool.query<{ approval: string }>(
      `select approval from approval where status = 'open' union select a.approval from approval a join channel_message m using (approval) where m.wanted < a.version`)).rows.map(({ approval }) => approval),
  counts: async () => {
    const { rows } = await pool.query<{ channel: string; waiting: number; dead: number }>(
      `select channel, count(*) filter (where status = 'waiting')::int as waiting, count(*) filter (where status = 'dead')::int as dead from channel_message where status <> 'shown' group by channel`);
    return new Map(rows.map(({ channel, waiting, dead }) => [channel, { waiting, dead }]));
  },
  dead: async (limit) =>
    (await pool.query<DeadDelivery>(`select channel, approval, recipient, attempt as attempts, coalesce(error, '') as error, at::float8 as at from channel_message where status = 'dead' order by at desc limit $1`, [limit])).rows,
  resend: async (channel, approval, now) =>
    (await pool.query(`update channel_message set status = 'waiting', attempt = 0, next_at = $3 where channel = $1 and status = 'dead' and ($2::text is null or approval = $2)`, [channel, approval ?? null, now])).rowCount ?? 0,
});

const columns = 'channel, account, person, jws, until::float8 as until';

export const createLinks = (pool: Pool): Links => ({
  put: async ({ channel, account, person, jws, until }, signedAt) => {
    const client = await pool.connect();
    try {
      await client.query('begin');
      const { rows } = await client.query<{ person: string }>('select person from channel_link where channel = $1 and account = $2 for update', [channel, account]);
      const { rows: [later] } = await client.query('select 1 from channel_unlinked where channel = $1 and person = $2 and at >= $3 union all select 1 from channel_link where channel = $1 and person = $2 and signed_at > $3', [channel, person, signedAt]);
      const put = rows[0] !== undefined && rows[0].person !== person ? 'taken' as const : later !== undefined ? 'over' as const : 'linked' as const;
      if (put === 'linked') {
        await client.query('delete from channel_link where channel = $1 and person = $2', [channel, person]);
        await client.query('insert into channel_link (channel, account, person, jws, until, signed_at) values ($1, $2, $3, $4, $5, $6)', [channel, account, person, jws, until, signedAt]);
      }
      await client.query('commit');
      return put;
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      throw error;
    } finally {
      client.release();
    }
  },
  remove: async (channel, person, at) => {
    await pool.query('insert into channel_unlinked as kept (channel, person, at) values ($1, $2, $3) on conflict (channel, person) do update set at = greatest(kept.at, excluded.at)', [channel, person, at]);
    return ((await pool.query('delete from channel_link where channel = $1 and person = $2', [channel, person])).rowCount ?? 0) > 0;
  },
  of: async (channel, now) => (await pool.query<Link>(`select ${columns} from channel_link where channel = $1 and until > $2 limit 10000`, [channel, now])).rows,
  find: async (channel, account, now) => (await pool.query<Link>(`select ${columns} from channel_link where channel = $1 and account = $2 and until > $3`, [channel, account, now])).rows[0],
});

/** Remembers what came, until it would be too old anyway. False: it came before. Durable: a restart forgets nothing. */
export const createCallbackCache = (pool: Pool) => async (mark: string, now: number, until: number): Promise<boolean> => {
  await pool.query('delete from channel_callback where until < $1', [now]);
  return ((await pool.query('insert into channel_callback (mark, until) values ($1, $2) on conflict do nothing', [mark, until])).rowCount ?? 0) > 0;
};
