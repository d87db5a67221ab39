import type { Pool } from 'pg';
import type { CheckpointKeeper } from '../app/ports.ts';
import { moved } from './checkpoint-keeper.ts';

interface Row { size: string; root: string; note: string; vouched: boolean }
const headOf = (row: Row | undefined) => row && { size: Number(row.size), root: row.root, note: row.note, ...row.vouched && { vouched: true } };

/** Which database of which cluster this is: two pools that say the same are one backup. */
export interface Place { readonly cluster: string; readonly database: string }
export const placeOf = async (pool: Pool): Promise<Place> => {
  const { rows: [row] } = await pool.query<Place>('select system_identifier::text as cluster, current_database() as database from pg_control_system()');
  return row!;
};

/** The last signed checkpoints in a database that is not the log's. The swap is one statement: of two sequencers one wins. */
export const openPostgresKeeper = async (pool: Pool): Promise<CheckpointKeeper> => {
  await pool.query('create table if not exists last_checkpoint (origin text primary key, size bigint not null, root text not null, note text not null); alter table last_checkpoint add column if not exists vouched boolean not null default false');
  const last = async (origin: string) => headOf((await pool.query<Row>('select size, root, note, vouched from last_checkpoint where origin = $1', [origin])).rows[0]);
  return {
    last,
    advance: async (origin, from, to) => {
      const { rowCount } = from
        ? await pool.query('update last_checkpoint set size = $4, root = $5, note = $6, vouched = $7 where origin = $1 and size = $2 and root = $3 and ($4 > $2 or $4 = $2 and $5 = $3)', [origin, from.size, from.root, to.size, to.root, to.note, to.vouched ?? false])
        : await pool.query('insert into last_checkpoint (origin, size, root, note, vouched) values ($1, $2, $3, $4, $5) on conflict do nothing', [origin, to.size, to.root, to.note, to.vouched ?? false]);
      if (rowCount !== 1) throw moved(origin, await last(origin), to);
    },
  };
};
