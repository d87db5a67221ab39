import type { Pool } from 'pg';
import { limits } from '../core/attention.ts';
import type { Ballot } from '../core/attention.ts';

export const ballotSchema = `
create table if not exists opening (person text not null, approval text not null, at bigint not null, primary key (person, approval));
create table if not exists ballot (
  person text not null, approval text not null, at bigint not null, vote text not null, took_ms bigint not null, opened boolean not null, seeded boolean not null, primary key (person, approval)
);
create index if not exists ballot_person on ballot (person, at desc);`;

/** One question: how does each reviewer decide? */
export const createBallots = (pool: Pool) => ({
  /** The first time that somebody looks at one approval. */
  opened: async (person: string, approval: string, at: number): Promise<void> => {
    await pool.query('insert into opening (person, approval, at) values ($1, $2, $3) on conflict do nothing', [person, approval, at]);
  },
  openedAt: async (person: string, approval: string): Promise<number | null> => {
    const { rows } = await pool.query<{ at: string }>('select at from opening where person = $1 and approval = $2', [person, approval]);
    return rows[0] === undefined ? null : Number(rows[0].at);
  },
  put: async (person: string, approval: string, { vote, at, tookMs, opened, seeded }: Ballot): Promise<void> => {
    await pool.query('insert into ballot (person, approval, at, vote, took_ms, opened, seeded) values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing', [person, approval, at, vote, tookMs, opened, seeded]);
  },
  /** The newest last. */
  of: async (person: string): Promise<readonly Ballot[]> => {
    const { rows } = await pool.query<Row>('select at, vote, took_ms, opened, seeded from ballot where person = $1 order by at desc limit $2', [person, limits.votesKept]);
    return rows.map(ballotOf).reverse();
  },
  people: async (): Promise<readonly string[]> => (await pool.query<{ person: string }>('select distinct person from ballot order by person limit 1000')).rows.map(({ person }) => person),
});
export type Ballots = ReturnType<typeof createBallots>;

interface Row { at: string; vote: Ballot['vote']; took_ms: string; opened: boolean; seeded: boolean }
const ballotOf = ({ at, vote, took_ms: took, opened, seeded }: Row): Ballot => ({ at: Number(at), vote, tookMs: Number(took), opened, seeded });
