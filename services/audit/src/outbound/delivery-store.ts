import type { Pool } from 'pg';
import type { Cursor, DeliveryStore } from '../app/deliver.ts';
import type { Questions } from '../views/questions.ts';

interface Row { next: string; sent: string; refused: string }
const cursorOf = (row: Row): Cursor => ({ next: Number(row.next), sent: Number(row.sent), refused: Number(row.refused) });

/** Cursors in PostgreSQL, beside the log; entries out of the index. */
export const createDeliveryStore = (pool: Pool, log: string, questions: Questions): DeliveryStore => ({
  load: async (name, from) => {
    const start = from === 'start' ? 0 : await questions.reached();
    await pool.query('insert into delivery (log, name, next) values ($1, $2, $3) on conflict do nothing', [log, name, start]);
    const { rows: [row] } = await pool.query<Row>('select next, sent, refused from delivery where log = $1 and name = $2', [log, name]);
    return cursorOf(row!);
  },
  // Never back: two processes that send at once send some twice, and skip none.
  save: async (name, { next, sent, refused }) => {
    await pool.query('update delivery set next = $3, sent = $4, refused = $5 where log = $1 and name = $2 and next < $3', [log, name, next, sent, refused]);
  },
  read: async (from, most) => questions.ask({}, { after: from - 1, limit: most }),
});
