import type { Pool, PoolClient } from 'pg';
import type { DueStatement } from '../app/ports.ts';
import { owedText } from '../core/own-word.ts';
import type { OwnWord } from '../core/own-word.ts';
import type { Statement } from '../core/statement.ts';
import { bigintArray } from './binary-array.ts';

/** What audit itself must still put on the record, under a MAC: nobody else owes anything in its name. */
export interface Owed {
  /** Within the transaction that gives rise to them. @param whose another log of the same database */
  owe(client: PoolClient, statements: readonly Statement[], whose?: string): Promise<void>;
  /** In the place of what audit never wrote stands an incident that says so. */
  due(): Promise<readonly DueStatement[]>;
  settle(client: PoolClient, ids: readonly bigint[]): Promise<void>;
}

interface Row { id: string; kind: string; states: Statement['states']; mac: string | null }

export const createOwed = (pool: Pool, log: string, word: OwnWord): Owed => ({
  owe: async (client, statements, whose = log) => {
    if (statements.length === 0) return;
    const { rows } = await client.query<{ id: string }>('select nextval(pg_get_serial_sequence(\'statement_due\', \'id\')) as id from generate_series(1, $1)', [statements.length]);
    const owed = statements.map(({ kind, states }, i) => ({ id: rows[i]!.id, kind, states, mac: word.mac(owedText(whose, BigInt(rows[i]!.id), { kind, states })) }));
    await client.query('insert into statement_due (id, log, kind, states, mac) select id, $1, kind, states, mac from jsonb_to_recordset($2::jsonb) as s(id bigint, kind text, states jsonb, mac text)', [whose, JSON.stringify(owed)]);
  },
  due: async () => (await pool.query<Row>('select id, kind, states, mac from statement_due where log = $1 order by id limit 1000', [log])).rows.map(({ mac, ...row }): DueStatement => {
    const [id, statement] = [BigInt(row.id), { kind: row.kind, states: row.states }];
    return word.holds(owedText(log, id, statement), mac) ? { id, ...statement } : { id, kind: 'incident', states: { what: 'statement_forged', statement: row.id } };
  }),
  settle: async (client, ids) => { if (ids.length > 0) await client.query('delete from statement_due where log = $1 and id = any($2::bigint[])', [log, bigintArray(ids)]); },
});
