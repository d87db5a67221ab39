import { readFile, rename, writeFile } from 'node:fs/promises';
import type { Pool } from 'pg';
import type { RefusalNotes, RefusedStarts } from '../app/ports.ts';

type Notes = Readonly<Record<string, readonly RefusedStarts[]>>;

/** In a file beside that of the last checkpoint. */
export const createFileNotes = (path: string): RefusalNotes => {
  const read = async (): Promise<Notes> => JSON.parse(await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  })) as Notes;
  const write = async (notes: Notes): Promise<void> => {
    await writeFile(`${path}.new`, JSON.stringify(notes), { mode: 0o600 });
    await rename(`${path}.new`, path);
  };
  return {
    note: async (origin, code, at) => {
      const notes = await read();
      const known = notes[origin] ?? [];
      const { first, times } = known.find((one) => one.code === code) ?? { first: at, times: 0 };
      await write({ ...notes, [origin]: [...known.filter((one) => one.code !== code), { code, first, last: at, times: times + 1 }] });
    },
    of: async (origin) => (await read())[origin] ?? [],
    clear: async (origin) => {
      const { [origin]: gone, ...rest } = await read();
      if (gone !== undefined) await write(rest);
    },
  };
};

/** In the store of the last checkpoint. */
export const openPostgresNotes = async (pool: Pool): Promise<RefusalNotes> => {
  await pool.query('create table if not exists refused_start (origin text, code text, first bigint not null, last bigint not null, times int not null, primary key (origin, code))');
  return {
    note: async (origin, code, at) => {
      await pool.query('insert into refused_start values ($1, $2, $3, $3, 1) on conflict (origin, code) do update set last = excluded.last, times = refused_start.times + 1', [origin, code, at]);
    },
    of: async (origin) => (await pool.query<{ code: string; first: string; last: string; times: number }>('select code, first, last, times from refused_start where origin = $1 order by first, code', [origin])).rows
      .map(({ code, first, last, times }) => ({ code, first: Number(first), last: Number(last), times })),
    clear: async (origin) => { await pool.query('delete from refused_start where origin = $1', [origin]); },
  };
};
