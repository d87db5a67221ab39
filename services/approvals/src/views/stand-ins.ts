import type { Pool } from 'pg';
import type { StandIn } from '../core/stand-in.ts';

export const standInSchema = `
create table if not exists stand_in (person text primary key, to_person text not null, from_at bigint not null, until_at bigint not null, jws text not null);
create index if not exists stand_in_to on stand_in (to_person);`;

interface Row { person: string; to_person: string; from_at: string; until_at: string; jws: string }
const standInOf = ({ person, to_person: to, from_at: from, until_at: until, jws }: Row): StandIn => ({ person, to, from: Number(from), until: Number(until), jws });

/** One question: who stands in for whom now? */
export const createStandIns = (pool: Pool) => ({
  put: async (person: string, standIn: StandIn | null): Promise<void> => {
    if (standIn === null) await pool.query('delete from stand_in where person = $1', [person]);
    else await pool.query(
      `insert into stand_in (person, to_person, from_at, until_at, jws) values ($1, $2, $3, $4, $5)
       on conflict (person) do update set to_person = excluded.to_person, from_at = excluded.from_at, until_at = excluded.until_at, jws = excluded.jws`, [person, standIn.to, standIn.from, standIn.until, standIn.jws]);
  },
  /** For whom somebody stands in now. */
  by: async (to: string, now: number): Promise<readonly StandIn[]> => (await pool.query<Row>('select * from stand_in where to_person = $1 and from_at <= $2 and until_at > $2 order by person', [to, now])).rows.map(standInOf),
  all: async (now: number): Promise<readonly StandIn[]> => (await pool.query<Row>('select * from stand_in where until_at > $1 order by person limit 1000', [now])).rows.map(standInOf),
});
export type StandIns = ReturnType<typeof createStandIns>;
