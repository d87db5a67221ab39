import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openOwnDatabase } from '@countersign/spec';
import type { OwnDatabase } from '@countersign/spec';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { CheckpointKeeper, SignedHead } from '../app/ports.ts';
import { createFileKeeper } from './checkpoint-keeper.ts';
import { localCustody, openCustody, togetherWith } from './custody.ts';
import { openPostgresKeeper } from './postgres-keeper.ts';
import { createFileNotes, openPostgresNotes } from './refusal-notes.ts';

const head = (size: number, root = `root-${size}`): SignedHead => ({ size, root, note: `note ${size}` });

describe.each(['file', 'PostgreSQL'] as const)('the last signed checkpoint in a %s', (kind) => {
  let folder: string;
  let database: OwnDatabase;
  let pool: pg.Pool;
  let open: () => Promise<CheckpointKeeper>;
  let address: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keeper-'));
    database = await openOwnDatabase('keeper');
    address = database.url;
    pool = new pg.Pool({ connectionString: address, max: 2 });
    open = async () => (kind === 'file' ? createFileKeeper(join(folder, 'last')) : openPostgresKeeper(pool));
  });
  afterAll(async () => {
    await pool.end();
    await database.close();
    await rm(folder, { recursive: true });
  });

  it('moves only from what it is, never back and never to another root, each log by itself', async () => {
    const keeper = await open();
    expect(await keeper.last('a')).toBeUndefined();
    await keeper.advance('a', undefined, head(5));
    await keeper.advance('b', undefined, head(1));
    await keeper.advance('a', head(5), head(5));
    await keeper.advance('a', head(5), head(9));
    for (const [from, to] of [[undefined, head(10)], [head(5), head(10)], [head(9), head(8)], [head(9), head(9, 'forked')], [head(9, 'forked'), head(10)]] as const) {
      await expect(keeper.advance('a', from, to)).rejects.toThrow('would fork the log');
    }
    expect(await (await open()).last('a')).toEqual(head(9));
    expect(await keeper.last('b')).toEqual(head(1));
  });

  // Two writers of a file are kept apart by the log's epoch.
  if (kind !== 'file') it('lets one of two sequencers that follow the same head win', async () => {
    const keepers = [await open(), await open()];
    const results = await Promise.allSettled(keepers.map((keeper, i) => keeper.advance('a', head(9), head(20 + i))));
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  it('is refused in the log\'s own database', async () => {
    const config = { keyFolder: folder, keeper: join(folder, 'last'), checkpointStore: address };
    await expect(openCustody(pool, config, { warn: () => undefined } as never)).rejects.toThrow('own database');
  });
});

describe('what lies together with the log', () => {
  it('is told of a checkpoint store: another database of the same server is no other place, another server is', async () => {
    const [log, store] = await Promise.all([openOwnDatabase('together'), openOwnDatabase('apart')]);
    const pool = new pg.Pool({ connectionString: log.url, max: 1 });
    const folder = await mkdtemp(join(tmpdir(), 'together-'));
    const local = await localCustody(folder, join(folder, 'last'));
    const custody = await openCustody(pool, { keyFolder: folder, keeper: join(folder, 'last'), checkpointStore: store.url }, { warn: () => undefined } as never);
    expect(local.together).toEqual([expect.stringContaining('a file on the machine'), expect.stringContaining('data keys')]);
    expect(custody.together).toEqual(['the last signed checkpoint is in the same database server as the log', local.together[1]]);
    expect(togetherWith({ cluster: '1', database: 'audit' }, { cluster: '2', database: 'audit' }, local.together)).toEqual([local.together[1]]);
    await custody.close();
    await pool.end();
    await Promise.all([log.close(), store.close(), rm(folder, { recursive: true })]);
  });
});

describe('refused starts', () => {
  it('are counted by log and reason beside the last checkpoint, until they were told', async () => {
    const database = await openOwnDatabase('refused');
    const pool = new pg.Pool({ connectionString: database.url, max: 1 });
    const folder = await mkdtemp(join(tmpdir(), 'refused-'));
    for (const open of [async () => createFileNotes(join(folder, 'last.refused')), () => openPostgresNotes(pool)]) {
      for (const [code, at] of [['log_older', 1], ['log_changed', 2], ['log_older', 3]] as const) await (await open()).note('a', code, at);
      await (await open()).note('b', 'head_lost', 4);
      const notes = await open();
      expect((await notes.of('a')).toSorted((one, other) => one.first - other.first)).toEqual([{ code: 'log_older', first: 1, last: 3, times: 2 }, { code: 'log_changed', first: 2, last: 2, times: 1 }]);
      await notes.clear('a');
      expect([await notes.of('a'), await notes.of('c'), (await notes.of('b')).length]).toEqual([[], [], 1]);
    }
    await pool.end();
    await Promise.all([database.close(), rm(folder, { recursive: true })]);
  });
});
