import type { DataSource } from 'typeorm';
import type { Shadows } from '../app/ports.ts';
import type { Sighting } from '../core/shadow.ts';

interface Row { principal: string; code: string; count: string; firstAt: string; lastAt: string }
const columns = 'principal, code, count, first_at AS "firstAt", last_at AS "lastAt"';
const sighting = ({ principal, code, count, firstAt, lastAt }: Row): Sighting => ({ principal, code, count: Number(count), firstAt: Number(firstAt), lastAt: Number(lastAt) });

/** Names nobody registered, at most `most`: those seen least go first, and only their messages stay counted. */
export const createShadows = (source: DataSource, most: number): Shadows => ({
  see: async (sightings, others) => {
    if (sightings.length === 0 && others === 0) return;
    await source.transaction(async (tx) => {
      // One at a time: two who forget at once would count it twice.
      const [{ count: forgotten }] = await tx.query<[{ count: string }]>('SELECT count FROM shadow_forgotten FOR UPDATE');
      await tx.query(
        `INSERT INTO shadow AS kept (principal, code, count, first_at, last_at) SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
         ON CONFLICT (principal) DO UPDATE SET code = excluded.code, count = kept.count + excluded.count, first_at = least(kept.first_at, excluded.first_at), last_at = greatest(kept.last_at, excluded.last_at)`,
        [sightings.map((one) => one.principal), sightings.map((one) => one.code), sightings.map((one) => one.count), sightings.map((one) => one.firstAt), sightings.map((one) => one.lastAt)]);
      const [{ count: dropped }] = await tx.query<[{ count: string }]>(
        'WITH gone AS (DELETE FROM shadow WHERE principal IN (SELECT principal FROM shadow ORDER BY count DESC, last_at DESC, principal OFFSET $1) RETURNING count) SELECT coalesce(sum(count), 0) AS count FROM gone', [most]);
      if (others + Number(dropped) > 0) await tx.query('UPDATE shadow_forgotten SET count = $1', [Number(forgotten) + others + Number(dropped)]);
    });
  },
  list: async () => {
    const rows = await source.query<Row[]>(`SELECT ${columns} FROM shadow ORDER BY last_at DESC, principal`);
    const [{ count }] = await source.query<[{ count: string }]>('SELECT count FROM shadow_forgotten');
    return { shadows: rows.map(sighting), shadowsForgotten: Number(count) };
  },
  untold: async (day, atMost) => {
    const [{ told }] = await source.query<[{ told: string }]>('SELECT count(*) AS told FROM shadow WHERE told_day = $1', [day]);
    if (Number(told) >= atMost) return [];
    return (await source.query<Row[]>(`SELECT ${columns} FROM shadow WHERE last_at >= $1::bigint * 86400000 AND (told_day IS NULL OR told_day < $1) ORDER BY count DESC, principal LIMIT $2`, [day, atMost - Number(told)])).map(sighting);
  },
  told: async (principals, day) => { await source.query('UPDATE shadow SET told_day = $2 WHERE principal = ANY($1)', [principals, day]); },
});
